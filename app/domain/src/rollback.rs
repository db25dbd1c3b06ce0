//! What a region goes back to: the release that was good there before.

use crate::{ChangeKind, ImageDigest, evidence::Becoming};

/// One release that was verified to run in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub kind: ChangeKind,
    pub release: Becoming,
}

/// The release to go back to, leaving `bad`. `history` is what was verified in one region, oldest first.
///
/// Releases lie on one another like a stack: a deployment puts its release on top, a rollback takes off everything above
/// the one it went back to. So what was rolled back is never gone back to, and a second rollback goes further back.
/// None: nothing was good there before.
pub fn previous(history: &[Ran], bad: &ImageDigest) -> Option<Becoming> {
    let mut stack: Vec<&Becoming> = vec![];
    for ran in history {
        let digest = &ran.release.digest;
        let below = stack.iter().rposition(|release| release.digest == *digest);
        match below {
            Some(at) if ran.kind == ChangeKind::Rollback => stack.truncate(at + 1),
            // Deployed again while it runs: nothing new.
            Some(at) if at + 1 == stack.len() => {}
            _ => stack.push(&ran.release),
        }
    }
    stack
        .into_iter()
        .rev()
        .find(|release| release.digest != *bad)
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GitCommit, Version};

    fn release(n: char) -> Becoming {
        Becoming {
            version: Version::parse(format!("1.{n}.0")).expect("version"),
            digest: ImageDigest::parse(format!("sha256:{}", n.to_string().repeat(64)))
                .expect("digest"),
            commit: GitCommit::parse("0123abc").expect("commit"),
        }
    }

    /// `d1` deploys release 1, `r1` rolls back to it.
    fn back(story: &str, bad: char) -> Option<String> {
        let history: Vec<Ran> = story
            .split_whitespace()
            .map(|word| {
                let kind = if word.starts_with('r') {
                    ChangeKind::Rollback
                } else {
                    ChangeKind::Deploy
                };
                Ran {
                    kind,
                    release: release(word.chars().nth(1).expect("a digit")),
                }
            })
            .collect();
        previous(&history, &release(bad).digest).map(|r| r.version.to_string())
    }

    #[test]
    fn a_region_goes_back_to_what_was_good_before() {
        for (story, bad, to) in [
            ("", '1', None),
            ("d1", '1', None),
            ("d1 d2", '2', Some("1.1.0")),
            // Never verified: what ran before it is on top.
            ("d1 d2", '3', Some("1.2.0")),
            ("d1 d2 d2", '2', Some("1.1.0")),
            // What was rolled back is not good, also not for the next one back.
            ("d1 d2 d3 r2", '2', Some("1.1.0")),
            ("d1 d2 d3 r2 d4", '4', Some("1.2.0")),
            // Deployed anew after it was rolled back: somebody found it good.
            ("d1 d2 r1 d2 d3", '3', Some("1.2.0")),
        ] {
            assert_eq!(back(story, bad).as_deref(), to, "{story}, leaving {bad}");
        }
    }
}

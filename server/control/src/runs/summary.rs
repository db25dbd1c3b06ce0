//! At the end of a run that did not reach its goal: what was done in each region and what was not, in words.

use domain::{RegionName, StepKind, StepState, Version};
use serde::Serialize;

/// What one step came to.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub region: RegionName,
    pub kind: StepKind,
    pub state: StepState,
    /// The pipeline took the credentials that belong to this step's ticket.
    pub redeemed: bool,
    /// A call with an effect was made, or may have been.
    pub intended: bool,
    /// Somebody said that it was done.
    pub vouched: bool,
}

/// One region's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    pub(crate) region: RegionName,
    pub(crate) words: String,
}

/// One sentence a region, in the order of the run. `becomes` is what each was to run: a rollback takes each to its own.
pub(super) fn tell(becomes: impl Fn(&RegionName) -> Version, facts: &[Fact]) -> Vec<Told> {
    let mut regions: Vec<&RegionName> = vec![];
    for fact in facts {
        if !regions.contains(&&fact.region) {
            regions.push(&fact.region);
        }
    }
    regions
        .into_iter()
        .map(|region| {
            let of: Vec<_> = facts.iter().filter(|f| f.region == *region).collect();
            Told {
                region: region.clone(),
                words: words(&becomes(region), region, &of),
            }
        })
        .collect()
}

fn words(version: &Version, region: &RegionName, facts: &[&Fact]) -> String {
    let (canary, all): (Vec<&Fact>, Vec<&Fact>) = facts
        .iter()
        .copied()
        .partition(|fact| fact.kind.build_of() == Some(StepKind::TriggerCanary));
    let done = succeeded(&all, StepKind::VerifyRollout);
    let canary = if done { None } else { left(version, &canary) };
    let begun = all.iter().any(|fact| fact.intended || fact.vouched);
    match canary {
        // Nothing but the canary was begun.
        Some(canary) if !begun => format!("{region}: {canary}"),
        Some(_) => format!(
            "{} Its canary may still be there; {REMOVED}.",
            whole(version, region, &all)
        ),
        None => whole(version, region, &all),
    }
}

/// Who takes a canary away that a change left behind.
const REMOVED: &str =
    "the next deployment takes it away, as a rollback does where there is a release to go back to";

fn succeeded(facts: &[&Fact], kind: StepKind) -> bool {
    facts
        .iter()
        .any(|fact| fact.kind == kind && fact.state == StepState::Succeeded)
}

/// What became of a canary that nothing has taken away since; none where there cannot be one.
fn left(version: &Version, facts: &[&Fact]) -> Option<String> {
    let redeemed = facts.iter().any(|fact| fact.redeemed);
    let vouched = facts.iter().any(|fact| fact.vouched);
    let said = if succeeded(facts, StepKind::VerifyCanary) {
        format!("a canary of {version} stands beside what ran before, and nothing else was changed")
    } else if vouched {
        format!(
            "somebody marked the canary of {version} as brought up; that it runs was not verified, and nothing else was changed"
        )
    } else if !redeemed {
        // Without the credentials of its ticket a pipeline can do nothing.
        return None;
    } else if succeeded(facts, StepKind::FollowCanary) {
        format!(
            "the pipeline says that it brought up a canary of {version}; that was not verified, and nothing else was changed"
        )
    } else {
        format!(
            "the pipeline was at work on a canary of {version} and did not finish: pods of it may be running beside what ran before"
        )
    };
    Some(format!("{said}; {REMOVED}."))
}

/// What became of all of the region.
fn whole(version: &Version, region: &RegionName, facts: &[&Fact]) -> String {
    let done = |kind| succeeded(facts, kind);
    if done(StepKind::VerifyRollout) {
        return format!("{region}: {version} is deployed and verified.");
    }
    if facts.iter().any(|f| f.vouched) {
        return format!(
            "{region}: somebody marked the pipeline's part as done; that {version} runs was not verified."
        );
    }
    let redeemed = facts.iter().any(|f| f.redeemed);
    if done(StepKind::FollowPipeline) && !redeemed {
        // Without the credentials of its ticket a pipeline can do nothing.
        return format!(
            "{region}: the pipeline ended well but never took its credentials: it deployed nothing."
        );
    }
    if done(StepKind::FollowPipeline) {
        return format!(
            "{region}: the pipeline says that it deployed {version}; that was not verified."
        );
    }
    if !facts.iter().any(|f| f.intended) {
        return format!("{region}: nothing was changed.");
    }
    if redeemed {
        format!(
            "{region}: the pipeline was at work and did not finish, so either version may be running. Look at the cluster before the next deployment."
        )
    } else {
        // Without the credentials of its ticket a pipeline can do nothing, and the ticket is void now.
        format!(
            "{region}: the pipeline was started but never took its credentials. Nothing was changed."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(region: &str, kind: StepKind, state: StepState) -> Fact {
        let begun = !matches!(state, StepState::Skipped);
        Fact {
            region: RegionName::parse(region).expect("region"),
            kind,
            state,
            redeemed: false,
            intended: kind == StepKind::TriggerPipeline && begun,
            vouched: false,
        }
    }

    fn told(facts: &[Fact]) -> Vec<String> {
        let version = |region: &RegionName| {
            let text = if region.as_str() == "eu-north-1" {
                "1.0.0"
            } else {
                "1.1.0"
            };
            Version::parse(text).expect("version")
        };
        tell(version, facts).into_iter().map(|t| t.words).collect()
    }

    #[test]
    fn each_region_says_what_it_came_to() {
        use StepKind as K;
        use StepState as S;
        let whole = |region| {
            K::ALL
                .iter()
                .map(move |kind| fact(region, *kind, S::Succeeded))
        };
        let mut facts: Vec<_> = whole("eu-central-1").collect();
        facts.extend(
            K::ALL
                .iter()
                .map(|kind| fact("eu-west-1", *kind, S::Skipped)),
        );
        assert_eq!(
            told(&facts),
            [
                "eu-central-1: 1.1.0 is deployed and verified.",
                "eu-west-1: nothing was changed.",
            ]
        );
    }

    #[test]
    fn regions_that_go_to_different_versions_say_each_its_own() {
        let facts = ["eu-central-1", "eu-north-1"]
            .map(|region| fact(region, StepKind::VerifyRollout, StepState::Succeeded));
        assert_eq!(
            told(&facts),
            [
                "eu-central-1: 1.1.0 is deployed and verified.",
                "eu-north-1: 1.0.0 is deployed and verified.",
            ]
        );
    }

    #[test]
    fn a_pipeline_that_was_stopped_is_told_by_whether_it_could_do_anything() {
        use StepKind as K;
        use StepState as S;
        let mut facts = vec![
            fact("eu-west-1", K::CheckCluster, S::Succeeded),
            fact("eu-west-1", K::CheckImage, S::Succeeded),
            fact("eu-west-1", K::TriggerPipeline, S::Succeeded),
            fact("eu-west-1", K::FollowPipeline, S::Cancelled),
            fact("eu-west-1", K::VerifyRollout, S::Skipped),
        ];
        assert!(told(&facts)[0].contains("never took its credentials"));
        facts[2].redeemed = true;
        assert!(told(&facts)[0].contains("either version may be running"));
        facts[3].state = S::Succeeded;
        assert!(told(&facts)[0].contains("was not verified"));
        facts[2].redeemed = false;
        assert!(told(&facts)[0].contains("it deployed nothing"));
        facts[2].vouched = true;
        assert!(told(&facts)[0].contains("somebody marked"));
    }

    #[test]
    fn a_canary_is_never_left_behind_without_a_word() {
        use StepKind as K;
        use StepState as S;
        let intended = |mut fact: Fact| {
            fact.intended = true;
            fact
        };
        let mut facts = vec![
            fact("eu-west-1", K::CheckImage, S::Succeeded),
            intended(fact("eu-west-1", K::TriggerCanary, S::Succeeded)),
            fact("eu-west-1", K::FollowCanary, S::Cancelled),
            fact("eu-west-1", K::VerifyCanary, S::Skipped),
            fact("eu-west-1", K::TriggerPipeline, S::Skipped),
            fact("eu-west-1", K::VerifyRollout, S::Skipped),
        ];
        assert_eq!(told(&facts), ["eu-west-1: nothing was changed."]);
        let says = |facts: &[Fact], words: &str| {
            let told = told(facts).remove(0);
            assert!(told.contains(words) && told.contains(REMOVED), "{told}");
        };
        facts[1].redeemed = true;
        says(&facts, "pods of it may be running");
        facts[2].state = S::Succeeded;
        says(&facts, "that was not verified");
        facts[3].state = S::Succeeded;
        says(&facts, "a canary of 1.1.0 stands beside what ran before");
        // All of the region was begun behind it.
        facts[4] = intended(fact("eu-west-1", K::TriggerPipeline, S::Succeeded));
        says(&facts, "never took its credentials");
        facts[4].redeemed = true;
        says(&facts, "either version may be running");
        facts[5].state = S::Succeeded;
        assert_eq!(told(&facts), ["eu-west-1: 1.1.0 is deployed and verified."]);
    }
}

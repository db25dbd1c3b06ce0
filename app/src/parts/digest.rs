//! Digests and commits: enough digits to compare at a glance, all of them on hover and for copying.

use domain::{EvidenceDigest, ImageDigest};

use crate::html::{Html, escape};

pub fn image_digest(digest: &ImageDigest) -> Html {
    let all = digest.as_str();
    let start = all.find(':').map_or(0, |at| at + 1);
    code(&all[start..(start + 12).min(all.len())], all)
}

pub fn evidence_digest(digest: &EvidenceDigest) -> Html {
    code(&digest.short(), &digest.to_string())
}

pub fn commit(commit: &str) -> Html {
    // Commits are ASCII by their type; a shorter one is shown whole.
    code(commit.get(..10).unwrap_or(commit), commit)
}

fn code(short: &str, all: &str) -> Html {
    let mut out = String::with_capacity(160);
    out.push_str("<code class=\"digest\" title=\"");
    escape(&mut out, all);
    out.push_str("\">");
    escape(&mut out, short);
    out.push_str("</code>");
    Html::assembled(out)
}

//! The evidence: what will be done, its digest, and every byte of it for who wants to check.

use control::changes::ChangeDetail;
use domain::{Evidence, EvidenceDigest};
use leptos::prelude::*;

use crate::{
    Html, html,
    parts::{self, commit, deploy_diff, icon, image_digest},
};

pub(super) fn evidence(change: &ChangeDetail) -> Html {
    html! {
        <section class="card" aria-labelledby="h-evidence">
            <div class="card-head">
                <h2 id="h-evidence">{if change.run.is_some() || change.row.state.is_final() { "What was to be done" } else { "What will be done" }}</h2>
                {fingerprint(&change.row.evidence_digest)}
            </div>
            <div class="card-body">
                {deploy_diff(&change.evidence)}
                {super::wave::plan(&change.evidence)}
                {facts(&change.evidence)}
                <details class="more">
                    <summary>"The evidence, byte for byte"</summary>
                    <p class="hint">"Approvals bind to the SHA-256 of exactly this text. "<a class="link" href=format!("/api/v1/changes/{}/evidence", change.row.id)>"As a file"</a></p>
                    <pre class="json" tabindex="0">{change.evidence_text.as_str()}</pre>
                </details>
            </div>
        </section>
    }
}

/// The digest in full: people compare it with what they approved.
pub(crate) fn fingerprint(digest: &EvidenceDigest) -> Html {
    html! {
        <span class="fingerprint">{icon("fingerprint")}<span class="sr-only">"Evidence digest "</span><code>{digest.to_string()}</code></span>
    }
}

pub(crate) fn facts(evidence: &Evidence) -> Html {
    parts::facts(vec![
        (
            "Image",
            html! { <code class="user-text">{evidence.repository.as_str()}</code>" "{image_digest(&evidence.digest)} },
        ),
        ("Commit", commit(evidence.commit.as_str())),
        (
            "Pipeline",
            html! { <code class="user-text">{evidence.pipeline.as_str()}</code> },
        ),
        (
            "Rules, policy",
            html! { <code>{evidence.rule_version.as_str()}</code>", "<code>{evidence.policy_version.as_str()}</code> },
        ),
    ])
}

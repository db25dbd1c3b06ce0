//! What a change does to one region: what is there now, what will be.

use domain::{Evidence, evidence::Target};
use leptos::prelude::*;

use super::{
    digest::image_digest,
    icon::icon,
    status::{Tone, mark},
};
use crate::{html, html::Html};

/// One row for each region, in the order of the run.
pub fn deploy_diff(evidence: &Evidence) -> Html {
    let rows: Vec<_> = evidence
        .targets
        .iter()
        .enumerate()
        .map(|(at, target)| row(evidence, at, target))
        .collect();
    html! { <ol class="diff">{rows}</ol> }
}

fn row(evidence: &Evidence, at: usize, target: &Target) -> Html {
    let now = match &target.current {
        Some(running) => html! {
            <span class="version">{running.version.as_str()}</span>{image_digest(&running.digest)}
        },
        None => Html::constant("<span class=\"muted\">nothing verified by Portolan</span>"),
    };
    let becomes = evidence.becomes(target);
    let same = target
        .current
        .as_ref()
        .is_some_and(|running| running.digest == becomes.digest);
    let after = if same {
        html! { {mark("equal", "no change: this image runs already", Tone::Quiet)} }
    } else {
        html! { <span class="version">{becomes.version.as_str()}</span>{image_digest(&becomes.digest)} }
    };
    html! {
        <li class="diff-row">
            <div class="diff-where">
                <span class="diff-order" aria-hidden="true">{at + 1}</span>
                <div>
                    <span class="region">{target.region.as_str()}</span>
                    <span class="muted">{format!(" {} side", target.side)}</span>
                    <div class="muted small">{target.cluster.as_str()}" / "{target.namespace.as_str()}", account "{target.account.as_str()}</div>
                </div>
            </div>
            <div class="diff-change">
                <span class="diff-before"><span class="sr-only">"now "</span>{now}</span>
                <span class="diff-after">{icon("arrow-right")}<span class="sr-only">"then "</span>{after}</span>
            </div>
        </li>
    }
}

//! Where islands are put on pages. Each works as plain HTML before, or without, its script.

use std::sync::{Arc, OnceLock};

use hydration_context::SsrSharedContext;
use leptos::prelude::*;

use crate::{Visit, html::Html, shell};

/// Renders a view that has islands in it: they ask for a place in the reactive graph, which
/// plain views do not need.
pub fn render<V: RenderHtml>(view: impl FnOnce() -> V) -> Html {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| Html::of(view()));
    owner.unset_with_forced_cleanup();
    html
}

/// How fresh the figures of a page are, in a line above them; with scripts they stay so. What
/// is inside of a `data-live-region` with an id is what is replaced.
pub fn fresh(visit: &Visit) -> Html {
    static ISLAND: OnceLock<Html> = OnceLock::new();
    let island = ISLAND.get_or_init(|| render(|| view! { <frontend::Fresh /> }));
    crate::html! {
        <div class="live-line fresh">{island.clone()}<span class="muted small" id="as-of" data-live-region>"As of "{crate::time::stamp(visit.now)}</span></div>
    }
}

/// The islands that every signed-in page has.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShellIslands {
    pub palette: Html,
    /// Those without HTML of their own.
    pub quiet: Html,
}

pub(crate) fn of_the_shell(visit: &Visit) -> ShellIslands {
    let places = shell::places(visit);
    let q = if visit.path.starts_with("/services") {
        visit.params.raw("q").to_owned()
    } else {
        String::new()
    };
    ShellIslands {
        palette: render(|| view! { <frontend::Palette places=places q=q /> }),
        quiet: render(|| view! { <frontend::Ages /><frontend::Frame /> }),
    }
}

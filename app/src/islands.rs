//! Where islands are put on pages. Each works as plain HTML before, or without, its script.

use std::sync::Arc;

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

/// The islands that every signed-in page has.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShellIslands {
    pub palette: Html,
    pub ages: Html,
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
        ages: render(|| view! { <frontend::Ages /> }),
    }
}

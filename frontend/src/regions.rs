//! Parts of a page that are replaced by the server's newer HTML of the same page. One
//! template for both, on the server; what is shown live is what a reload would show.

use std::cell::Cell;

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomParser, Element, HtmlElement, Response, SupportedType};

use crate::dom;

thread_local! {
    static UNDER_WAY: Cell<bool> = const { Cell::new(false) };
    static AGAIN: Cell<bool> = const { Cell::new(false) };
}

/// Fetches the page at `address` again and takes over each `[data-live-region]`. Asked for while one
/// fetch is under way, it follows that one: never two at a time. Not always the address that the
/// browser shows: a form that was refused leaves the page at the form's own.
pub(crate) fn refresh(address: &str) {
    if UNDER_WAY.replace(true) {
        AGAIN.set(true);
        return;
    }
    let address = address.to_owned();
    wasm_bindgen_futures::spawn_local(async {
        let _ = fetch(&address).await;
        dom::after(400, move || {
            UNDER_WAY.set(false);
            if AGAIN.replace(false) {
                refresh(&address);
            }
        });
    });
}

/// Whether the page came and had the regions of this one.
pub(crate) async fn fetch(address: &str) -> Option<()> {
    let window = dom::window()?;
    let answer: Response = JsFuture::from(window.fetch_with_str(address))
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    if !answer.ok() {
        return None;
    }
    let text = JsFuture::from(answer.text().ok()?)
        .await
        .ok()?
        .as_string()?;
    let newer = DomParser::new()
        .ok()?
        .parse_from_string(&text, SupportedType::TextHtml)
        .ok()?;
    let mut found = None;
    for region in dom::all("[data-live-region]") {
        let Some(new) = newer.get_element_by_id(&region.id()) else {
            continue;
        };
        found = Some(());
        if region.inner_html() != new.inner_html() {
            replace(&region, &new);
        }
    }
    // Another page, such as the one of who is not signed in any more, has none of them.
    found?;
    dom::document()?.set_title(&newer.title());
    found
}

/// Takes over the new content, unless the person is in the middle of a form in the old one:
/// then a line says that there is news, and nothing they wrote is lost.
fn replace(region: &HtmlElement, new: &Element) {
    let busy = dom::elements_in(region, "textarea,input[type=text]")
        .iter()
        .any(dom::is_filled);
    if busy {
        if let Some(news) = dom::by_id("live-news") {
            news.set_hidden(false);
        }
        return;
    }
    let focus = dom::document()
        .and_then(|d| d.active_element())
        .filter(|active| region.contains(Some(active)))
        .map(|active| active.id());
    // This page's own HTML from this page's own address: the server escaped it.
    region.set_inner_html(&new.inner_html());
    if let Some(id) = focus.filter(|id| !id.is_empty())
        && let Some(element) = dom::by_id(&id)
    {
        let _ = element.focus();
    }
}

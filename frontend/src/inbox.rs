//! Keys of the approvals inbox: `j` and `k` go from change to change, `x` selects, `a` and `r`
//! lead to approving and rejecting. Nothing is sent by a single key: the form's button is.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event, HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, MouseEvent,
    Storage,
};

use crate::{dom, keys};

/// No HTML of its own: it steers the page's own.
#[island]
pub fn InboxKeys() -> impl IntoView {
    Effect::new(move |_| {
        let Some(window) = dom::window() else { return };
        dom::on(&window, "keydown", |event: KeyboardEvent| key(&event));
        bring_back();
        if let Some(body) = dom::document().and_then(|d| d.body()) {
            dom::on(&body, "click", |event: MouseEvent| {
                let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
                let link = target.and_then(|t| t.closest("a[href^='/auth/step-up']").ok()?);
                if link.is_some() {
                    keep();
                }
            });
        }
        if let Some(bulk) = dom::by_id("bulk") {
            dom::on(&bulk, "change", |_: Event| count());
        }
        for check in checks() {
            dom::on(&check, "change", |_: Event| count());
        }
        if let Some(every) =
            dom::by_id("select-all").and_then(|e| e.dyn_into::<HtmlInputElement>().ok())
        {
            if let Some(label) = every
                .closest("label")
                .ok()
                .flatten()
                .and_then(|l| l.dyn_into::<HtmlElement>().ok())
            {
                label.set_hidden(false);
            }
            let all = every.clone();
            dom::on(&every, "change", move |_: Event| {
                for check in checks() {
                    check.set_checked(all.checked() && !check.disabled());
                }
                count();
            });
        }
        count();
    });
}

/// What was written and selected, kept in this tab while the person is away for the second factor:
/// not in an address, which other programs see.
const KEPT: &str = "portolan.inbox";

fn storage() -> Option<Storage> {
    dom::window()?.session_storage().ok()?
}

fn keep() {
    let kept = js_sys::Object::new();
    for area in dom::all("main textarea") {
        if let Some(area) = area.dyn_ref::<HtmlTextAreaElement>()
            && !area.value().is_empty()
        {
            let _ = js_sys::Reflect::set(&kept, &area.id().into(), &area.value().into());
        }
    }
    for check in checks().iter().filter(|check| check.checked()) {
        let _ = js_sys::Reflect::set(&kept, &check.value().into(), &true.into());
    }
    if let (Some(storage), Ok(text)) = (storage(), js_sys::JSON::stringify(&kept)) {
        let _ = storage.set_item(KEPT, &String::from(text));
    }
}

fn bring_back() -> Option<()> {
    let storage = storage()?;
    let text = storage.get_item(KEPT).ok()??;
    storage.remove_item(KEPT).ok()?;
    let kept = js_sys::JSON::parse(&text).ok()?;
    for area in dom::all("main textarea") {
        let written = dom::text(&kept, &area.id());
        if let Some(field) = area.dyn_ref::<HtmlTextAreaElement>()
            && field.value().is_empty()
            && !written.is_empty()
        {
            field.set_value(&written);
            // The form for several is folded away until somebody opens it.
            if let Ok(Some(folded)) = area.closest("details") {
                folded.set_attribute("open", "").ok()?;
            }
        }
    }
    for check in checks() {
        let chosen = js_sys::Reflect::get(&kept, &check.value().into()).ok()?;
        if chosen.is_truthy() {
            check.set_checked(true);
        }
    }
    Some(())
}

fn checks() -> Vec<HtmlInputElement> {
    dom::all("input[data-select]")
        .into_iter()
        .filter_map(|e| e.dyn_into().ok())
        .collect()
}

fn count() {
    let chosen = checks().iter().filter(|check| check.checked()).count();
    if let Some(words) = dom::by_id("bulk-count") {
        words.set_text_content(Some(&match chosen {
            0 => "None selected".to_owned(),
            1 => "1 change selected".to_owned(),
            n => format!("{n} changes selected"),
        }));
    }
}

fn key(event: &KeyboardEvent) {
    if !keys::is_plain(event) || event.default_prevented() || !keys::are_on() {
        return;
    }
    let items = dom::all("[data-item]");
    let active = dom::document().and_then(|d| d.active_element());
    let now = items
        .iter()
        .position(|item| item.contains(active.as_ref().map(AsRef::as_ref)));
    let within = |selector: &str| -> Option<HtmlElement> {
        items
            .get(now?)?
            .query_selector(selector)
            .ok()??
            .dyn_into()
            .ok()
    };
    match event.key().as_str() {
        "j" => focus(items.get(now.map_or(0, |at| (at + 1).min(items.len().saturating_sub(1))))),
        "k" => focus(items.get(now.unwrap_or(0).saturating_sub(1))),
        "x" => {
            if let Some(check) = within("input[data-select]") {
                check.click();
            }
        }
        // To the comment, with the wanted word already chosen for the Enter that follows in the form.
        "a" => focus(within("button[value=approve]").as_ref()),
        "r" => focus(within("button[value=reject]").as_ref()),
        _ => return,
    }
    event.prevent_default();
}

fn focus(element: Option<&HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
        element.scroll_into_view_with_bool(false);
    }
}

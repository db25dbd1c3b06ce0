//! Small words for the browser's long ones. What is not there is silently left alone: an
//! island must never break the page that works without it.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    Document, Element, Event, EventTarget, HtmlElement, KeyboardEvent, NodeList, Window,
};

pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

pub(crate) fn by_id(id: &str) -> Option<HtmlElement> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

pub(crate) fn all(selector: &str) -> Vec<HtmlElement> {
    let found = document().and_then(|d| d.query_selector_all(selector).ok());
    found.map(|list| elements(&list)).unwrap_or_default()
}

pub(crate) fn elements(list: &NodeList) -> Vec<HtmlElement> {
    (0..list.length())
        .filter_map(|i| list.item(i)?.dyn_into().ok())
        .collect()
}

/// A new element with a class and a text.
pub(crate) fn make(tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document()?.create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    Some(element)
}

/// Listens for as long as the page lives, as islands do.
pub(crate) fn on<E: JsCast + 'static>(
    target: &EventTarget,
    event: &str,
    mut handle: impl FnMut(E) + 'static,
) {
    let closure =
        Closure::<dyn FnMut(Event)>::new(move |event: Event| handle(event.unchecked_into()));
    // A listener that the browser refuses is a feature that is missing, not a broken page.
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Calls `work` every `ms` milliseconds.
pub(crate) fn every(ms: i32, work: impl FnMut() + 'static) {
    let closure = Closure::<dyn FnMut()>::new(work);
    if let Some(window) = window() {
        let callback = closure.as_ref().unchecked_ref();
        let _ = window.set_interval_with_callback_and_timeout_and_arguments_0(callback, ms);
    }
    closure.forget();
}

/// Calls `work` once, `ms` milliseconds from now.
pub(crate) fn after(ms: i32, work: impl FnOnce() + 'static) {
    let callback = Closure::once_into_js(work);
    if let Some(window) = window() {
        let _ = window
            .set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), ms);
    }
}

/// Calls `work` before the next frame is drawn.
pub(crate) fn frame(work: impl FnOnce() + 'static) {
    let callback = Closure::once_into_js(work);
    if let Some(window) = window() {
        let _ = window.request_animation_frame(callback.unchecked_ref());
    }
}

pub(crate) fn go(href: &str) {
    if let Some(window) = window() {
        let _ = window.location().set_href(href);
    }
}

/// Whether a key press is text somebody types, and so no shortcut.
pub(crate) fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    event.is_composing()
        || target.is_some_and(|t| {
            matches!(t.tag_name().as_str(), "TEXTAREA" | "SELECT")
                || t.get_attribute("contenteditable").is_some()
                || (t.tag_name() == "INPUT"
                    && !matches!(
                        t.get_attribute("type").as_deref(),
                        Some("checkbox" | "radio")
                    ))
        })
}

/// The text at `key` of a JSON object.
pub(crate) fn text(value: &wasm_bindgen::JsValue, key: &str) -> String {
    js_sys::Reflect::get(value, &key.into())
        .ok()
        .and_then(|found| found.as_string())
        .unwrap_or_default()
}

/// The number at `key` of a JSON object.
pub(crate) fn number(value: &wasm_bindgen::JsValue, key: &str) -> Option<f64> {
    js_sys::Reflect::get(value, &key.into()).ok()?.as_f64()
}

pub(crate) fn elements_in(root: &Element, selector: &str) -> Vec<HtmlElement> {
    root.query_selector_all(selector)
        .map(|list| elements(&list))
        .unwrap_or_default()
}

/// Whether the field holds something a person wrote: now, or before a form was refused and came back.
pub(crate) fn is_filled(field: &HtmlElement) -> bool {
    if let Some(area) = field.dyn_ref::<web_sys::HtmlTextAreaElement>() {
        !area.value().is_empty()
    } else if let Some(input) = field.dyn_ref::<web_sys::HtmlInputElement>() {
        !input.value().is_empty()
    } else {
        false
    }
}

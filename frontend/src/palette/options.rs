//! What the palette offers for what has been typed.

use wasm_bindgen::JsValue;
use web_sys::Element;

use super::Place;
use crate::dom;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub group: &'static str,
    pub href: String,
    pub words: String,
    pub side: String,
}

/// The places whose words have `typed` in them; all of them for nothing typed.
pub(super) fn places(places: &[Place], typed: &str, single_keys: bool) -> Vec<Choice> {
    let typed = typed.to_lowercase();
    places
        .iter()
        .filter(|place| place.words.to_lowercase().contains(&typed))
        .map(|place| Choice {
            group: "Go to",
            href: place.href.clone(),
            words: place.words.clone(),
            side: if single_keys {
                format!("g {}", place.key)
            } else {
                String::new()
            },
        })
        .collect()
}

/// The services in an answer of `GET /api/v1/services`; those whose name has what was typed go first.
pub(super) fn services(answer: &JsValue, typed: &str) -> Vec<Choice> {
    let items = js_sys::Reflect::get(answer, &"items".into()).unwrap_or(JsValue::UNDEFINED);
    if !js_sys::Array::is_array(&items) {
        return vec![];
    }
    let found: Vec<Choice> = js_sys::Array::from(&items)
        .iter()
        .map(|item| {
            let (name, title) = (dom::text(&item, "name"), dom::text(&item, "title"));
            let mut side = dom::text(&item, "team");
            if !title.is_empty() && title != name {
                side = format!("{title} · {side}");
            }
            let href = format!(
                "/services/{}",
                String::from(js_sys::encode_uri_component(&name))
            );
            Choice {
                group: "Services",
                href,
                words: name,
                side,
            }
        })
        .collect();
    let typed = typed.to_lowercase();
    // Three passes instead of a sort, whose code would be larger than all of this file's.
    let rank = |choice: &Choice| match choice.words.find(&typed) {
        Some(0) => 0,
        Some(_) => 1,
        None => 2,
    };
    (0..3)
        .flat_map(|wanted| found.iter().filter(move |choice| rank(choice) == wanted))
        .cloned()
        .collect()
}

/// The last line: search for exactly what was typed.
pub(super) fn search(typed: &str) -> Choice {
    Choice {
        group: "Search",
        href: format!(
            "/services?q={}",
            String::from(js_sys::encode_uri_component(typed))
        ),
        words: format!("All services with “{typed}”"),
        side: String::new(),
    }
}

/// Fills the list anew.
pub(super) fn show(list: &Element, choices: &[Choice], active: Option<usize>) -> Option<()> {
    list.set_text_content(None);
    let mut group = "";
    for (at, choice) in choices.iter().enumerate() {
        if choice.group != group {
            group = choice.group;
            let head = dom::make("div", "find-group", group)?;
            head.set_attribute("role", "presentation").ok()?;
            list.append_child(&head).ok()?;
        }
        // A link, so that it can be opened beside this page as well; out of the Tab order, as
        // options of a combobox are.
        let option = dom::make("a", "find-option", "")?;
        option.set_attribute("href", &choice.href).ok()?;
        option.set_attribute("tabindex", "-1").ok()?;
        option.set_attribute("role", "option").ok()?;
        option.set_id(&format!("find-{at}"));
        let chosen = if active == Some(at) { "true" } else { "false" };
        option.set_attribute("aria-selected", chosen).ok()?;
        option
            .append_child(dom::make("span", "find-words", &choice.words)?.as_ref())
            .ok()?;
        if !choice.side.is_empty() {
            option
                .append_child(dom::make("span", "find-side", &choice.side)?.as_ref())
                .ok()?;
        }
        list.append_child(&option).ok()?;
    }
    Some(())
}

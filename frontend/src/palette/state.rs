//! How the palette behaves: the ARIA combobox pattern with a list that it controls.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent, Response, Window,
};

use super::{
    Place,
    options::{self, Choice},
};
use crate::{dom, keys};

struct State {
    input: HtmlInputElement,
    list: HtmlElement,
    places: Vec<Place>,
    choices: Vec<Choice>,
    active: Option<usize>,
    /// Counts up with every key, so that a late answer does not replace a newer one.
    asked: u32,
}

pub(super) fn start(window: &Window, input: HtmlElement, places: Vec<Place>) {
    let (Ok(input), Some(list)) = (
        input.dyn_into::<HtmlInputElement>(),
        dom::by_id("find-list"),
    ) else {
        return;
    };
    for (name, value) in [
        ("role", "combobox"),
        ("aria-expanded", "false"),
        ("aria-controls", "find-list"),
        ("aria-autocomplete", "list"),
        ("aria-keyshortcuts", "Control+K Meta+K"),
    ] {
        let _ = input.set_attribute(name, value);
    }
    let state = Rc::new(RefCell::new(State {
        input: input.clone(),
        list: list.clone(),
        places,
        choices: vec![],
        active: None,
        asked: 0,
    }));

    let with = state.clone();
    dom::on(window, "keydown", move |event: KeyboardEvent| {
        hotkey(&with, &event)
    });
    let with = state.clone();
    dom::on(&input, "keydown", move |event: KeyboardEvent| {
        key(&with, &event)
    });
    let with = state.clone();
    dom::on(&input, "input", move |_: web_sys::Event| typed(&with));
    let with = state.clone();
    dom::on(&input, "click", move |_: MouseEvent| typed(&with));
    let with = state.clone();
    dom::on(&input, "blur", move |_: web_sys::Event| {
        // A click on an option blurs first; the list must still be there when it lands.
        let with = with.clone();
        dom::after(150, move || close(&mut with.borrow_mut()));
    });
    // Keeps the focus in the field while the pointer is in the list.
    dom::on(&list, "mousedown", |event: MouseEvent| {
        event.prevent_default()
    });
}

fn hotkey(state: &Rc<RefCell<State>>, event: &KeyboardEvent) {
    let key = event.key();
    let command =
        (event.ctrl_key() || event.meta_key()) && !event.alt_key() && key.eq_ignore_ascii_case("k");
    let slash = key == "/" && keys::is_plain(event) && keys::are_on();
    if command || slash {
        event.prevent_default();
        {
            let state = state.borrow();
            let _ = state.input.focus();
            state.input.select();
        }
        typed(state);
    }
}

fn key(state: &Rc<RefCell<State>>, event: &KeyboardEvent) {
    let open = !state.borrow().list.hidden();
    match event.key().as_str() {
        "ArrowDown" if !open => typed(state),
        "ArrowDown" => step(&mut state.borrow_mut(), true),
        "ArrowUp" if open => step(&mut state.borrow_mut(), false),
        "Escape" if open => close(&mut state.borrow_mut()),
        "Enter" => {
            let href = {
                let state = state.borrow();
                state
                    .active
                    .and_then(|at| state.choices.get(at))
                    .map(|c| c.href.clone())
            };
            // Without a chosen option the form is sent, as it is without scripts.
            let Some(href) = href else { return };
            dom::go(&href);
        }
        _ => return,
    }
    event.prevent_default();
}

/// Shows the places at once and asks for services a moment later.
fn typed(state: &Rc<RefCell<State>>) {
    let (asked, typed) = {
        let mut s = state.borrow_mut();
        s.asked += 1;
        let typed = s.input.value().trim().to_owned();
        let mut choices = options::places(&s.places, &typed, keys::are_on());
        if !typed.is_empty() {
            // What was found for the letters before stays until the new answer is there.
            choices.splice(
                0..0,
                s.choices.iter().filter(|c| c.group == "Services").cloned(),
            );
            choices.push(options::search(&typed));
        }
        s.choices = choices;
        s.active = None;
        show(&s);
        (s.asked, typed)
    };
    if typed.is_empty() {
        return;
    }
    let state = state.clone();
    dom::after(70, move || {
        if state.borrow().asked == asked {
            wasm_bindgen_futures::spawn_local(ask(state, asked, typed));
        }
    });
}

async fn ask(state: Rc<RefCell<State>>, asked: u32, typed: String) {
    let services = found(&typed).await.unwrap_or_default();
    let mut s = state.borrow_mut();
    if s.asked != asked || s.list.hidden() {
        return;
    }
    let rest = s
        .choices
        .iter()
        .filter(|c| c.group != "Services")
        .cloned()
        .collect::<Vec<_>>();
    s.choices = services.into_iter().chain(rest).collect();
    show(&s);
}

async fn found(typed: &str) -> Option<Vec<Choice>> {
    let q = String::from(js_sys::encode_uri_component(typed));
    let answer =
        JsFuture::from(dom::window()?.fetch_with_str(&format!("/api/v1/services?limit=8&q={q}")))
            .await
            .ok()?;
    let answer: Response = answer.dyn_into().ok()?;
    let body: JsValue = if answer.ok() {
        JsFuture::from(answer.json().ok()?).await.ok()?
    } else {
        return None;
    };
    Some(options::services(&body, typed))
}

fn step(state: &mut State, down: bool) {
    let count = state.choices.len();
    if count == 0 {
        return;
    }
    state.active = Some(match (state.active, down) {
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    });
    show(state);
}

fn show(state: &State) {
    let list: &Element = &state.list;
    options::show(list, &state.choices, state.active);
    state.list.set_hidden(state.choices.is_empty());
    let open = if state.choices.is_empty() {
        "false"
    } else {
        "true"
    };
    let _ = state.input.set_attribute("aria-expanded", open);
    match state.active {
        Some(at) => {
            let _ = state
                .input
                .set_attribute("aria-activedescendant", &format!("find-{at}"));
            if let Some(option) = dom::by_id(&format!("find-{at}")) {
                option.scroll_into_view_with_bool(false);
            }
        }
        None => {
            let _ = state.input.remove_attribute("aria-activedescendant");
        }
    }
    if let Some(count) = dom::by_id("find-count") {
        count.set_text_content(Some(&format!("{} choices", state.choices.len())));
    }
}

fn close(state: &mut State) {
    state.list.set_hidden(true);
    state.active = None;
    state.asked += 1;
    let _ = state.input.set_attribute("aria-expanded", "false");
    let _ = state.input.remove_attribute("aria-activedescendant");
}

//! A change as it happens: its state, its steps and its log, over one event stream.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventSource, HtmlTextAreaElement, MessageEvent};

use crate::{dom, log::Log, regions};

/// `change` is its id; `version` how far it was when the page was made; `log_after` the number of the last log line that the page already shows;
/// `ended` whether nothing will happen any more but the rest of the log being read.
#[island]
pub fn ChangeLive(change: String, version: String, log_after: f64, ended: bool) -> impl IntoView {
    Effect::new(move |_| {
        let page = format!("/changes/{change}");
        keep_comment(page.clone());
        follow(&change, &page, &version, log_after, ended);
    });
    let words = if ended {
        "Finished; nothing more will happen here."
    } else {
        "As of this page. Reload it to see what has happened since."
    };
    view! {
        <p class="live-state" id="live" role="status">
            <span class="live-dot" aria-hidden="true"></span>
            <span id="live-words">{words}</span>
        </p>
        <p class="live-news" id="live-news" role="status" hidden>
            "This change has moved on while you were writing. Your text is still here; reload the page to see what is new."
        </p>
    }
}

fn follow(change: &str, page: &str, version: &str, log_after: f64, ended: bool) {
    // The browser connects again by itself and says which event it saw last.
    let address = format!("/api/v1/changes/{change}/events?after={log_after}");
    let Ok(source) = EventSource::new(&address) else {
        return;
    };
    let log = Log::start(log_after).map(|log| Rc::new(RefCell::new(log)));
    if let Some(log) = &log {
        Log::connect(log);
    }

    if !ended {
        dom::on(&source, "open", |_: Event| {
            say("on", "Live: this page follows the change.")
        });
    }
    if let (Some(log), Some(button)) = (&log, dom::by_id("log-all")) {
        let (log, stream, page) = (log.clone(), source.clone(), page.to_owned());
        let whole = format!("/api/v1/changes/{change}/events");
        dom::on(&button.clone(), "click", move |_: Event| {
            button.set_hidden(true);
            stream.close();
            Log::restart(&log);
            from_the_start(&whole, &log, &page);
        });
    }
    let stream = source.clone();
    dom::on(&source, "error", move |_: Event| {
        // After a refusal or an end the browser gives up; otherwise it tries again by itself.
        if stream.ready_state() == EventSource::CLOSED {
            say(
                "off",
                "No live updates. Reload to see what has happened since.",
            );
        } else {
            say(
                "lost",
                "Connection lost, trying again. What you see may be old.",
            );
        }
    });
    // The stream begins with how the change stands; if that is what the page shows, nothing is to be done.
    let mut shown: f64 = version.parse().unwrap_or(0.0);
    let here = page.to_owned();
    dom::on(&source, "change", move |event: MessageEvent| {
        let data = event.data().as_string().unwrap_or_default();
        let now = js_sys::JSON::parse(&data).ok();
        let now = now.and_then(|value| dom::number(&value, "version_no"));
        if now.is_none_or(|now| now > shown) {
            shown = now.unwrap_or(shown);
            regions::refresh(&here);
        }
    });
    let steps = log.clone();
    dom::on(&source, "step", move |event: MessageEvent| {
        if let (Some(log), Some(text)) = (&steps, event.data().as_string()) {
            Log::know(log, &text);
        }
    });
    dom::on(&source, "log", move |event: MessageEvent| {
        if let (Some(log), Some(text)) = (&log, event.data().as_string()) {
            Log::take(log, &text);
        }
    });
    // The run is over and everything was sent.
    let (stream, page) = (source.clone(), page.to_owned());
    dom::on(&source, "end", move |_: MessageEvent| {
        stream.close();
        say("off", "Finished; nothing more will happen here.");
        if !ended {
            regions::refresh(&page);
        }
    });
}

/// All lines from the first, then whatever comes.
fn from_the_start(address: &str, log: &Rc<RefCell<Log>>, page: &str) {
    let Ok(source) = EventSource::new(address) else {
        return;
    };
    let log = log.clone();
    dom::on(&source, "log", move |event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            Log::take(&log, &text);
        }
    });
    let page = page.to_owned();
    dom::on(&source, "change", move |_: MessageEvent| {
        regions::refresh(&page)
    });
    let stream = source.clone();
    dom::on(&source, "end", move |_: MessageEvent| stream.close());
}

/// What was written goes along to the second factor and back. The link is looked for at the
/// click, since the page's parts are replaced while the change moves.
fn keep_comment(page: String) {
    let Some(body) = dom::document().and_then(|d| d.body()) else {
        return;
    };
    dom::on(&body, "click", move |event: web_sys::MouseEvent| {
        let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
        let Some(link) = target.and_then(|t| t.closest("#step-up").ok().flatten()) else {
            return;
        };
        let comment = dom::by_id("comment").and_then(|f| f.dyn_into::<HtmlTextAreaElement>().ok());
        let Some(comment) = comment.map(|c| c.value()).filter(|text| !text.is_empty()) else {
            return;
        };
        let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
        let back = format!("{page}?comment={}#decide", encode(&comment));
        let _ = link.set_attribute(
            "href",
            &format!("/auth/step-up?return_to={}", encode(&back)),
        );
    });
}

fn say(class: &str, words: &str) {
    let (Some(line), Some(text)) = (dom::by_id("live"), dom::by_id("live-words")) else {
        return;
    };
    line.set_class_name(&format!("live-state live-{class}"));
    text.set_text_content(Some(words));
}

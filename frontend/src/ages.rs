//! Keeps the ages on a page current. They count from the server's clock, not the browser's.

use leptos::prelude::*;

use crate::{dom, span};

/// No HTML of its own: it looks after every `<time data-ago>` and `<time data-age>`.
#[island]
pub fn Ages() -> impl IntoView {
    Effect::new(|_| {
        // The page says in its foot when it was made; the difference is what the browser's clock is off by.
        let made = dom::all(".foot time").first().and_then(parsed);
        let ahead = made.map_or(0.0, |made| js_sys::Date::now() - made);
        // A page out of the browser's cache is not made now: then the browser's own clock is all there is.
        let ahead = if ahead.abs() > 60_000.0 { 0.0 } else { ahead };
        dom::every(10_000, move || update(js_sys::Date::now() - ahead));
    });
}

fn parsed(time: &web_sys::HtmlElement) -> Option<f64> {
    let at = js_sys::Date::parse(&time.get_attribute("datetime")?);
    (!at.is_nan()).then_some(at)
}

fn update(now: f64) {
    for time in dom::all("time[data-ago],time[data-age]") {
        let Some(at) = parsed(&time) else { continue };
        #[expect(clippy::cast_possible_truncation, reason = "an age in whole seconds")]
        let seconds = ((now - at) / 1000.0) as i64;
        let mut words = String::new();
        if time.has_attribute("data-age") {
            span::write_span(&mut words, seconds);
        } else {
            span::write_ago(&mut words, seconds);
        }
        if time.text_content().as_deref() != Some(&words) {
            time.set_text_content(Some(&words));
        }
    }
}

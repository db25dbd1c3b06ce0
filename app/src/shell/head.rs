//! The document's head: one stylesheet, two fonts, and the islands' script where there are any.

use crate::{Theme, Visit, html::escape};

/// Starts the islands when the page has been drawn and the browser is idle: fetched earlier, they would keep the first picture waiting
/// on a machine with few cores. Script and module are fetched side by side. The one inline script, allowed by its nonce.
/// Islands here are never nested, so a flat list is enough.
const START: &str = r#";const go=async()=>{const w=fetch(wasm,{credentials:"same-origin"}),m=await import(js);await m.default({module_or_path:w});m.hydrate();for(const e of document.querySelectorAll("leptos-island")){const f=m[e.dataset.component];f?f(e):console.warn("no island "+e.dataset.component)}document.documentElement.dataset.live=""};requestAnimationFrame(()=>setTimeout(()=>"requestIdleCallback"in window?requestIdleCallback(go,{timeout:1000}):go()))"#;

pub(super) fn write(out: &mut String, visit: &Visit, title: &str, scripted: bool) {
    out.push_str("<!DOCTYPE html><html lang=\"en\"");
    if visit.theme != Theme::System {
        out.push_str(" data-theme=\"portolan-");
        out.push_str(visit.theme.as_str());
        out.push('"');
    }
    out.push_str("><head><meta charset=\"utf-8\"><title>");
    escape(out, title);
    out.push_str(
        " · Portolan</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
    );
    out.push_str("<link rel=\"stylesheet\" href=\"");
    out.push_str(&visit.assets.css);
    out.push_str("\"><link rel=\"preload\" href=\"/fonts/geist-5.3.0.woff2\" as=\"font\" type=\"font/woff2\" crossorigin>");
    out.push_str("<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">");
    if scripted {
        out.push_str("<script type=\"module\" nonce=\"");
        escape(out, &visit.nonce);
        out.push_str("\">const js=\"");
        out.push_str(&visit.assets.js);
        out.push_str("\",wasm=\"");
        out.push_str(&visit.assets.wasm);
        out.push('"');
        out.push_str(START);
        out.push_str("</script>");
    }
    out.push_str("</head>");
}

//! The islands: all of Portolan that runs in the browser.
//!
//! An island steers HTML that the server has already made; pages work without any of them.
//! Compiled twice: to WASM with `hydrate`, and with `ssr` as a part of the pages, where an
//! island renders its first HTML and its effects never run.

pub mod ages;
mod ansi;
pub mod change;
mod dom;
pub mod frame;
pub mod fresh;
pub mod inbox;
pub mod keys;
mod log;
pub mod palette;
mod regions;
pub mod span;

pub use ages::Ages;
pub use ansi::plain;
pub use change::ChangeLive;
pub use frame::Frame;
pub use fresh::Fresh;
pub use inbox::InboxKeys;
pub use keys::KeysSwitch;
pub use palette::{Palette, Place};

/// Called once by the page's start script, before the islands.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

//! Changes: the list, and one in full.

mod actions;
mod agreement;
mod data;
pub mod detail;
mod evidence;
mod explain;
mod history;
pub mod list;
pub mod log;
mod run;
pub mod table;
mod timeline;
mod wave;

pub use agreement::requirements;
pub use data::data;
pub use detail::{Posted, detail};
pub(crate) use evidence::{facts, fingerprint};
pub(crate) use history::{calls, sessions, tried};
pub use list::list;
pub use log::log;
pub(crate) use wave::{
    plan as wave_plan, present as wave_present, readings, standing as wave_standing,
};

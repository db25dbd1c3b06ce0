//! The calendar: windows, freezes and stops with the changes that fell in them; one of them in full; making one.

mod entry;
mod form;
mod month;
mod notice;
pub mod standing;
mod words;

pub use entry::{Ending, entry};
pub use form::{Wanted, form};
pub use month::month;
pub use notice::notices;

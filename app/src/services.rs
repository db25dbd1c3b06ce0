//! Services: the list, and one in detail.

pub mod detail;
pub mod filters;
pub mod list;
pub mod matrix;
mod releases;
mod rows;

pub use detail::detail;
pub use list::{list, plain_table};

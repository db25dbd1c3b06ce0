//! Services as people look for them.

/// Copies of the catalogue for lists, one for each catalogue version.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {}

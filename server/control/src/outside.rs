//! Ports to the outside, named for our need; one real adapter each.

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Outside {}

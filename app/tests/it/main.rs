//! The pages as they come out: structure, words, and what hostile text does to them.

mod fixtures;
mod hostile;
mod pages;
mod speed;

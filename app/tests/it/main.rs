//! The pages as they come out: structure, words, and what hostile text does to them.

extern crate portolan_app as app;

mod fixtures;
mod hostile;
mod inbox;
mod pages;
mod speed;

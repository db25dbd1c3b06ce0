//! The process: configuration, the HTTP edge, sign-in, the REST API, the worker.
//!
//! Decides nothing about changes: that is `control` and `domain`. [`serve::router`]
//! shows on one page which layers a request passes and where it can go.

pub mod api;
pub mod cli;
pub mod commands;
pub mod config;
pub mod edge;
pub mod pages;
pub mod serve;
pub mod sessions;
pub mod signin;
pub mod state;

pub use config::Config;
pub use state::AppState;

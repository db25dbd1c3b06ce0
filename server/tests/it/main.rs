//! The whole portal over HTTP: its own router on a free port, a database of its own, an identity provider
//! of ours that can lie. Needs `DATABASE_URL` of a role that may create databases.

mod api;
mod backchannel;
mod config;
mod csrf;
mod halted;
mod harness;
mod headers;
mod hung_up;
mod keyed;
mod layout;
mod limits;
mod matrix;
mod oidc;
mod processes;
mod routes;
mod secrets;
mod several;
mod sign_in;
mod tokens;
mod worker;

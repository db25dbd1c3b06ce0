//! The whole portal over HTTP: its own router on a free port, a database of its own, an identity provider
//! of ours that can lie. Needs `DATABASE_URL` of a role that may create databases.

mod backchannel;
mod config;
mod harness;
mod layout;
mod oidc;
mod sign_in;

//! Use cases on a real database. Needs `DATABASE_URL` of a role that may create databases.

mod audit;
mod catalog;
mod changes;
mod delegations;
mod environments;
mod explained;
mod harness;
mod people;
mod rules;
mod runs;
mod schedule;
mod timing;

//! Use cases on a real database. Needs `DATABASE_URL` of a role that may create databases.

mod catalog;
mod changes;
mod harness;
mod people;
mod runs;

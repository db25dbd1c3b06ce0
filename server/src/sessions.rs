//! Browser sessions: cookie and store.

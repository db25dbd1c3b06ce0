//! When a change may start: windows, freezes and stops.
//!
//! | word | meaning |
//! |---|---|
//! | Window | a time within which changes may start; one change may start outside of it by an override |
//! | Freeze | a time within which none may start; one change may be excepted by an override |
//! | Stop | stop-the-line: nothing starts until it is ended, by hand or by time; never overridden |
//!
//! What exactly they do, decided once and here:
//!
//! 1. Each has a scope: a service, team, system, environment, region and kind of change. What is absent is *all*. A
//!    scope with a region takes in every change that touches it. A failover or failback is taken in by a window or
//!    freeze only where the kind is named (they have their own class of freezes: a calendar must not stand in the way
//!    of leaving a burning region); a stop takes in everything.
//! 2. All times are half open: a freeze from 09:00 until 17:00 holds at 09:00 and no longer at 17:00.
//! 3. Only the *start* is held. Requesting and approving warn and go on. A change that is held waits in its state, and
//!    starts by itself where it was asked to, as soon as nothing holds it and unless it has expired before.
//! 4. A change that runs is never touched: when a window closes, or a freeze or stop begins, the run finishes.
//! 5. Several freezes and stops hold independently: the change is held until the last of them is over.
//! 6. Where no window in force takes a change in, it may start at any time. Where some do, it starts while at least one
//!    of them is open. A window that will never open again still restricts, until somebody ends it: otherwise what
//!    missed its window would start the moment the window is over.
//! 7. A freeze or window begins and ends by the wall clock of its time zone. A recurring one begins at its wall time; one
//!    that falls into the hour that a day of daylight saving leaves out begins at the first instant after it; one that
//!    falls into the hour that comes twice begins at the first of the two. How long it lasts is time elapsed, so four
//!    hours are four hours on these days too.
//! 8. An override excepts one change with one digest from the freezes and windows it names, from the moment a second
//!    person confirms it until it expires. A freeze or window made later holds again. Stops are not overridden.
//!
//! The same [`MayStart`] is what the enforcer obeys and what explanations show.

mod decide;
mod entry;
mod overriding;
mod reach;
mod recurrence;
mod zone;

#[cfg(test)]
mod tests;

pub use decide::{Calendar, Effect, Facts, Match, MayStart};
pub use entry::{Class, Ended, Entry, Span, When};
pub use overriding::{MAX_OVERRIDE, Override, nothing_to_override};
pub use reach::Reach;
pub use recurrence::Recurrence;
pub use zone::Zone;

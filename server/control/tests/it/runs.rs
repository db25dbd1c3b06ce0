//! Runs against the whole stand-in world.

mod cancel;
mod crash;
mod fence;
mod jenkins;
mod log;
mod points;
mod road;
mod share;
mod stage;
mod tickets;

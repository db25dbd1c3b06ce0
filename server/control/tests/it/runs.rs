//! Runs against the whole stand-in world.

mod cancel;
mod claim;
mod crash;
mod fence;
mod identity;
mod jenkins;
mod log;
mod matrix;
mod points;
mod road;
mod second_factor;
mod share;
mod stage;
mod tickets;

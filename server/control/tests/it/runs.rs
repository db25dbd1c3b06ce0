//! Runs against the whole stand-in world.

mod road;
mod stage;

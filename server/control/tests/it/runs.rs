//! Runs against the whole stand-in world.

mod attention;
mod cancel;
mod claim;
mod clock;
mod crash;
mod doubt;
mod fence;
mod identity;
mod jenkins;
mod log;
mod matrix;
mod points;
mod queue;
mod requester;
mod road;
mod rollback;
mod second_factor;
mod share;
mod silent;
mod stage;
mod thousand;
mod tickets;
mod wave;

//! The binary `portolan`.

use std::process::ExitCode;

/// Gives back what a peak took: half the resident size of the C library's.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    portolan_server::cli::run()
}

//! The binary `portolan`.

use std::process::ExitCode;

fn main() -> ExitCode {
    portolan_server::cli::run()
}

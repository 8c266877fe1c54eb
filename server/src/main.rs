//! `tidemark`: the web admin console for TimescaleDB.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::command::run()
}

//! `tidemark`: the web admin console for TimescaleDB.

use std::process::ExitCode;

/// A page is thousands of small pieces of text: the system's allocator takes four tenths of the time that one costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::command::run()
}

//! What a browser sees: the first load of the Overview, and Lighthouse on it and on a hypertable with 1,000 chunks. Both
//! are measured by scripts in Chromium; this gives them a console with something to show. `first_load` or `lighthouse`
//! as argument runs one of them. Prints; never fails on a figure, only where something does not work.

#[path = "../../backend/benches/support/catalog.rs"]
mod catalog;
#[path = "support/console.rs"]
mod console;
#[path = "../../backend/benches/support/report.rs"]
#[allow(dead_code, reason = "the scripts print the figures")]
mod report;

use std::process::Command;

use catalog::Catalog;
use console::Console;

/// Enough tables for a full Overview; a larger catalog shows a browser nothing more.
const MOST_CHUNKS: u32 = 20_000;
const SCRIPTS: [&str; 2] = ["first_load", "lighthouse"];

fn main() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| SCRIPTS.contains(&argument.as_str()))
        .collect();
    let chunks = catalog::sizes()
        .into_iter()
        .rfind(|chunks| *chunks <= MOST_CHUNKS)
        .expect("a catalog of at most 20,000 chunks");
    let catalog = tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(Catalog::of(chunks));
    let client = console::client(1);
    let console = Console::start(&client, &catalog.url());
    let session = console.session(&client);
    console.wait_for_chunks(&client, &session, chunks);

    let overview = format!("{}/db/{}", console.url, catalog.name());
    let table = format!("{overview}/hypertables/public/{}", Catalog::table(0));
    let mut all_worked = true;
    for script in SCRIPTS {
        if !chosen.is_empty() && !chosen.iter().any(|name| name == script) {
            continue;
        }
        let mut command = Command::new("node");
        command
            .current_dir(console::root())
            .env("TIDEMARK_COOKIE", &session)
            .arg(format!("scripts/bench/{script}.mjs"))
            .arg(&overview);
        if script == "lighthouse" {
            command.arg(&table);
        }
        all_worked &= command.status().expect("node runs").success();
    }
    if !all_worked {
        std::process::exit(1);
    }
}

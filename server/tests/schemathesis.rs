//! Schemathesis makes requests of everything the API's description allows, and of much that it does not, of the real console
//! with a real database, and compares the answers with the description.

mod support;

use std::path::Path;
use std::process::Command;

use support::database::{TestDatabase, note_skip};
use support::running::RunningConsole;

#[test]
fn schemathesis_finds_no_violation() {
    let test = "schemathesis_finds_no_violation";
    let Some(program) = std::env::var_os("TIDEMARK_TEST_SCHEMATHESIS") else {
        note_skip(
            "Schemathesis",
            "TIDEMARK_TEST_SCHEMATHESIS names no program",
            test,
        );
        return;
    };
    let Some(database) = TestDatabase::create(test) else {
        return;
    };
    database.execute(
        "create extension timescaledb;
         create table readings (ts timestamptz not null, line int, value float);
         select create_hypertable('readings', by_range('ts', interval '1 day'));
         insert into readings select now() - i * interval '1 hour', i % 3, i from generate_series(0, 200) i;",
    );
    let console = RunningConsole::start(&database);
    let token = console.token("schemathesis", "admin");
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis.toml");
    let place = tempfile::tempdir().expect("a directory");
    let found = Command::new(program)
        .current_dir(place.path())
        .arg("--config-file")
        .arg(configuration)
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", console.address))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-time", "40", "--continue-on-failure", "--no-color"])
        .output()
        .expect("it runs");
    assert!(
        found.status.success(),
        "{}{}",
        String::from_utf8_lossy(&found.stdout),
        String::from_utf8_lossy(&found.stderr)
    );
}

//! A database of a test's own on the server that `scripts/test.sh` names.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Dropped with the value.
#[derive(Debug)]
pub struct TestDatabase {
    server: url::Url,
    pub name: String,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// An empty one; `None` after writing down that these tests were skipped.
    pub fn create(tests: &str) -> Option<Self> {
        let Ok(text) = std::env::var("TIDEMARK_TEST_DATABASE_URL") else {
            note_skip(
                "PostgreSQL",
                "TIDEMARK_TEST_DATABASE_URL names no server; make test starts one",
                tests,
            );
            return None;
        };
        let server: url::Url = text.parse().expect("a URL");
        let name = format!(
            "{tests}_{}_{}",
            std::process::id(),
            DATABASES.fetch_add(1, Ordering::Relaxed)
        );
        let database = Self { server, name };
        psql(
            database.server.as_str(),
            &format!("create database {}", database.name),
        );
        Some(database)
    }

    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.to_string()
    }

    pub fn execute(&self, sql: &str) {
        psql(&self.url(), sql);
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        psql(
            self.server.as_str(),
            &format!("drop database if exists {} with (force)", self.name),
        );
    }
}

/// Writes down that tests were skipped, for want of what, and why.
pub fn note_skip(want: &str, reason: &str, tests: &str) {
    eprintln!("SKIPPED {tests}: {reason}");
    if let Ok(file) = std::env::var("TIDEMARK_TEST_SKIPS") {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .expect("the list of skips");
        writeln!(file, "{want}\t{reason}\t{tests}").expect("written");
    }
}

fn psql(url: &str, sql: &str) {
    let output = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
        .output()
        .expect("psql");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

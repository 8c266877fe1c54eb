//! The real binary, serving, over a database of a test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::database::TestDatabase;

/// The console has read its database within this.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Ends with the test.
#[derive(Debug)]
pub struct RunningConsole {
    child: Child,
    place: tempfile::TempDir,
    database_url: String,
    pub address: String,
}

impl Drop for RunningConsole {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(place: &Path, database_url: &str, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    for (name, _) in std::env::vars() {
        if name.starts_with("TIDEMARK_") || name.starts_with("TIMESCALEDB_") {
            command.env_remove(name);
        }
    }
    let site = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/site");
    command
        .current_dir(place)
        .env("TIDEMARK_DATABASE_URL", database_url)
        .env("TIDEMARK_LISTEN", listen)
        .env("TIDEMARK_SITE_ROOT", site)
        .stderr(Stdio::null());
    command
}

impl RunningConsole {
    /// One that has read its database.
    pub fn start(database: &TestDatabase) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let listen = format!("127.0.0.1:{port}");
        let database_url = database.url();
        // The first of the two makes the state store.
        let token = token(place.path(), &database_url, "ready", "viewer");
        let child = command(place.path(), &database_url, &listen)
            .spawn()
            .expect("it starts");
        let console = Self {
            child,
            place,
            database_url,
            address: format!("http://{listen}"),
        };
        let began = Instant::now();
        while console.get(&token, "/api/v1/monitoring/health").1["timescaledb"]["extension_installed"] != true
        {
            assert!(
                began.elapsed() < READY_WITHIN,
                "the console has not read its database"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        console
    }

    /// A token made on the command line.
    pub fn token(&self, name: &str, role: &str) -> String {
        token(self.place.path(), &self.database_url, name, role)
    }

    /// Status and JSON of what a program gets; 0 while nothing answers.
    pub fn get(&self, token: &str, path: &str) -> (u16, serde_json::Value) {
        read(
            agent()
                .get(format!("{}{path}", self.address))
                .header("Authorization", format!("Bearer {token}"))
                .call(),
        )
    }

    /// The same of what it sends.
    pub fn post(&self, token: &str, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        read(
            agent()
                .post(format!("{}{path}", self.address))
                .header("Authorization", format!("Bearer {token}"))
                .header("Content-Type", "application/json")
                .send(body.to_string()),
        )
    }
}

fn token(place: &Path, database_url: &str, name: &str, role: &str) -> String {
    let output = command(place, database_url, "127.0.0.1:0")
        .args(["token", "create", "--name", name, "--role", role])
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().last().expect("a token").to_owned()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

fn read(answer: Result<http::Response<ureq::Body>, ureq::Error>) -> (u16, serde_json::Value) {
    let Ok(mut answer) = answer else {
        return (0, serde_json::Value::Null);
    };
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

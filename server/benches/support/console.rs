//! A real console in a process of its own, as the benches use it.

#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Response;
use ureq::{Agent, Body};

pub const PASSWORD: &str = "correct horse battery";
/// A console that cannot start says so within this.
const START_WITHIN: Duration = Duration::from_secs(30);
/// The first reading of the largest catalog takes seconds.
const FIRST_SNAPSHOT_WITHIN: Duration = Duration::from_mins(2);

/// Ended with the value; its state goes with it.
pub struct Console {
    pub url: String,
    child: Child,
    variables: Vec<(String, String)>,
    _directory: tempfile::TempDir,
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the project is: the front end is found from there.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A client that keeps this many connections and takes any status for an answer.
pub fn client(connections: usize) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections_per_host(connections)
        .build()
        .into()
}

fn command(variables: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    for (name, _) in std::env::vars() {
        if name.starts_with("TIDEMARK_") || name.starts_with("TIMESCALEDB_") {
            command.env_remove(name);
        }
    }
    command.current_dir(root()).envs(variables.iter().cloned());
    command
}

impl Console {
    /// One that watches this database, with an administrator.
    pub fn start(client: &Agent, database_url: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a free port")
            .local_addr()
            .expect("an address")
            .port();
        let variables: Vec<(String, String)> = [
            ("TIDEMARK_DATABASE_URL", database_url.to_owned()),
            (
                "TIDEMARK_STATE_URL",
                format!("sqlite://{}", directory.path().join("state.db").display()),
            ),
            ("TIDEMARK_LISTEN", format!("127.0.0.1:{port}")),
            ("TIDEMARK_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
            ("TIDEMARK_ADMIN_USER", "admin".to_owned()),
            ("TIDEMARK_ADMIN_PASSWORD", PASSWORD.to_owned()),
            ("TIDEMARK_LOG", "error".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let child = command(&variables)
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let console = Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
            variables,
            _directory: directory,
        };
        let deadline = Instant::now() + START_WITHIN;
        while client.get(format!("{}/health", console.url)).call().is_err() {
            assert!(Instant::now() < deadline, "the console does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        console
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tries to sign in from an address.
    pub fn attempt(&self, client: &Agent, address: &str, name: &str, password: &str) -> Response<Body> {
        client
            .post(format!("{}/fn/sign_in", self.url))
            .header("origin", &self.url)
            .header("accept", "application/json")
            .header("x-forwarded-for", address)
            .header("content-type", "application/x-www-form-urlencoded")
            .send(format!("name={name}&password={}", password.replace(' ', "+")))
            .expect("an answer")
    }

    /// Signs the administrator in; returns the cookie as a browser sends it.
    pub fn session(&self, client: &Agent) -> String {
        let answer = self.attempt(client, "192.0.2.1", "admin", PASSWORD);
        answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with("__Host-tidemark="))
            .and_then(|value| value.split(';').next())
            .expect("signed in")
            .to_owned()
    }

    /// Waits until the console has read the database, which has this many chunks.
    pub fn wait_for_chunks(&self, client: &Agent, session: &str, chunks: u32) {
        let deadline = Instant::now() + FIRST_SNAPSHOT_WITHIN;
        loop {
            let body = client
                .get(format!("{}/api/v1/monitoring/metrics/chunks?limit=1", self.url))
                .header("cookie", session)
                .call()
                .expect("an answer")
                .into_body()
                .read_to_string()
                .expect("the body");
            if serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|list| list["total"] == chunks) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "no snapshot of {chunks} chunks: {body}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A token that sees what an operator sees.
    pub fn token(&self) -> String {
        let output = command(&self.variables)
            .args(["token", "create", "--name", "bench", "--role", "operator"])
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().last().expect("the token").trim().to_owned()
    }
}

//! Two real consoles on one PostgreSQL state store: what holds on one holds on the other.

#[path = "support/database.rs"]
#[allow(dead_code, reason = "each test binary uses its own part of this")]
mod database;

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use database::TestDatabase;
use http::{Response, StatusCode};
use ureq::{Agent, Body};

const PASSWORD: &str = "correct horse battery";

/// A real process, ended with the value.
struct Replica {
    url: String,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(variables: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    for (name, _) in std::env::vars() {
        if name.starts_with("TIDEMARK_") || name.starts_with("TIMESCALEDB_") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().cloned());
    command
}

fn run(variables: &[(String, String)], arguments: &[&str], input: &str) -> String {
    use std::io::Write;

    let mut child = command(variables)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("standard input")
        .write_all(input.as_bytes())
        .expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

impl Replica {
    fn start(variables: &[(String, String)], client: &Agent) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a free port")
            .local_addr()
            .expect("an address")
            .port();
        let url = format!("http://127.0.0.1:{port}");
        let mut child = command(variables)
            .env("TIDEMARK_LISTEN", format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().expect("standard error");
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut bytes) {
                written
                    .lock()
                    .expect("the log")
                    .push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        let replica = Self { url, child, log };
        let deadline = Instant::now() + Duration::from_secs(30);
        while client.get(format!("{}/health", replica.url)).call().is_err() {
            assert!(
                Instant::now() < deadline,
                "{}",
                replica.log.lock().expect("the log")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        replica
    }

    fn call(&self, client: &Agent, path: &str, form: &str, session: Option<&str>) -> Response<Body> {
        let mut request = client
            .post(format!("{}{path}", self.url))
            .header("origin", &self.url)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(session) = session {
            request = request.header("cookie", format!("__Host-tidemark={session}"));
        }
        request.send(form).expect("an answer")
    }

    fn sign_in(&self, client: &Agent, name: &str, password: &str) -> Result<String, StatusCode> {
        let form = format!("name={name}&password={}", password.replace(' ', "+"));
        let response = self.call(client, "/fn/sign_in", &form, None);
        set_cookie(&response, "__Host-tidemark").ok_or(response.status())
    }

    /// A cookie that signing in sets.
    fn sign_in_cookie(&self, client: &Agent, name: &str, cookie: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let response = self.call(client, "/fn/sign_in", &form, None);
        set_cookie(&response, cookie).expect("the cookie")
    }

    fn log_holds_none_of(&self, secrets: &[(&str, &str)]) {
        let log = self.log.lock().expect("the log").clone();
        assert!(log.contains("audit"), "{log}");
        for (what, secret) in secrets {
            assert!(!log.contains(secret), "{what} is in the log");
        }
    }

    fn status(&self, client: &Agent, path: &str, header: (&str, String)) -> StatusCode {
        client
            .get(format!("{}{path}", self.url))
            .header(header.0, header.1)
            .call()
            .expect("an answer")
            .status()
    }
}

/// The value of a cookie that an answer sets.
fn set_cookie(response: &Response<Body>, name: &str) -> Option<String> {
    response
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| {
            value
                .to_str()
                .ok()?
                .strip_prefix(name)?
                .strip_prefix('=')?
                .split(';')
                .next()
        })
        .map(str::to_owned)
        .next()
}

fn cookie(session: &str) -> (&'static str, String) {
    ("cookie", format!("__Host-tidemark={session}"))
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "two processes are started once, and everything is tried on them"
)]
fn sessions_revocations_tokens_and_limits_hold_on_both() {
    let Some(database) = TestDatabase::create("replicas") else {
        return;
    };
    let site = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(site.path().join("pkg")).expect("created");
    let variables: Vec<(String, String)> = [
        (
            "TIDEMARK_DATABASE_URL",
            "postgres://tidemark:pw@127.0.0.1:1/factory".to_owned(),
        ),
        ("TIDEMARK_STATE_URL", database.url()),
        ("TIDEMARK_SITE_ROOT", site.path().display().to_string()),
        ("TIDEMARK_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
        ("TIDEMARK_LOG", "debug".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let client: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    // Both start at the same moment on an empty store: the migrations must not get into each other's way.
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| Replica::start(&variables, &client));
        let two = Replica::start(&variables, &client);
        (one.join().expect("it starts"), two)
    });
    for (name, role) in [("admin", "admin"), ("vera", "viewer"), ("otto", "viewer")] {
        run(
            &variables,
            &["user", "add", name, "--role", role, "--password-stdin"],
            &format!("{PASSWORD}\n"),
        );
    }

    // A session that began on one is a session on the other, and ends on both.
    let admin = one.sign_in(&client, "admin", PASSWORD).expect("signed in");
    let vera = two.sign_in(&client, "vera", PASSWORD).expect("signed in");
    assert_eq!(
        two.status(&client, "/fn/list_own_sessions", cookie(&admin)),
        StatusCode::OK
    );
    assert_eq!(
        one.status(&client, "/fn/list_own_sessions", cookie(&vera)),
        StatusCode::OK
    );
    let disabled = one.call(&client, "/fn/disable_user", "name=vera", Some(&admin));
    assert_eq!(disabled.status(), StatusCode::OK);
    assert_eq!(
        two.status(&client, "/fn/list_own_sessions", cookie(&vera)),
        StatusCode::UNAUTHORIZED
    );

    // The same with a role, from the command line.
    let otto = two.sign_in(&client, "otto", PASSWORD).expect("signed in");
    run(&variables, &["user", "role", "otto", "operator"], "");
    assert_eq!(
        one.status(&client, "/fn/list_own_sessions", cookie(&otto)),
        StatusCode::UNAUTHORIZED
    );

    // A token from the command line opens both, and none of them once it is revoked.
    let token = run(
        &variables,
        &[
            "token",
            "create",
            "--name",
            "ci",
            "--role",
            "viewer",
            "--expires",
            "1 day",
        ],
        "",
    );
    let bearer = ("authorization", format!("Bearer {}", token.trim()));
    let health = "/api/v1/monitoring/health";
    for replica in [&one, &two] {
        assert_eq!(replica.status(&client, health, bearer.clone()), StatusCode::OK);
    }
    run(&variables, &["token", "revoke", "ci"], "");
    for replica in [&one, &two] {
        assert_eq!(
            replica.status(&client, health, bearer.clone()),
            StatusCode::UNAUTHORIZED
        );
    }

    // Attempts on one are counted on the other.
    for number in 0..10 {
        let replica = if number % 2 == 0 { &one } else { &two };
        let refused = replica.sign_in(&client, "nobody", "wrong horse battery");
        assert_eq!(refused, Err(StatusCode::UNAUTHORIZED), "{number}");
    }
    for replica in [&one, &two] {
        let limited = replica.sign_in(&client, "nobody", "wrong horse battery");
        assert_eq!(limited, Err(StatusCode::TOO_MANY_REQUESTS));
    }

    // What both have logged, at its most talkative, holds none of the secrets that went through.
    let token = token.trim();
    let link = run(&variables, &["user", "invite", "later", "--role", "viewer"], "");
    let link = link
        .split("token=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("a link");
    assert_eq!(
        one.status(
            &client,
            &format!("/setup?token={link}"),
            ("accept", "text/html".to_owned())
        ),
        StatusCode::OK
    );
    let browser = one.sign_in_cookie(&client, "otto", "__Host-tidemark-browser");
    let secrets = [
        ("a link", link),
        ("a browser's token", &browser),
        ("a session", admin.as_str()),
        ("a session", &vera),
        ("a session's digest", &backend::random::digest(&admin)),
        ("a token", token),
        ("a token's digest", &backend::random::digest(token)),
        ("a password", PASSWORD),
        ("a password", "wrong horse battery"),
        ("a hash", "$argon2"),
        ("the database's password", ":pw@"),
    ];
    one.log_holds_none_of(&secrets);
    two.log_holds_none_of(&secrets);
}

//! The real binary: what it answers and how it ends.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const URL: &str = "postgres://tidemark:hunter2@127.0.0.1:1/factory";
const PASSWORD: &str = "correct horse battery";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// Runs in a directory of its own with these variables and no others of the console's.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
        command.args(arguments).current_dir(self.0.path());
        for (name, _) in std::env::vars() {
            if name.starts_with("TIDEMARK_") || name.starts_with("TIMESCALEDB_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // It may have ended before it read anything.
        let _ = child
            .stdin
            .take()
            .expect("standard input")
            .write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        assert!(
            !text(&output).contains("hunter2"),
            "a password was printed: {}",
            text(&output)
        );
        output
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn check_config_shows_what_is_in_force_without_passwords() {
    let output = Place::new().run(&["check-config"], &[("TIDEMARK_DATABASE_URL", URL)], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(
        text(&output).contains("factory: postgres://tidemark:***@127.0.0.1:1/factory"),
        "{}",
        text(&output)
    );
}

#[test]
fn bad_input_ends_with_two_and_one_message() {
    let place = Place::new();
    for (variables, words) in [
        (vec![], "TIDEMARK_DATABASE_URL"),
        (
            vec![("TIDEMARK_DATABASE_URL", "factory")],
            "write postgres://ROLE:PASSWORD@HOST:PORT/DATABASE",
        ),
        (
            vec![("TIDEMARK_DATABASE_URL", URL), ("TIDEMARK_CONFIG", "gone.toml")],
            "gone.toml cannot be read",
        ),
        (
            vec![
                ("TIDEMARK_DATABASE_URL", URL),
                ("TIMESCALEDB_RETENTION_POLICY", "soon"),
            ],
            "\"soon\" is not an interval",
        ),
        (
            vec![("TIDEMARK_DATABASE_URL", URL), ("TIDEMARK_COLOUR", "red")],
            "there is no such variable",
        ),
    ] {
        let output = place.run(&["check-config"], &variables, "");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(words), "{}", text(&output));
        assert_eq!(text(&output).trim().lines().count(), 1, "{}", text(&output));
    }
    assert_eq!(place.run(&["no-such-command"], &[], "").status.code(), Some(2));
}

#[test]
fn an_unknown_key_in_the_file_is_named_with_the_file() {
    let place = Place::new();
    std::fs::write(place.0.path().join("tidemark.toml"), "colour = \"red\"\n").expect("written");
    let output = place.run(&["check-config"], &[("TIDEMARK_DATABASE_URL", URL)], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output).starts_with("tidemark: tidemark.toml: colour: there is no such field"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_user_is_added_once_and_given_a_new_password() {
    let place = Place::new();
    let variables = [("TIDEMARK_DATABASE_URL", URL)];
    let run = |arguments: &[&str], input: &str| {
        let output = place.run(arguments, &variables, input);
        assert!(!text(&output).contains(PASSWORD));
        output
    };
    let add = ["user", "add", "Anna", "--role", "admin", "--password-stdin"];
    let line = format!("{PASSWORD}\n");
    let added = run(&add, &line);
    assert_eq!(
        (
            added.status.code(),
            String::from_utf8_lossy(&added.stdout).as_ref()
        ),
        (Some(0), "Added anna as admin.\n")
    );
    let again = run(&add, &line);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again).contains("there is a user anna already"),
        "{}",
        text(&again)
    );
    let changed = run(&["user", "passwd", "anna", "--password-stdin"], &line);
    assert_eq!(changed.status.code(), Some(0), "{}", text(&changed));
    let unknown = run(&["user", "passwd", "berta", "--password-stdin"], &line);
    assert_eq!(unknown.status.code(), Some(1), "{}", text(&unknown));
    let short = run(
        &["user", "add", "berta", "--role", "viewer", "--password-stdin"],
        "short\n",
    );
    assert_eq!(short.status.code(), Some(1), "{}", text(&short));
    let role = run(
        &["user", "add", "berta", "--role", "root", "--password-stdin"],
        &line,
    );
    assert_eq!(role.status.code(), Some(2));
    assert!(
        text(&role).contains("use viewer, operator or admin"),
        "{}",
        text(&role)
    );
}

#[test]
fn users_and_tokens_are_managed_from_the_command_line() {
    let place = Place::new();
    let variables = [
        ("TIDEMARK_DATABASE_URL", URL),
        ("TIDEMARK_PUBLIC_URL", "https://tidemark.example"),
    ];
    let run = |arguments: &[&str]| place.run(arguments, &variables, &format!("{PASSWORD}\n"));
    let answer = |arguments: &[&str], status: i32, words: &str| {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {}",
            text(&output)
        );
        assert!(text(&output).contains(words), "{arguments:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    answer(
        &["user", "add", "anna", "--role", "admin", "--password-stdin"],
        0,
        "Added anna",
    );
    for refused in [["user", "disable", "anna"], ["user", "reset", "anna"]] {
        answer(&refused, 1, "anna is the last administrator who can sign in");
    }
    answer(
        &["user", "role", "anna", "viewer"],
        1,
        "make somebody else one first",
    );
    let link = answer(
        &["user", "invite", "vera", "--role", "viewer"],
        0,
        "vera is invited",
    );
    assert!(
        link.trim_end()
            .starts_with("https://tidemark.example/setup?token=")
            && link.lines().count() == 1,
        "{link}"
    );
    answer(&["user", "role", "vera", "operator"], 0, "vera is operator now");
    answer(&["user", "disable", "vera"], 0, "vera is disabled");
    answer(&["user", "disable", "vera"], 1, "this is disabled already");
    answer(&["user", "enable", "vera"], 0, "vera can sign in again");
    answer(&["user", "list"], 0, "without password");
    answer(&["user", "disable", "otto"], 1, "there is no user otto");

    let create = |name: &str, more: &[&str], status: i32, words: &str| {
        let mut arguments = vec!["token", "create", "--name", name, "--role", "operator"];
        arguments.extend_from_slice(more);
        answer(&arguments, status, words)
    };
    let token = create(
        "ci",
        &["--expires", "90 days", "--permission", "view_status"],
        0,
        "shown this once",
    );
    let token = token.lines().last().expect("a line");
    assert!(token.starts_with("tdm_") && token.len() == 47, "{token}");
    create("ci", &[], 1, "there is a token of this name already");
    create(
        "x",
        &["--permission", "manage_users"],
        2,
        "cannot have the permission manage_users",
    );
    create("x", &["--permission", "fly"], 2, "is not a permission");
    create("x", &["--expires", "-1 day"], 2, "");
    let listed = answer(&["token", "list"], 0, "ci");
    assert!(!listed.contains(token) && listed.contains("active"), "{listed}");
    answer(&["token", "revoke", "ci"], 0, "The token ci is revoked.");
    answer(
        &["token", "revoke", "ci"],
        1,
        "there is no token \"ci\" to revoke",
    );
}

#[test]
fn a_common_password_is_refused() {
    let output = Place::new().run(
        &["user", "add", "anna", "--role", "admin", "--password-stdin"],
        &[("TIDEMARK_DATABASE_URL", URL)],
        "1qaz2wsx3edc\n",
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("tried first"), "{}", text(&output));
}

#[test]
fn the_demo_says_why_it_cannot_be_loaded() {
    let output = Place::new().run(&["demo", "load"], &[("TIDEMARK_DATABASE_URL", URL)], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("The database cannot be reached"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_change_from_the_command_line_is_a_line_of_the_log_too() {
    let place = Place::new();
    let variables = [("TIDEMARK_DATABASE_URL", URL), ("TIDEMARK_LOG_FORMAT", "json")];
    let arguments = ["user", "invite", "vera", "--role", "viewer"];
    let output = place.run(&arguments, &variables, "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let log = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<serde_json::Value> = log
        .lines()
        // Beside them stand the command's own words.
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let outcomes: Vec<_> = lines
        .iter()
        .map(|line| (line["target"].as_str(), line["fields"]["outcome"].as_str()))
        .collect();
    assert_eq!(
        outcomes,
        [(Some("audit"), Some("begun")), (Some("audit"), Some("succeeded"))],
        "{log}"
    );
    let link = String::from_utf8_lossy(&output.stdout);
    let token = link.split("token=").nth(1).expect("a link").trim();
    assert!(!log.contains(token), "the log holds the link: {log}");
}

/// A client that sends the head of its request and never ends it would hold its connection for ever.
#[test]
fn a_request_whose_head_never_ends_is_cut_off() {
    use std::io::Read;

    let place = Place::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let mut console = Command::new(env!("CARGO_BIN_EXE_tidemark"))
        .current_dir(place.0.path())
        .env("TIDEMARK_DATABASE_URL", URL)
        .env("TIDEMARK_LISTEN", format!("127.0.0.1:{port}"))
        .env(
            "TIDEMARK_SITE_ROOT",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site"),
        )
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut connection = loop {
        match std::net::TcpStream::connect(("127.0.0.1", port)) {
            Ok(connection) => break connection,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    connection
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        .expect("written");
    connection
        .set_read_timeout(Some(std::time::Duration::from_mins(1)))
        .expect("set");
    let mut answer = String::new();
    let ended = connection.read_to_string(&mut answer);
    let _ = console.kill();
    let _ = console.wait();
    // Ended with bytes of ours unread, a connection is reset.
    assert!(
        ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset),
        "the console ends the connection"
    );
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn help_speaks_to_whoever_runs_the_console() {
    let output = Place::new().run(&["--help"], &[], "");
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output);
    assert!(help.starts_with("A web admin console for TimescaleDB"), "{help}");
}

#[test]
fn a_name_that_is_no_good_is_said_before_a_password_is_asked_for() {
    let place = Place::new();
    let run =
        |arguments: &[&str], input: &str| place.run(arguments, &[("TIDEMARK_DATABASE_URL", URL)], input);
    // No terminal, and no --password-stdin: the password is not even missed.
    let nobody = run(&["user", "passwd", "nobody"], "");
    assert_eq!(nobody.status.code(), Some(1), "{}", text(&nobody));
    assert!(
        text(&nobody).contains("there is no user nobody"),
        "{}",
        text(&nobody)
    );
    let line = format!("{PASSWORD}\n");
    let added = run(
        &["user", "add", "anna", "--role", "viewer", "--password-stdin"],
        &line,
    );
    assert_eq!(added.status.code(), Some(0), "{}", text(&added));
    let again = run(&["user", "add", "anna", "--role", "viewer"], "");
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
    assert!(
        text(&again).contains("there is a user anna already"),
        "{}",
        text(&again)
    );
    let existing = run(&["user", "passwd", "anna"], "");
    assert_eq!(existing.status.code(), Some(2), "{}", text(&existing));
}

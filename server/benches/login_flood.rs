//! Sign-ins far above what argon2 can serve, from many addresses, and what ordinary pages take meanwhile.
//!
//! Target: pages under 100 ms at the median, during 20 s of it. Runs five times and prints the median of the medians,
//! beside what this machine's /health and the same pages take without the flood. Never fails on a time.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Response, StatusCode};
use ureq::{Agent, Body};

const PASSWORD: &str = "correct horse battery";
const RUNS: usize = 5;
const FLOOD: Duration = Duration::from_secs(20);
/// Attackers that ask again as soon as they are answered.
const ATTACKERS: usize = 64;
/// How often a person opens a page.
const PAGE_EVERY: Duration = Duration::from_millis(50);

struct Console {
    url: String,
    child: Child,
    _directory: tempfile::TempDir,
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(directory: &tempfile::TempDir, port: u16) -> Command {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let database = std::env::var("TIDEMARK_BENCH_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://tidemark:pw@127.0.0.1:1/factory".to_owned());
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    command
        .current_dir(root)
        .env("TIDEMARK_DATABASE_URL", database)
        .env(
            "TIDEMARK_STATE_URL",
            format!("sqlite://{}", directory.path().join("state.db").display()),
        )
        .env("TIDEMARK_LISTEN", format!("127.0.0.1:{port}"))
        .env("TIDEMARK_TRUSTED_PROXIES", "127.0.0.0/8")
        .env("TIDEMARK_ADMIN_USER", "admin")
        .env("TIDEMARK_ADMIN_PASSWORD", PASSWORD)
        .env("TIDEMARK_LOG", "warn")
        .stdout(Stdio::null());
    command
}

impl Console {
    fn start(client: &Agent) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a free port")
            .local_addr()
            .expect("an address")
            .port();
        let child = command(&directory, port).spawn().expect("it starts");
        let console = Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
            _directory: directory,
        };
        while client.get(format!("{}/health", console.url)).call().is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        console
    }

    fn attempt(&self, client: &Agent, address: &str, name: &str, password: &str) -> Response<Body> {
        client
            .post(format!("{}/fn/sign_in", self.url))
            .header("origin", &self.url)
            .header("accept", "application/json")
            .header("x-forwarded-for", address)
            .header("content-type", "application/x-www-form-urlencoded")
            .send(format!("name={name}&password={}", password.replace(' ', "+")))
            .expect("an answer")
    }

    fn session(&self, client: &Agent) -> String {
        let answer = self.attempt(client, "192.0.2.1", "admin", PASSWORD);
        answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(|value| value.strip_prefix("__Host-tidemark=")?.split(';').next())
            .expect("signed in")
            .to_owned()
    }

    /// Opens pages for a time; returns what each took, sorted.
    fn open_pages(&self, client: &Agent, session: &str, lasting: Duration) -> Vec<Duration> {
        let mut times = Vec::new();
        let end = Instant::now() + lasting;
        for path in ["/account", "/users", "/audit"].into_iter().cycle() {
            if Instant::now() >= end {
                break;
            }
            let started = Instant::now();
            let answer = client
                .get(format!("{}{path}", self.url))
                .header("accept", "text/html")
                .header("cookie", format!("__Host-tidemark={session}"))
                .call()
                .expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
            answer.into_body().read_to_vec().expect("the page");
            times.push(started.elapsed());
            std::thread::sleep(PAGE_EVERY.saturating_sub(started.elapsed()));
        }
        times.sort();
        times
    }
}

fn quantile(times: &[Duration], percent: usize) -> f64 {
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn hello_rate(console: &Console, client: &Agent) -> f64 {
    let started = Instant::now();
    let mut answers = 0_u32;
    while started.elapsed() < Duration::from_secs(2) {
        let answer = client
            .get(format!("{}/health", console.url))
            .call()
            .expect("an answer");
        answer.into_body().read_to_vec().expect("the body");
        answers += 1;
    }
    f64::from(answers) / started.elapsed().as_secs_f64()
}

fn main() {
    let client: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections_per_host(ATTACKERS + 2)
        .build()
        .into();
    let console = Arc::new(Console::start(&client));
    let session = console.session(&client);
    println!(
        "/health, one after the other: {:.0} a second",
        hello_rate(&console, &client)
    );
    let quiet = console.open_pages(&client, &session, Duration::from_secs(5));
    println!(
        "pages without a flood: median {:.1} ms, 95th percentile {:.1} ms",
        quantile(&quiet, 50),
        quantile(&quiet, 95)
    );

    let mut medians = Vec::new();
    for run in 1..=RUNS {
        let stop = Arc::new(AtomicBool::new(false));
        let hashed = Arc::new(AtomicU64::new(0));
        let kept_away = Arc::new(AtomicU64::new(0));
        let attackers: Vec<_> = (0..ATTACKERS)
            .map(|attacker| {
                let (console, client) = (Arc::clone(&console), client.clone());
                let (stop, hashed, kept_away) =
                    (Arc::clone(&stop), Arc::clone(&hashed), Arc::clone(&kept_away));
                std::thread::spawn(move || {
                    let mut number = 0_u32;
                    while !stop.load(Ordering::Relaxed) {
                        // Never the same address or name twice: neither budget helps, only the queue does.
                        let address = format!("10.{attacker}.{}.{}", (number >> 8) & 255, number & 255);
                        let name = format!("n{run}-{attacker}-{number}");
                        let answer = console.attempt(&client, &address, &name, "wrong horse battery");
                        match answer.status() {
                            StatusCode::UNAUTHORIZED => hashed.fetch_add(1, Ordering::Relaxed),
                            _ => kept_away.fetch_add(1, Ordering::Relaxed),
                        };
                        number += 1;
                    }
                })
            })
            .collect();
        let times = console.open_pages(&client, &session, FLOOD);
        stop.store(true, Ordering::Relaxed);
        for attacker in attackers {
            attacker.join().expect("ends");
        }
        let seconds = FLOOD.as_secs();
        println!(
            "flood {run}: {} attempts a second hashed, {} turned away; {} pages: median {:.1} ms, 95th percentile {:.1} ms",
            hashed.load(Ordering::Relaxed) / seconds,
            kept_away.load(Ordering::Relaxed) / seconds,
            times.len(),
            quantile(&times, 50),
            quantile(&times, 95),
        );
        medians.push(quantile(&times, 50));
    }
    let during = median(medians);
    println!(
        "pages during the flood: {during:.1} ms (median of {RUNS} medians), {:.1} times what they take without; target: under 100 ms",
        during / quantile(&quiet, 50)
    );
}

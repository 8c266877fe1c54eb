//! Sign-ins far above what argon2 can serve, from many addresses, and what ordinary pages take meanwhile.
//!
//! Target: pages under 100 ms at the median, during 20 s of it. Runs five times and prints the median of the medians,
//! beside what this machine's /health and the same pages take without the flood. Never fails on a time.

#[path = "support/console.rs"]
mod console;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use console::Console;
use http::StatusCode;
use ureq::Agent;

const RUNS: usize = 5;
const FLOOD: Duration = Duration::from_secs(20);
/// Attackers that ask again as soon as they are answered.
const ATTACKERS: usize = 64;
/// How often a person opens a page.
const PAGE_EVERY: Duration = Duration::from_millis(50);

/// Opens pages for a time; returns what each took, sorted.
fn open_pages(console: &Console, client: &Agent, session: &str, lasting: Duration) -> Vec<Duration> {
    let mut times = Vec::new();
    let end = Instant::now() + lasting;
    for path in ["/account", "/users", "/audit"].into_iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        let started = Instant::now();
        let answer = client
            .get(format!("{}{path}", console.url))
            .header("accept", "text/html")
            .header("cookie", session)
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
    let client = console::client(ATTACKERS + 2);
    let database = std::env::var("TIDEMARK_BENCH_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://tidemark:pw@127.0.0.1:1/factory".to_owned());
    let console = Arc::new(Console::start(&client, &database));
    let session = console.session(&client);
    println!(
        "/health, one after the other: {:.0} a second",
        hello_rate(&console, &client)
    );
    let quiet = open_pages(&console, &client, &session, Duration::from_secs(5));
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
        let times = open_pages(&console, &client, &session, FLOOD);
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

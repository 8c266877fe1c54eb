//! The console over the largest catalog there is (100,000 chunks): memory, each page's time, bytes on the wire, what
//! 500 viewers cost the database, and how many pages it serves a second beside what this machine can do at all.
//! Prints; never fails on a time, only where something does not work.

#[path = "../../backend/benches/support/catalog.rs"]
mod catalog;
#[path = "support/console.rs"]
mod console;
#[path = "../../backend/benches/support/process.rs"]
#[allow(dead_code, reason = "this watches the console, not the server")]
mod process;
#[path = "../../backend/benches/support/report.rs"]
mod report;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use catalog::{Catalog, ROLE};
use console::Console;
use http::StatusCode;
use process::memory_bytes;
use report::{Report, count, median, quantile, time};
use sqlx::Row;
use sqlx::postgres::PgConnection;
use tokio::runtime::Runtime;
use ureq::Agent;

const REQUESTS: usize = 200;
const RUNS: usize = 5;
const READINGS: usize = 20;
const READING_WITHIN: Duration = Duration::from_mins(2);
const VIEWERS: u32 = 500;
/// Streams of events that one session may hold.
const VIEWERS_OF_A_SESSION: u32 = 20;
const VIEWERS_STATEMENTS: &str = "statements caused by 500 viewers in a minute";
/// How often a visible page asks for what is new.
const POLL_EVERY: Duration = Duration::from_secs(5);
const WATCHED_FOR: Duration = Duration::from_mins(1);
/// Two readings more may fall into one minute than into another, each with two transactions.
const UNEVEN_CALLS: f64 = 4.0;
const MB: u64 = 1024 * 1024;
const PAGE_TARGET: Duration = Duration::from_millis(25);
const CHUNK_LIST_TARGET_BYTES: usize = 60_000;

/// Every page that is measured: its name, and its address under `/db/NAME`. A new page is a new line.
fn pages(table: &str) -> Vec<(&'static str, String)> {
    [
        ("Overview", ""),
        ("Hypertables", "/hypertables"),
        ("One hypertable", "/hypertables/public/TABLE"),
        ("One hypertable, Chunks", "/hypertables/public/TABLE/chunks"),
        (
            "One hypertable, Compression",
            "/hypertables/public/TABLE/compression",
        ),
        ("One hypertable, Policies", "/hypertables/public/TABLE/policies"),
        ("One hypertable, Jobs", "/hypertables/public/TABLE/jobs"),
        ("Chunks", "/chunks"),
        ("Chunks, by size, page 400", "/chunks?sort=size&size=100&page=400"),
        ("Compression", "/compression"),
        ("Jobs", "/jobs"),
        // TimescaleDB's own, which every database has.
        ("One job", "/jobs/3"),
        ("Continuous aggregates", "/aggregates"),
        ("Activity", "/activity"),
        ("Search", "/search?q=hyper"),
    ]
    .map(|(name, path)| (name, path.replace("TABLE", table)))
    .to_vec()
}

/// What is asked for a second time over the wire: a page of the chunk list with as many rows as can be chosen.
const CHUNK_LIST: &str = "/chunks?size=100";
/// The same as the browser's code asks for it.
const CHUNK_LIST_FUNCTION: &str = "/fn/list_chunks";

/// Lists that programs ask for.
const JSON_LISTS: [&str; 3] = [
    "/api/v1/monitoring/metrics/hypertables",
    "/api/v1/monitoring/metrics/chunks",
    "/api/v1/monitoring/metrics/compression",
];

/// Everything that the measurements share.
struct Bench {
    report: Report,
    runtime: Runtime,
    catalog: Catalog,
    console: Console,
    client: Agent,
    session: String,
}

/// An answer as it came over the wire.
struct Answer {
    status: StatusCode,
    encoding: String,
    body: Vec<u8>,
}

impl Answer {
    /// What is wrong with it as a page; `None` where nothing is.
    fn fault(&self) -> Option<String> {
        match self.status {
            StatusCode::OK => None,
            StatusCode::NOT_FOUND => Some("404: not there".to_owned()),
            status => Some(format!("answered {status}")),
        }
    }
}

impl Bench {
    fn get(&self, path: &str, accept: &str) -> Answer {
        let answer = self
            .client
            .get(format!("{}{path}", self.console.url))
            .header("accept", accept)
            .header("accept-encoding", "br")
            .header("cookie", &self.session)
            .call()
            .expect("an answer");
        received(answer)
    }

    fn page(&self, path: &str) -> Answer {
        self.get(&format!("/db/{}{path}", self.catalog.name()), "text/html")
    }

    fn measure_start(&mut self) {
        let started = Instant::now();
        self.console
            .wait_for_chunks(&self.client, &self.session, self.catalog.chunks);
        self.report.note(
            "first snapshot after the start",
            format!("{:.1} s", started.elapsed().as_secs_f64()),
        );
    }

    fn measure_pages(&mut self) {
        for (name, path) in pages(&Catalog::table(0)) {
            let what = format!("{name}: 95th percentile of {REQUESTS}");
            if let Some(fault) = self.page(&path).fault() {
                self.report.fail(what, fault);
                continue;
            }
            let mut times = Vec::with_capacity(REQUESTS);
            let mut fault = None;
            for _ in 0..REQUESTS {
                let started = Instant::now();
                let answer = self.page(&path);
                times.push(started.elapsed());
                fault = fault.or(answer.fault());
            }
            if let Some(fault) = fault {
                self.report.fail(what, fault);
                continue;
            }
            let slow = quantile(&times, 95);
            let figure = format!("{} (median {})", time(slow), time(median(&times)));
            self.report.judge(what, figure, "under 25 ms", slow < PAGE_TARGET);
        }
    }

    /// The first of each page after a reading: nothing of it was made before.
    fn measure_first_pages(&mut self) {
        let pages = pages(&Catalog::table(0));
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); pages.len()];
        let mut faults: Vec<Option<String>> = vec![None; pages.len()];
        for reading in 0..READINGS {
            self.wait_for_a_reading();
            for place in 0..pages.len() {
                // What pages have in common is made by another one each time.
                let at = (place + reading) % pages.len();
                let started = Instant::now();
                let answer = self.page(&pages[at].1);
                times[at].push(started.elapsed());
                faults[at] = faults[at].take().or(answer.fault());
            }
        }
        for (((name, _), times), fault) in pages.iter().zip(&times).zip(faults) {
            let what = format!("{name}: the first after a reading, 95th percentile of {READINGS}");
            if let Some(fault) = fault {
                self.report.fail(what, fault);
                continue;
            }
            let slow = quantile(times, 95);
            let figure = format!("{} (median {})", time(slow), time(median(times)));
            self.report.judge(what, figure, "under 25 ms", slow < PAGE_TARGET);
        }
    }

    fn wait_for_a_reading(&self) {
        let collected_at = || {
            let path = format!("/fn/load_status?database={}", self.catalog.name());
            let answer = self
                .client
                .get(format!("{}{path}", self.console.url))
                .header("accept", "application/json")
                .header("cookie", &self.session)
                .call()
                .expect("an answer");
            let body = answer.into_body().read_to_string().expect("the body");
            let status: serde_json::Value = serde_json::from_str(&body).expect("the status");
            assert!(status["freshness"]["collected_at"].is_string(), "{body}");
            status["freshness"]["collected_at"].clone()
        };
        let (before, deadline) = (collected_at(), Instant::now() + READING_WITHIN);
        while collected_at() == before {
            assert!(Instant::now() < deadline, "no reading came");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn measure_bytes(&mut self) {
        let page = self.page(CHUNK_LIST);
        self.judge_bytes("a page of the chunk list, HTML", &page);
        let body = serde_json::json!({
            "database": self.catalog.name(),
            "query": {
                "filter": "", "table": null, "sort": "size", "direction": "descending", "page": 2, "page_size": 100
            },
        });
        let answer = self
            .client
            .post(format!("{}{CHUNK_LIST_FUNCTION}", self.console.url))
            .header("origin", &self.console.url)
            .header("accept", "application/json")
            .header("accept-encoding", "br")
            .header("content-type", "application/json")
            .header("cookie", &self.session)
            .send(body.to_string())
            .expect("an answer");
        self.judge_bytes(
            "a page of the chunk list, server function's answer",
            &received(answer),
        );
    }

    fn judge_bytes(&mut self, what: &str, answer: &Answer) {
        if let Some(fault) = answer.fault() {
            self.report.fail(what, fault);
        } else if answer.encoding != "br" {
            self.report
                .fail(what, format!("not compressed, {} bytes", answer.body.len()));
        } else {
            let bytes = answer.body.len();
            self.report.judge(
                what,
                format!("{bytes} bytes"),
                "under 60,000",
                bytes < CHUNK_LIST_TARGET_BYTES,
            );
        }
    }

    /// Statements of the console's role, a minute without viewers and a minute with them.
    fn measure_viewers(&mut self) {
        let sessions: Vec<String> = (0..VIEWERS.div_ceil(VIEWERS_OF_A_SESSION))
            .map(|_| self.console.session(&self.client))
            .collect();
        let seen = Seen::default();
        let quiet = self.calls_during(|| std::thread::sleep(WATCHED_FOR));
        let watched = self.calls_during(|| self.watch(&sessions, &seen));
        let longer = watched.lasted.as_secs_f64() / quiet.lasted.as_secs_f64();
        let extra: f64 = watched
            .by_statement
            .iter()
            .map(|(statement, calls)| {
                let beat = quiet.by_statement.get(statement).copied().unwrap_or(0.0);
                (calls - beat * longer - UNEVEN_CALLS).max(0.0).ceil()
            })
            .sum();
        let what = VIEWERS_STATEMENTS;
        let (loaded, refused) = (seen.loaded.into_inner(), seen.refused.into_inner());
        if refused > 0 {
            self.report.fail(what, format!("{refused} requests were refused"));
        } else if quiet.by_statement.is_empty() {
            self.report.fail(what, "the beat was not seen".to_owned());
        } else {
            let figure = format!(
                "{extra} ({:.1} a second without, {:.1} with; {loaded} requests, {} streams)",
                quiet.a_second(),
                watched.a_second(),
                seen.streams.into_inner()
            );
            self.report
                .judge(what, figure, "none beyond the beat", extra == 0.0);
        }
    }

    /// Viewers that open the Overview and load it anew as their pages do: whenever the stream of events says so, and
    /// every few seconds where there is none.
    fn watch(&self, sessions: &[String], seen: &Seen) {
        let end = Instant::now() + WATCHED_FOR;
        std::thread::scope(|scope| {
            for viewer in 0..VIEWERS {
                let viewer = Viewer {
                    client: console::client(2),
                    url: &self.console.url,
                    database: self.catalog.name(),
                    session: &sessions[(viewer / VIEWERS_OF_A_SESSION) as usize],
                    starts_after: POLL_EVERY * viewer / VIEWERS,
                    end,
                    seen,
                };
                std::thread::Builder::new()
                    .stack_size(512 * 1024)
                    .spawn_scoped(scope, move || viewer.watch())
                    .expect("a thread");
            }
        });
    }

    /// Calls of each of the role's statements in the database while this goes on.
    fn calls_during(&self, action: impl FnOnce()) -> Calls {
        let mut server = self.runtime.block_on(catalog::connect_to_server());
        let started = Instant::now();
        let before = self.runtime.block_on(calls(&mut server, &self.catalog));
        action();
        let mut by_statement = self.runtime.block_on(calls(&mut server, &self.catalog));
        for (statement, calls) in &mut by_statement {
            *calls -= before.get(statement).copied().unwrap_or(0.0);
        }
        by_statement.retain(|_, calls| *calls > 0.0);
        Calls {
            by_statement,
            lasted: started.elapsed(),
        }
    }

    fn measure_rates(&mut self) {
        self.rate_of_a_bare_server();
        let health = format!("{}/health", self.console.url);
        self.rate("/health", &health, &[], None);
        let overview = format!("{}/db/{}", self.console.url, self.catalog.name());
        let cookie = format!("Cookie: {}", self.session);
        let headers = ["Accept: text/html", cookie.as_str()];
        self.rate(
            "Overview, signed in",
            &overview,
            &headers,
            Some((800.0, "at least 800")),
        );
        let token = format!("Authorization: Bearer {}", self.console.token());
        for list in JSON_LISTS {
            let url = format!("{}{list}", self.console.url);
            self.rate(list, &url, &[&token], Some((2_000.0, "at least 2,000")));
        }
        let chunks = format!("{}{}", self.console.url, JSON_LISTS[1]);
        let first: serde_json::Value = self
            .client
            .get(&chunks)
            .header("cookie", &self.session)
            .call()
            .ok()
            .and_then(|answer| answer.into_body().read_to_string().ok())
            .and_then(|body| serde_json::from_str(&body).ok())
            .unwrap_or_default();
        let Some(cursor) = first["next"].as_str() else {
            self.report
                .fail("the second page of chunks".to_owned(), "there is none".to_owned());
            return;
        };
        let url = format!("{chunks}?cursor={cursor}");
        self.rate(
            "its second page",
            &url,
            &[&token],
            Some((2_000.0, "at least 2,000")),
        );
    }

    /// What axum answers here when it has nothing to do.
    fn rate_of_a_bare_server(&mut self) {
        let listener = self
            .runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/", axum::routing::get(|| async { "hello" }));
        let serving = self
            .runtime
            .spawn(async move { axum::serve(listener, router).await });
        self.rate("this machine's axum saying hello", &url, &[], None);
        serving.abort();
    }

    fn rate(&mut self, name: &str, url: &str, headers: &[&str], target: Option<(f64, &'static str)>) {
        let what = format!("{name}: answers a second, median of {RUNS}");
        let mut rates = Vec::new();
        for _ in 0..RUNS {
            match wrk(url, headers) {
                Ok(rate) => rates.push(rate),
                Err(why) => {
                    self.report.fail(what, why);
                    return;
                }
            }
        }
        rates.sort_by(f64::total_cmp);
        let rate = rates[RUNS / 2];
        let figure = format!("{rate:.0}");
        match target {
            Some((least, text)) => self.report.judge(what, figure, text, rate >= least),
            None => self.report.note(what, figure),
        }
    }

    fn measure_memory(&mut self, when: &str) {
        let pid = self.console.pid();
        let (Some(now), Some(peak)) = (memory_bytes(pid, "VmRSS:"), memory_bytes(pid, "VmHWM:")) else {
            self.report.skip(
                format!("console's memory {when}"),
                "this system does not tell a process's memory",
            );
            return;
        };
        self.report.judge(
            format!("console's memory {when}"),
            format!("{} MB (at most {} MB so far)", now / MB, peak / MB),
            "under 300 MB",
            peak < 300 * MB,
        );
    }
}

/// Statements that one role sent in a time.
struct Calls {
    by_statement: HashMap<i64, f64>,
    lasted: Duration,
}

impl Calls {
    fn a_second(&self) -> f64 {
        self.by_statement.values().sum::<f64>() / self.lasted.as_secs_f64()
    }
}

/// What the viewers met.
#[derive(Default)]
struct Seen {
    loaded: AtomicU64,
    refused: AtomicU64,
    streams: AtomicU64,
}

/// Somebody with the Overview open.
struct Viewer<'a> {
    client: Agent,
    url: &'a str,
    database: String,
    session: &'a str,
    /// They do not all come at once.
    starts_after: Duration,
    end: Instant,
    seen: &'a Seen,
}

impl Viewer<'_> {
    fn watch(&self) {
        std::thread::sleep(self.starts_after);
        self.load(&format!("/db/{}", self.database), "text/html");
        let stream = self.ask(&format!("/events/{}", self.database), "text/event-stream");
        match stream {
            Ok(stream) if stream.status() == StatusCode::OK => {
                self.seen.streams.fetch_add(1, Ordering::Relaxed);
                self.listen(stream);
            }
            Ok(stream) if stream.status() == StatusCode::NOT_FOUND => self.poll(),
            _ => self.count(false),
        }
    }

    fn listen(&self, stream: http::Response<ureq::Body>) {
        for line in BufReader::new(stream.into_body().into_reader()).lines() {
            // Broken off before the minute is over.
            let Ok(line) = line else {
                self.count(false);
                return;
            };
            if Instant::now() >= self.end {
                return;
            }
            if line == "event: snapshot" {
                self.load_anew();
            }
        }
        self.count(Instant::now() >= self.end);
    }

    fn poll(&self) {
        while Instant::now() + POLL_EVERY < self.end {
            std::thread::sleep(POLL_EVERY);
            self.load(
                &format!("/fn/load_status?database={}", self.database),
                "application/json",
            );
            self.load_anew();
        }
    }

    fn load_anew(&self) {
        self.load(
            &format!("/fn/load_overview?database={}", self.database),
            "application/json",
        );
    }

    fn load(&self, path: &str, accept: &str) {
        let is_fine = self
            .ask(path, accept)
            .is_ok_and(|answer| received(answer).status == StatusCode::OK);
        self.count(is_fine);
    }

    fn ask(&self, path: &str, accept: &str) -> Result<http::Response<ureq::Body>, ureq::Error> {
        self.client
            .get(format!("{}{path}", self.url))
            .header("accept", accept)
            .header("cookie", self.session)
            .call()
    }

    fn count(&self, is_fine: bool) {
        let counter = if is_fine {
            &self.seen.loaded
        } else {
            &self.seen.refused
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn received(answer: http::Response<ureq::Body>) -> Answer {
    let status = answer.status();
    let encoding = answer
        .headers()
        .get("content-encoding")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    Answer {
        status,
        encoding,
        body: answer.into_body().read_to_vec().expect("the body"),
    }
}

/// Calls so far, by statement.
async fn calls(server: &mut PgConnection, catalog: &Catalog) -> HashMap<i64, f64> {
    sqlx::query(
        "select s.queryid, sum(s.calls)::float8 from pg_stat_statements s
         join pg_roles r on r.oid = s.userid join pg_database d on d.oid = s.dbid
         where r.rolname = $1 and d.datname = $2 and s.queryid is not null
         group by s.queryid",
    )
    .bind(ROLE)
    .bind(catalog.name())
    .fetch_all(server)
    .await
    .expect("pg_stat_statements")
    .iter()
    .map(|row| (row.get(0), row.get(1)))
    .collect()
}

/// Requests a second over 16 connections.
fn wrk(url: &str, headers: &[&str]) -> Result<f64, String> {
    let mut command = Command::new("wrk");
    command.args(["-t2", "-c16", "-d5s"]);
    for header in headers {
        command.args(["-H", header]);
    }
    let output = command
        .arg(url)
        .output()
        .map_err(|error| format!("wrk does not run ({error}); make bench installs it"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some(line) = text
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        return Err(line.trim().to_owned());
    }
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok())
        .ok_or_else(|| format!("wrk says nothing of a rate: {text}"))
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let chunks = catalog::sizes().pop().expect("a size");
    let (catalog, counts_statements) = runtime.block_on(async {
        let mut server = catalog::connect_to_server().await;
        let preloaded: String = sqlx::query_scalar("select current_setting('shared_preload_libraries')")
            .fetch_one(&mut server)
            .await
            .expect("the setting");
        let counts_statements = preloaded.contains("pg_stat_statements");
        if counts_statements {
            sqlx::query("create extension if not exists pg_stat_statements")
                .execute(&mut server)
                .await
                .expect("created");
        }
        (Catalog::of(chunks).await, counts_statements)
    });
    let client = console::client(4);
    let console = Console::start(&client, &catalog.url());
    let session = console.session(&client);
    let mut bench = Bench {
        report: Report::default(),
        runtime,
        catalog,
        console,
        client,
        session,
    };
    bench.measure_start();
    bench.measure_memory("with the first snapshot");
    bench.measure_pages();
    bench.measure_first_pages();
    bench.measure_bytes();
    if counts_statements {
        bench.measure_viewers();
    } else {
        bench
            .report
            .skip(VIEWERS_STATEMENTS, "the server has no pg_stat_statements loaded");
    }
    bench.measure_rates();
    bench.measure_memory("after all of this");
    let title = format!("The console over {} chunks", count(chunks));
    bench.report.finish(&title);
}

//! The stream of events: what it tells to whom, how many there may be, and when it ends.

mod support;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, Bytes};
use domain::observation::Health;
use domain::overview::DatabaseStatus;
use domain::role::{Permission, Role};
use futures::StreamExt;
use http::{HeaderMap, Request, StatusCode, header};
use support::database::TestDatabase;
use support::{PASSWORD, Site};

/// What was granted is asked for again every 15 s.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// A reading that fails is made again after 5 s at the latest.
const COMES_WITHIN: Duration = Duration::from_secs(20);

/// A stream that is listened to.
struct Listener {
    headers: HeaderMap,
    body: BodyDataStream,
}

/// What stands in an event.
#[derive(Debug)]
struct Event {
    text: String,
    id: Option<String>,
    status: DatabaseStatus,
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

impl Listener {
    async fn open(site: &Site, database: &str, session: &str) -> Self {
        let response = site.begin(request(database, Some(session))).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        Self {
            headers: parts.headers,
            body: body.into_data_stream(),
        }
    }

    /// What is sent next, comments too; `None` at the end.
    async fn frame(&mut self) -> Option<String> {
        let frame: Option<Bytes> = self.body.next().await.map(|frame| frame.expect("sent"));
        frame.map(|bytes| String::from_utf8(bytes.to_vec()).expect("text"))
    }

    async fn event(&mut self) -> Option<Event> {
        loop {
            let text = self.frame().await?;
            if text.starts_with(':') {
                continue;
            }
            assert_eq!(field(&text, "event"), Some("snapshot"), "{text}");
            let data = field(&text, "data").unwrap_or_else(|| panic!("no data: {text}"));
            let status = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
            return Some(Event {
                id: field(&text, "id").map(str::to_owned),
                status,
                text,
            });
        }
    }

    /// The next event of which this holds.
    async fn event_with(&mut self, is_wanted: impl Fn(&DatabaseStatus) -> bool) -> Event {
        let coming = async {
            loop {
                let event = self.event().await.expect("the stream goes on");
                if is_wanted(&event.status) {
                    return event;
                }
            }
        };
        tokio::time::timeout(COMES_WITHIN, coming)
            .await
            .expect("the event comes")
    }

    async fn read_to_its_end(&mut self) {
        let ending = async { while self.frame().await.is_some() {} };
        tokio::time::timeout(ENDS_WITHIN, ending)
            .await
            .expect("the stream ends");
    }
}

fn request(database: &str, session: Option<&str>) -> Request<Body> {
    let builder = Request::get(format!("/events/{database}"))
        .header(header::ACCEPT, "text/event-stream")
        .header(header::ACCEPT_ENCODING, "gzip, br");
    match session {
        Some(session) => builder.header(header::COOKIE, format!("__Host-tidemark={session}")),
        None => builder,
    }
    .body(Body::empty())
    .expect("a request")
}

/// A site that watches a real database, which it reads when it is asked to.
async fn watching(database: &TestDatabase) -> Site {
    let site = Site::with(&[("TIDEMARK_DATABASE_URL", &database.url())]).await;
    site.add_user("vera", Role::Viewer).await;
    site
}

/// The clock stands still unless it is turned, and each reading has its moment.
async fn read_again(site: &Site, database: &TestDatabase) {
    site.advance(1);
    site.console
        .refresh(&Site::command_line(Permission::Refresh), &database.name)
        .await
        .expect("read");
}

fn factory() -> Option<TestDatabase> {
    let database = TestDatabase::create("events")?;
    database.execute(
        "set client_min_messages = warning; create extension timescaledb;
         create table secret_readings (t timestamptz not null);
         select create_hypertable('secret_readings', by_range('t'));
         insert into secret_readings select now()",
    );
    Some(database)
}

#[tokio::test]
async fn each_reading_is_an_event_and_a_viewers_names_no_table() {
    let Some(database) = factory() else { return };
    let site = watching(&database).await;
    let session = site.sign_in("vera").await;
    let mut listener = Listener::open(&site, &database.name, &session).await;
    let first = listener.event_with(|status| status.figures.is_some()).await;
    assert_eq!(first.status.health, Health::Healthy);
    let collected_at = first.status.freshness.expect("read").collected_at;
    assert_eq!(first.id, Some(collected_at.to_string()));

    database.execute("insert into secret_readings select now() - interval '30 days'");
    read_again(&site, &database).await;
    let second = listener
        .event_with(|status| {
            status
                .freshness
                .is_some_and(|new| new.collected_at > collected_at)
        })
        .await;
    let chunks = |status: &DatabaseStatus| status.figures.as_ref().map(|figures| figures.counts.chunks);
    assert_eq!(
        (chunks(&first.status), chunks(&second.status)),
        (Some(1), Some(2))
    );
    for event in [&first, &second] {
        assert!(!event.text.contains("secret"), "{}", event.text);
        assert!(field(&event.text, "retry").is_some(), "{}", event.text);
    }

    // Whoever comes later is told at once.
    let mut later = Listener::open(&site, &database.name, &session).await;
    let told = later.event().await.expect("an event");
    assert_eq!(told.id, second.id);
}

#[tokio::test]
async fn a_stream_is_neither_compressed_nor_kept_nor_collected_by_a_proxy() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    let listener = Listener::open(&site, "factory", &session).await;
    let header = |name| listener.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("content-type"), Some("text/event-stream"));
    assert_eq!(header("content-encoding"), None);
    assert_eq!(header("cache-control"), Some("no-store"));
    assert_eq!(header("x-accel-buffering"), Some("no"));
}

#[tokio::test]
async fn a_failed_reading_is_an_event_without_its_reason() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let mut listener = Listener::open(&site, "factory", &session).await;
    let is_unavailable = |status: &DatabaseStatus| status.health == Health::Unavailable;
    listener.event_with(is_unavailable).await;
    // And the next one, though nothing a viewer may see is different.
    let again = listener.event_with(is_unavailable).await;
    for word in ["127.0.0.1", "refused", "tidemark"] {
        assert!(!again.text.contains(word), "{}", again.text);
    }
}

#[tokio::test]
async fn nobody_listens_without_a_session_or_to_a_database_that_is_none() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    for stranger in [None, Some("AAAAAAAAAAAAAAAAAAAAAA")] {
        let answer = site.send(request("factory", stranger)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = site.send(request("nowhere", Some(&session))).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn listening_puts_no_end_of_a_session_off() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    site.advance(120);
    let answer = site.send(request("factory", Some(&session))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.cookie("__Host-tidemark"), None);
}

#[tokio::test]
async fn a_stream_ends_when_its_session_is_ended() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    let kept = site.sign_in("vera").await;
    let mut ended = Listener::open(&site, "factory", &session).await;
    let mut going_on = Listener::open(&site, "factory", &kept).await;
    let answer = site.call("/fn/sign_out", "", Some(&session)).await;
    assert_eq!(answer.status, StatusCode::OK);
    ended.read_to_its_end().await;
    // What came meanwhile is there, and the next event follows.
    let until_now = tokio::time::timeout(COMES_WITHIN, going_on.event()).await;
    assert!(until_now.expect("an event comes").is_some());
}

#[tokio::test]
async fn a_stream_ends_when_its_session_is_not_used_any_more() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    let mut listener = Listener::open(&site, "factory", &session).await;
    site.advance(61 * 60);
    listener.read_to_its_end().await;
}

#[tokio::test]
async fn a_stream_ends_after_the_twelve_hours_of_its_session() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    // Begun almost twelve hours ago, and used a moment ago.
    site.advance(-12 * 3600 + 60);
    let session = site.sign_in("vera").await;
    site.advance(12 * 3600 - 60);
    let mut listener = Listener::open(&site, "factory", &session).await;
    site.advance(120);
    listener.read_to_its_end().await;
}

#[tokio::test]
async fn streams_beyond_the_bound_of_a_session_are_refused_until_one_ends() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    let other = site.sign_in("vera").await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(Listener::open(&site, "factory", &session).await);
    }
    let refused = site.send(request("factory", Some(&session))).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "60");
    // Pages and other sessions are none the worse.
    assert_eq!(
        site.page("/db/factory", Some(&session)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        site.send(request("factory", Some(&other))).await.status,
        StatusCode::OK
    );
    open.pop();
    assert_eq!(
        site.send(request("factory", Some(&session))).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive_beyond_the_time_that_requests_have() {
    let Some(database) = factory() else { return };
    let site = watching(&database).await;
    let session = site.sign_in("vera").await;
    let mut listener = Listener::open(&site, &database.name, &session).await;
    let newest = listener.event_with(|status| status.figures.is_some()).await;
    let mut comments = 0;
    // A comment every 15 s; requests are given up after 30.
    while comments < 2 {
        let frame = listener.frame().await.expect("the stream goes on");
        comments += u32::from(frame.starts_with(':'));
    }
    read_again(&site, &database).await;
    let next = listener.event_with(|status| status.freshness.is_some()).await;
    assert_ne!(next.id, newest.id);
}

#[tokio::test]
async fn the_worker_that_listens_may_connect_to_the_console_and_do_nothing_else() {
    let public = concat!(env!("CARGO_MANIFEST_DIR"), "/../public");
    let site = Site::with(&[("TIDEMARK_SITE_ROOT", public)]).await;
    let script = site.page("/live.js", None).await;
    assert_eq!(script.status, StatusCode::OK);
    assert!(
        script.header("content-type").contains("javascript"),
        "{:?}",
        script.headers
    );
    assert_eq!(
        script.header("content-security-policy"),
        "default-src 'none'; connect-src 'self'"
    );
    // A newer console comes with a newer script under the same name.
    assert_eq!(script.header("cache-control"), "no-cache");
    let page = site.page("/login", None).await;
    assert!(
        page.header("content-security-policy")
            .contains("worker-src 'self'"),
        "{:?}",
        page.headers
    );
}

#[tokio::test]
async fn streams_end_when_the_console_stops() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    let mut listener = Listener::open(&site, "factory", &session).await;
    listener.event().await.expect("an event");
    site.console.end_feeds();
    listener.read_to_its_end().await;
    // What begins in the last moment ends with it.
    Listener::open(&site, "factory", &session)
        .await
        .read_to_its_end()
        .await;
}

/// Requests that are under way have ten seconds to end; a stream would need all of them.
#[test]
fn an_open_stream_does_not_hold_up_the_end_of_the_console() {
    let place = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(place.path().join("pkg")).expect("created");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    for (name, _) in std::env::vars() {
        if name.starts_with("TIDEMARK_") || name.starts_with("TIMESCALEDB_") {
            command.env_remove(name);
        }
    }
    let mut console = command
        .current_dir(place.path())
        .env(
            "TIDEMARK_DATABASE_URL",
            "postgres://tidemark:pw@127.0.0.1:1/factory",
        )
        .env("TIDEMARK_LISTEN", format!("127.0.0.1:{port}"))
        .env("TIDEMARK_SITE_ROOT", place.path())
        .env("TIDEMARK_ADMIN_USER", "admin")
        .env("TIDEMARK_ADMIN_PASSWORD", PASSWORD)
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let told = stop_while_listening(port, console.id());
    let mut has_ended = false;
    while let Ok(told) = &told
        && !has_ended
        && told.elapsed() < Duration::from_secs(8)
    {
        has_ended = console.try_wait().expect("asked").is_some();
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = console.kill();
    let _ = console.wait();
    told.unwrap_or_else(|error| panic!("{error}"));
    assert!(has_ended, "it waits for the stream");
}

/// Opens a stream, tells the console to stop, and says when; returns when the stream has ended.
fn stop_while_listening(port: u16, process: u32) -> Result<Instant, Box<dyn std::error::Error>> {
    let url = format!("http://127.0.0.1:{port}");
    let client: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let deadline = Instant::now() + Duration::from_secs(30);
    while client.get(format!("{url}/health")).call().is_err() {
        if Instant::now() > deadline {
            return Err("the console does not answer".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let signed_in = client
        .post(format!("{url}/fn/sign_in"))
        .header("origin", &url)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .send(format!("name=admin&password={}", PASSWORD.replace(' ', "+")))?;
    let cookie = signed_in
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find(|value| value.starts_with("__Host-tidemark="))
        .and_then(|value| value.split(';').next())
        .ok_or("no session")?
        .to_owned();

    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "GET /events/factory HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
    )?;
    let mut received = String::new();
    let mut bytes = [0; 4096];
    while !received.contains("event: snapshot") {
        let count = stream.read(&mut bytes)?;
        if count == 0 {
            return Err(format!("no event: {received}").into());
        }
        received.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let told_at = Instant::now();
    let told = Command::new("kill")
        .args(["-TERM", &process.to_string()])
        .status()?;
    assert!(told.success());
    while stream.read(&mut bytes)? > 0 {}
    Ok(told_at)
}

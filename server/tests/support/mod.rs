//! The whole web side in this process: real router, real middleware, a state store of its own, a clock that is turned.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod database;
pub mod factory;
pub mod running;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use backend::accounts::TokenRequest;
use backend::audit::{ReadLog, write_reads};
use backend::auth::{Granted, PasswordHasher};
use backend::clock::{Clock, SharedClock, SystemClock};
use backend::collector::{Watched, watch_database};
use backend::console::{Console, ConsoleParts};
use backend::declared::Declarations;
use backend::history::{Limits, Recorder};
use backend::state::StateStore;
use domain::audit::{AuditEvent, AuditQuery};
use domain::history::Measurement;
use domain::observation::Observation;
use domain::role::{Permission, PermissionSet, Role};
use domain::snapshot::Snapshot;
use futures::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode, header};
use jiff::Timestamp;
use server::configuration::{Configuration, Environment};
use tower::ServiceExt;

pub const PASSWORD: &str = "correct horse battery";
pub const ORIGIN: &str = "http://127.0.0.1:3000";
/// Nobody listens on port 1.
const NO_DATABASE: &str = "postgres://tidemark:hunter2-of-the-database@127.0.0.1:1/factory";

#[derive(Debug)]
struct TurnedClock(Mutex<Timestamp>);

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("the clock")
    }
}

pub struct Site {
    pub console: Console,
    clock: Arc<TurnedClock>,
    router: Router,
    state_url: String,
    stop_reads: tokio::sync::watch::Sender<bool>,
    writing_reads: tokio::task::JoinHandle<()>,
    _directory: tempfile::TempDir,
}

/// An answer, read to its end; of a stream of events, which has none, the first.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The value of a cookie that was set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(|value| value.strip_prefix(name)?.strip_prefix('=')?.split(';').next())
            .map(str::to_owned)
    }
}

impl Site {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With further variables of the configuration.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::build(variables, None).await
    }

    /// With a database `factory` of which this was read.
    pub async fn showing(snapshot: Snapshot) -> Self {
        Self::build(&[], Some(snapshot)).await
    }

    async fn build(variables: &[(&str, &str)], snapshot: Option<Snapshot>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let state_url = format!("sqlite://{}", directory.path().join("state.db").display());
        let mut all = vec![
            ("TIDEMARK_DATABASE_URL", NO_DATABASE),
            ("TIDEMARK_STATE_URL", state_url.as_str()),
        ];
        all.extend_from_slice(variables);
        let environment: Environment = all
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let configuration = Configuration::load(None, &environment).expect("a valid configuration");
        let clock = Arc::new(TurnedClock(Mutex::new(SystemClock.now())));
        let shared = Arc::clone(&clock) as SharedClock;
        let databases: Vec<_> = configuration
            .databases
            .iter()
            .map(|database| {
                if let Some(snapshot) = &snapshot {
                    let observation = Observation::succeeded(snapshot.clone());
                    return Watched::still(database.name.clone(), observation);
                }
                let (watched, collecting) = watch_database(
                    database.name.clone(),
                    database.url.clone(),
                    Duration::from_hours(1),
                    Arc::clone(&shared),
                );
                tokio::spawn(collecting);
                watched
            })
            .collect();
        let (reads, queue) = ReadLog::new();
        let state = StateStore::open(&configuration.state_url)
            .await
            .expect("the store opens");
        let console = Console::new(ConsoleParts {
            state: state.clone(),
            hasher: PasswordHasher::new(2).expect("a hasher"),
            clock: shared,
            databases,
            reads,
            audit_keep_days: 365,
            public_address: ORIGIN.to_owned(),
            environment: None,
            declarations: Declarations::default(),
        });
        let (stop_reads, stopped) = tokio::sync::watch::channel(false);
        let writing_reads = tokio::spawn(write_reads(queue, state, stopped));
        let router =
            server::router::router(&configuration, &console, SocketAddr::from(([127, 0, 0, 1], 3000)));
        Self {
            console,
            clock,
            router,
            state_url,
            stop_reads,
            writing_reads,
            _directory: directory,
        }
    }

    /// Writes into the history of the database `factory`.
    pub async fn record(&self, measurements: &[Measurement]) {
        let url = self.state_url.parse().expect("an address");
        let state = StateStore::open(&url).await.expect("the store opens");
        let database = "factory".parse().expect("a name");
        Recorder::new(state, database, Limits::default())
            .record(measurements)
            .await
            .expect("recorded");
    }

    pub fn advance(&self, seconds: i64) {
        let mut now = self.clock.0.lock().expect("the clock");
        *now = now
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .expect("in range");
    }

    pub fn command_line(permission: Permission) -> Granted {
        Granted::of_command_line(permission)
    }

    pub async fn add_user(&self, name: &str, role: Role) {
        self.console
            .add_user(
                &Self::command_line(Permission::ManageUsers),
                name.parse().expect("a name"),
                role,
                &PASSWORD.into(),
            )
            .await
            .expect("added");
    }

    pub async fn token(&self, name: &str, role: Role) -> String {
        let request = TokenRequest {
            name: name.parse().expect("a name"),
            role,
            permissions: PermissionSet::default(),
            expires_at: None,
        };
        self.console
            .create_token(&Self::command_line(Permission::ManageUsers), request)
            .await
            .expect("created")
            .expose()
            .to_owned()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let is_stream = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "text/event-stream");
        let bytes = if is_stream {
            let first = body.into_data_stream().next().await;
            first.expect("an event").expect("sent")
        } else {
            axum::body::to_bytes(body, usize::MAX)
                .await
                .expect("the whole body")
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The answer as soon as it begins.
    pub async fn begin(&self, mut request: Request<Body>) -> Response<Body> {
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40000))));
        self.router.clone().oneshot(request).await.expect("infallible")
    }

    /// A page, as a browser asks for it.
    pub async fn page(&self, path: &str, session: Option<&str>) -> Answer {
        self.send(page(path, session)).await
    }

    /// `GET` of the API with a token.
    pub async fn api(&self, path: &str, token: &str) -> Answer {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .expect("a request");
        self.send(request).await
    }

    /// A server function, as the browser's code calls it.
    pub async fn call(&self, path: &str, form: &str, session: Option<&str>) -> Answer {
        self.send(form_post(path, form, session)).await
    }

    /// Signs in over the form; returns the session's cookie.
    pub async fn sign_in(&self, name: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.call("/fn/sign_in", &form, None).await;
        answer
            .cookie("__Host-tidemark")
            .unwrap_or_else(|| panic!("signed in: {answer:?}"))
    }

    /// A statement that goes past the console.
    pub async fn execute(&self, sql: &'static str) {
        use sqlx::Connection;

        let mut connection = sqlx::AnyConnection::connect(&self.state_url)
            .await
            .expect("the store");
        sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .expect("executed");
    }

    pub async fn audit(&self, query: &AuditQuery) -> Vec<AuditEvent> {
        let granted = Self::command_line(Permission::ViewAudit);
        let mut events = Vec::new();
        let mut query = query.clone();
        loop {
            let page = self.console.audit_page(&granted, &query).await.expect("read");
            events.extend(page.events);
            match page.next_before_id {
                Some(id) => query.before_id = Some(id),
                None => return events,
            }
        }
    }

    /// Ends what counts reads, so that all of them are written.
    pub async fn write_reads(&mut self) {
        let _ = self.stop_reads.send(true);
        let _ = (&mut self.writing_reads).await;
    }
}

fn with_session(builder: http::request::Builder, session: Option<&str>) -> http::request::Builder {
    match session {
        Some(session) => builder.header(header::COOKIE, format!("__Host-tidemark={session}")),
        None => builder,
    }
}

pub fn page(path: &str, session: Option<&str>) -> Request<Body> {
    with_session(Request::get(path), session)
        .header(header::ACCEPT, "text/html,application/xhtml+xml")
        .body(Body::empty())
        .expect("a request")
}

pub fn form_post(path: &str, form: &str, session: Option<&str>) -> Request<Body> {
    with_session(Request::post(path), session)
        .header(header::ORIGIN, ORIGIN)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .expect("a request")
}

pub fn json_post(path: &str, json: &str, session: Option<&str>) -> Request<Body> {
    with_session(Request::post(path), session)
        .header(header::ORIGIN, ORIGIN)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json.to_owned()))
        .expect("a request")
}

//! A console on each kind of state store, with a clock that stands still.

use std::sync::Arc;

use backend::audit::{ReadLog, write_reads};
use backend::auth::{Caller, Client, Granted, PasswordHasher, Principal, Session};
use backend::clock::SharedClock;
use backend::console::{Console, ConsoleParts};
use backend::declared::Declarations;
use backend::state::StateStore;
use domain::audit::{AuditEvent, AuditQuery};
use domain::role::{Permission, Role};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{FixedClock, Server, TestDatabase, server_url};

pub const PASSWORD: &str = "correct horse battery";

/// A console, and what must outlive it.
pub struct Fixture {
    pub console: Console,
    pub state: StateStore,
    pub clock: Arc<FixedClock>,
    pub url: String,
    stop_reads: watch::Sender<bool>,
    writing_reads: JoinHandle<()>,
    _directory: Option<tempfile::TempDir>,
    pub database: Option<TestDatabase>,
}

/// One on each kind of store; without a PostgreSQL server the second is skipped, visibly.
pub async fn fixtures(test: &str) -> Vec<Fixture> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite://{}", directory.path().join("state.db").display());
    let mut fixtures = vec![open(url, Some(directory), None).await];
    if let Some(server) = server_url(Server::Any, test) {
        let database = TestDatabase::plain(&server).await;
        fixtures.push(open(database.url(), None, Some(database)).await);
    }
    fixtures
}

async fn open(url: String, directory: Option<tempfile::TempDir>, database: Option<TestDatabase>) -> Fixture {
    let state = StateStore::open(&url.parse().expect("a state URL"))
        .await
        .expect("the store opens");
    let clock = FixedClock::from_now();
    let (reads, queue) = ReadLog::new();
    let (stop_reads, stopped) = watch::channel(false);
    let writing_reads = tokio::spawn(write_reads(queue, state.clone(), stopped));
    Fixture {
        console: Console::new(ConsoleParts {
            state: state.clone(),
            hasher: PasswordHasher::new(2).expect("a hasher"),
            clock: Arc::clone(&clock) as SharedClock,
            databases: Vec::new(),
            reads,
            audit_keep_days: 365,
            public_address: "http://127.0.0.1:3000".to_owned(),
            environment: None,
            declarations: Declarations::default(),
        }),
        state,
        clock,
        url,
        stop_reads,
        writing_reads,
        _directory: directory,
        database,
    }
}

pub fn client(address: &str) -> Client {
    Client {
        address: address.to_owned(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(),
        ..Client::default()
    }
}

impl Fixture {
    pub fn session(&self) -> Session {
        self.session_of(None)
    }

    /// What another request with this cookie works with.
    pub fn session_of(&self, id: Option<tower_sessions_core::session::Id>) -> Session {
        Session::new(id, Arc::new(self.console.session_store()), None)
    }

    /// A session in the store that belongs to a user.
    pub async fn signed_in(&self, name: &str) -> Session {
        let session = self.session();
        self.console
            .sign_in(&session, &client("192.0.2.1"), name, &PASSWORD.into())
            .await
            .expect("signed in");
        session.save().await.expect("saved");
        session
    }

    /// Who another request with this session's cookie comes from.
    pub async fn caller(&self, session: &Session) -> Caller {
        let again = self.session_of(session.id());
        let client = client("192.0.2.1");
        let principal = self.console.principal(&again, &client).await.expect("read");
        Caller::new(principal, client.address)
    }

    pub async fn is_signed_in(&self, session: &Session) -> bool {
        *self.caller(session).await.principal() != Principal::Anonymous
    }

    #[expect(clippy::unused_self, reason = "reads like the other grants")]
    pub fn command_line(&self) -> Granted {
        Granted::of_command_line(Permission::ManageUsers)
    }

    pub async fn add_user(&self, name: &str, role: Role) {
        self.console
            .add_user(
                &self.command_line(),
                name.parse().expect("a name"),
                role,
                &PASSWORD.into(),
            )
            .await
            .expect("added");
    }

    /// The grant of a user who has just signed in.
    pub async fn granted(&self, name: &str, permission: Permission) -> Granted {
        let session = self.signed_in(name).await;
        self.grant(&session, permission).await
    }

    /// A statement that goes past the console.
    pub async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        use sqlx::Connection;

        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&self.url).await?;
        let outcome = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await;
        connection.close().await?;
        outcome.map(drop)
    }

    /// What this session is granted.
    pub async fn grant(&self, session: &Session, permission: Permission) -> Granted {
        let caller = self.caller(session).await;
        self.console
            .demand(&caller, permission, "test")
            .await
            .expect("granted")
    }

    /// The whole audit trail, newest first, with what is still counted written down.
    pub async fn audit(&mut self) -> Vec<AuditEvent> {
        let _ = self.stop_reads.send(true);
        let _ = (&mut self.writing_reads).await;
        self.audit_now().await
    }

    /// The audit trail as it stands.
    pub async fn audit_now(&self) -> Vec<AuditEvent> {
        self.find(&AuditQuery::default()).await
    }

    pub async fn find(&self, query: &AuditQuery) -> Vec<AuditEvent> {
        let granted = Granted::of_command_line(Permission::ViewAudit);
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
}

//! A console with a database to change, and what tests ask of it again and again.

use std::time::Duration;

use backend::audit::ReadLog;
use backend::auth::{Granted, PasswordHasher};
use backend::collector::{Watched, watch_database};
use backend::console::{Console, ConsoleParts};
use backend::declared::Declarations;
use backend::policies::{ApplyPolicy, Planned, PolicyRefused, Preview, Wanted};
use backend::state::StateStore;
use domain::audit::{AuditEvent, AuditQuery};
use domain::declared::Declared;
use domain::policy::{Field, PolicyFields, PolicyKind};
use domain::policy_change::{ChangeState, PolicyChange};
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::table_name::TableName;

use crate::support::{Server, TestDatabase, server_url, system_clock};

/// The console's name for the database.
pub const FACTORY: &str = "factory";
/// Longer than any change takes.
pub const LONG: Duration = Duration::from_mins(1);

pub const COMPRESS_AFTER: Field = Field::Threshold(PolicyKind::Compression);
pub const DROP_AFTER: Field = Field::Threshold(PolicyKind::Retention);

/// A hypertable of days, with rows for the last forty.
pub const READINGS: &str = "
    create table readings (ts timestamptz not null, line int not null, meter int not null, value float);
    select create_hypertable('readings', by_range('ts', interval '1 day'));
    insert into readings select now() - i * interval '2 hours', i % 3, i % 20, i from generate_series(0, 479) i;
    analyze readings";

pub struct Workshop {
    pub console: Console,
    pub watched: Watched,
    pub state_url: String,
    _directory: tempfile::TempDir,
    _state: Option<TestDatabase>,
}

/// A database with TimescaleDB; `None` where the server is missing.
pub async fn database(server: Server, test: &str) -> Option<TestDatabase> {
    Some(TestDatabase::timescale(&server_url(server, test)?).await)
}

pub fn granted() -> Granted {
    Granted::of_command_line(Permission::ChangePolicies)
}

pub fn named(name: &str) -> TableName {
    TableName::new("public", name)
}

pub fn wanted(table: &str, fields: &[(Field, &str)]) -> Wanted {
    wanted_of(named(table), fields)
}

pub fn wanted_of(table: TableName, fields: &[(Field, &str)]) -> Wanted {
    let mut written = PolicyFields::default();
    for (field, text) in fields {
        written.set(*field, *text);
    }
    Wanted {
        table,
        fields: written,
    }
}

/// A console over a state store and a database.
pub async fn console(
    state_url: &str,
    database_url: &str,
    change_url: &str,
    declared: Declared,
) -> (Console, Watched) {
    let state = StateStore::open(&state_url.parse().expect("a state URL"))
        .await
        .expect("the store opens");
    let (watched, collecting) = watch_database(
        FACTORY.parse().expect("a name"),
        database_url.parse().expect("a connection URL"),
        Duration::from_hours(1),
        system_clock(),
    );
    tokio::spawn(collecting);
    let watched = watched.changing_with(change_url.parse().expect("a connection URL"));
    let (reads, _) = ReadLog::new();
    let console = Console::new(ConsoleParts {
        state,
        hasher: PasswordHasher::new(1).expect("a hasher"),
        clock: system_clock(),
        databases: vec![watched.clone()],
        reads,
        declarations: Declarations::new([(FACTORY.parse().expect("a name"), declared)].into()),
        audit_keep_days: 365,
        public_address: "http://127.0.0.1:3000".to_owned(),
        environment: None,
    });
    watched.refresh().await;
    (console, watched)
}

impl Workshop {
    pub async fn of(database: &TestDatabase) -> Self {
        Self::changing_with(database, &database.url()).await
    }

    /// One whose changes connect otherwise than its collector.
    pub async fn changing_with(database: &TestDatabase, change_url: &str) -> Self {
        Self::with(database, change_url, None, Declared::default()).await
    }

    /// One whose state lies on a server, as that of several replicas does.
    pub async fn of_replicas(database: &TestDatabase) -> Self {
        let state = TestDatabase::plain(&database.url().parse().expect("a URL")).await;
        Self::with(database, &database.url(), Some(state), Declared::default()).await
    }

    /// One that something is declared for.
    pub async fn declaring(database: &TestDatabase, declared: Declared) -> Self {
        Self::with(database, &database.url(), None, declared).await
    }

    async fn with(
        database: &TestDatabase,
        change_url: &str,
        state: Option<TestDatabase>,
        declared: Declared,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let state_url = match &state {
            Some(state) => state.url(),
            None => format!("sqlite://{}", directory.path().join("state.db").display()),
        };
        let (console, watched) = console(&state_url, &database.url(), change_url, declared).await;
        Self {
            console,
            watched,
            state_url,
            _directory: directory,
            _state: state,
        }
    }

    /// Another console over the same state.
    pub async fn another(&self, database: &TestDatabase) -> Console {
        let url = database.url();
        console(&self.state_url, &url, &url, Declared::default()).await.0
    }

    pub async fn preview(&self, wanted: &Wanted) -> Preview {
        preview(&self.console, wanted).await
    }

    pub async fn apply(&self, wanted: &Wanted) -> PolicyChange {
        Box::pin(apply(&self.console, wanted)).await
    }

    /// Applies what must succeed.
    pub async fn applied(&self, wanted: &Wanted) -> PolicyChange {
        let change = self.apply(wanted).await;
        assert_eq!(change.state, ChangeState::Applied, "{change:#?}");
        change
    }

    /// The fields of a table's policy as a form begins with them.
    pub async fn fields(&self, table: &TableName) -> PolicyFields {
        let policy = self.console.policy(&granted(), FACTORY, table).await;
        policy.expect("a policy").fields
    }

    pub async fn audit(&self) -> Vec<AuditEvent> {
        audit(&self.console).await
    }
}

pub async fn audit(console: &Console) -> Vec<AuditEvent> {
    let granted = Granted::of_command_line(Permission::ViewAudit);
    let page = console.audit_page(&granted, &AuditQuery::default()).await;
    page.expect("the audit trail").events
}

pub async fn preview(console: &Console, wanted: &Wanted) -> Preview {
    console
        .preview_policy(&granted(), FACTORY, wanted)
        .await
        .expect("a preview")
}

pub fn planned(preview: &Preview) -> &Planned {
    preview.planned.as_ref().expect("a plan")
}

/// As somebody applies what a preview showed, with the name typed.
pub fn application(preview: &Preview) -> ApplyPolicy {
    ApplyPolicy {
        wanted: preview.wanted.clone(),
        fingerprint: planned(preview).plan.fingerprint.clone(),
        typed_name: planned(preview).plan.relation.to_string(),
        reason: "a test".to_owned(),
        undoes: None,
    }
}

/// Previews and applies; panics where it is refused before anything is done.
pub async fn apply(console: &Console, wanted: &Wanted) -> PolicyChange {
    let preview = preview(console, wanted).await;
    let applied = Box::pin(apply_and_wait(console, application(&preview))).await;
    applied.unwrap_or_else(|refused| panic!("{refused}"))
}

pub async fn apply_and_wait(console: &Console, apply: ApplyPolicy) -> Result<PolicyChange, PolicyRefused> {
    let id = Box::pin(console.apply_policy(&granted(), FACTORY, apply)).await?;
    console.await_policy_change(&granted(), FACTORY, id, LONG).await
}

pub async fn edition(console: &Console, table: &TableName) -> Edition {
    let policy = console.policy(&granted(), FACTORY, table).await;
    policy.expect("a policy").edition
}

//! What the server refused to change, in a sentence a person can act on.

use std::fmt;

use domain::table_name::TableName;
use sqlx::FromRow;
use sqlx::postgres::{PgConnection, PgDatabaseError};

/// At most so many holders of a lock are named.
const NAMED_HOLDERS: usize = 3;

/// What a refusal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// 42501: the role may not.
    RightsMissing,
    /// 55P03: somebody else held what had to be locked.
    Locked,
    /// 53200: no room for as many locks.
    TooManyLocks,
    /// 53200: no memory otherwise.
    OutOfMemory,
    /// 53100: no room on the disk.
    DiskFull,
    /// 0A000, because of the edition.
    EditionWithout,
    /// 0A000, for another reason.
    NotOffered,
    /// 28000 and 28P01: the role may not log in.
    LoginRefused,
    /// 22023 and its kin: a value the server does not take.
    InvalidValue,
    /// 57014: cancelled, by somebody or by its time limit.
    Cancelled,
    /// 40P01 and 40001: two transactions stood in each other's way.
    Conflict,
    /// 42P01 and its kin: what it was about is gone.
    Gone,
    /// 25006: nothing can be changed there.
    ReadOnly,
    /// Starting, stopping, or without a free connection.
    NotReady,
    /// The connection was lost: nobody knows yet whether it was done.
    ConnectionLost,
    /// Anything else, in the server's own words.
    Other,
}

/// Why the server did not do what it was asked to. Shown, it is a sentence or two a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ServerRefusal {
    kind: RefusalKind,
    sqlstate: Option<String>,
    message: String,
    role: Option<String>,
    target: Option<String>,
    holders: Vec<LockHolder>,
}

/// A session that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LockHolder {
    /// Its process; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// Its role; `None` where it is hidden.
    pub role: Option<String>,
    /// What it calls itself; empty where it does not.
    pub application_name: String,
    /// What it does: `active`, `idle in transaction`; `None` where it is hidden.
    pub state: Option<String>,
    /// How long its transaction has lasted, in seconds.
    pub transaction_s: Option<i64>,
}

/// Why a statement failed.
pub fn refusal_of(error: &sqlx::Error) -> ServerRefusal {
    let refusal = |kind, sqlstate: Option<String>, message: String| ServerRefusal {
        kind,
        sqlstate,
        message,
        role: None,
        target: None,
        holders: Vec::new(),
    };
    match error {
        sqlx::Error::Database(database) => {
            let sqlstate = database.code().map(|code| code.to_string());
            let kind = kind_of(sqlstate.as_deref().unwrap_or_default(), database.message());
            let mut message = database.message().to_owned();
            if let Some(of) = database.try_downcast_ref::<PgDatabaseError>() {
                for more in [of.detail(), of.hint()].into_iter().flatten() {
                    message.push_str(if message.ends_with(['.', '!', '?']) {
                        " "
                    } else {
                        ". "
                    });
                    message.push_str(more);
                }
            }
            refusal(kind, sqlstate, message)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => refusal(RefusalKind::ConnectionLost, None, error.to_string()),
        other => refusal(RefusalKind::Other, None, other.to_string()),
    }
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>. The message tells only apart what
/// shares one: `TimescaleDB` names its license in a word that is never translated, and so does PostgreSQL the setting.
fn kind_of(sqlstate: &str, message: &str) -> RefusalKind {
    match sqlstate {
        "42501" => RefusalKind::RightsMissing,
        "55P03" => RefusalKind::Locked,
        // Only the lock table is shared memory that a session can use up.
        "53200" if message.contains("shared") || message.contains("max_locks_per_transaction") => {
            RefusalKind::TooManyLocks
        }
        "53200" => RefusalKind::OutOfMemory,
        "53100" => RefusalKind::DiskFull,
        "0A000" if message.contains("license") => RefusalKind::EditionWithout,
        "0A000" => RefusalKind::NotOffered,
        "28000" | "28P01" => RefusalKind::LoginRefused,
        "57014" => RefusalKind::Cancelled,
        "40P01" | "40001" => RefusalKind::Conflict,
        "42P01" | "42704" | "42883" | "3F000" => RefusalKind::Gone,
        "25006" => RefusalKind::ReadOnly,
        "57P03" | "53300" => RefusalKind::NotReady,
        "57P01" | "57P02" | "57P05" | "25P03" | "25P04" => RefusalKind::ConnectionLost,
        code if code.starts_with("08") => RefusalKind::ConnectionLost,
        code if code.starts_with("22") => RefusalKind::InvalidValue,
        _ => RefusalKind::Other,
    }
}

impl ServerRefusal {
    /// What it asks for.
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }

    /// The server's code, where there is one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.sqlstate.as_deref()
    }

    /// The server's own words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same may work in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, RefusalKind::Locked | RefusalKind::Conflict)
    }

    /// Whether nobody knows if it was done.
    pub fn is_uncertain(&self) -> bool {
        self.kind == RefusalKind::ConnectionLost
    }

    /// Which role asked.
    #[must_use]
    pub fn as_role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// What it was about: a table, a chunk, a job.
    #[must_use]
    pub fn on(mut self, target: impl fmt::Display) -> Self {
        self.target = Some(target.to_string());
        self
    }

    /// Who holds what had to be locked.
    #[must_use]
    pub fn held_by(mut self, holders: Vec<LockHolder>) -> Self {
        self.holders = holders;
        self
    }

    fn target(&self) -> &str {
        self.target.as_deref().unwrap_or("the table")
    }
}

impl fmt::Display for ServerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target();
        match self.kind {
            RefusalKind::RightsMissing => match &self.role {
                Some(role) => write!(
                    f,
                    "The role {role} may not change {target}. Grant it the role that owns the table, or configure a \
                     change_url with a role that has it."
                )?,
                None => write!(
                    f,
                    "The console's role may not change {target}. Grant it the role that owns the table, or configure a \
                     change_url with a role that has it."
                )?,
            },
            RefusalKind::Locked => {
                write!(f, "{} could not be locked in time", capital(target))?;
                self.write_holders(f)?;
                f.write_str(". Nothing of it was changed. Try again once that has ended.")?;
            }
            RefusalKind::TooManyLocks => f.write_str(
                "The server has no room for as many locks at once. Do fewer chunks at a time, or raise \
                 max_locks_per_transaction (needs a restart).",
            )?,
            RefusalKind::OutOfMemory => f.write_str(
                "The server is out of memory. Do fewer chunks at a time, or give it more memory.",
            )?,
            RefusalKind::DiskFull => f.write_str("The server's disk is full. Free some room first.")?,
            RefusalKind::EditionWithout => f.write_str(
                "The server's edition of TimescaleDB does not have this. It needs the Community edition \
                 (timescaledb.license = timescale).",
            )?,
            RefusalKind::NotOffered => write!(f, "The server does not do this to {target}.")?,
            RefusalKind::LoginRefused => match &self.role {
                Some(role) => write!(
                    f,
                    "The server does not let the role {role} log in. Check its password and pg_hba.conf, and that it has \
                     LOGIN (ALTER ROLE … LOGIN)."
                )?,
                None => f.write_str(
                    "The server does not let a role log in that this needs. Check its password and pg_hba.conf, and that \
                     it has LOGIN (ALTER ROLE … LOGIN).",
                )?,
            },
            RefusalKind::InvalidValue => write!(f, "The server does not take a value given for {target}.")?,
            RefusalKind::Cancelled => f.write_str(
                "The statement was cancelled before it was done: by somebody, or because it took longer than it may. \
                 Nothing of it was changed.",
            )?,
            RefusalKind::Conflict => f.write_str(
                "This and another transaction waited for each other, and the server ended this one. Nothing of it was \
                 changed. Try again.",
            )?,
            RefusalKind::Gone => write!(f, "{} or something it needs is not there any more.", capital(target))?,
            RefusalKind::ReadOnly => f.write_str(
                "The server takes no changes: it is a standby, or set to read only. Configure a change_url of the primary.",
            )?,
            RefusalKind::NotReady => f.write_str(
                "The server takes no connection now: it starts, stops, or all its connections are taken. Try again in a \
                 moment.",
            )?,
            RefusalKind::ConnectionLost => f.write_str(
                "The connection to the database was lost. Whether it was done shows once the database answers again.",
            )?,
            RefusalKind::Other => f.write_str("The server refused.")?,
        }
        match &self.sqlstate {
            Some(sqlstate) => write!(f, " The server says: {} (SQLSTATE {sqlstate}).", self.message),
            None => write!(f, " ({})", self.message),
        }
    }
}

impl ServerRefusal {
    fn write_holders(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, holder) in self.holders.iter().take(NAMED_HOLDERS).enumerate() {
            f.write_str(if index == 0 { ": " } else { ", " })?;
            write!(f, "{holder}")?;
        }
        match self.holders.len() {
            0 => Ok(()),
            1 => f.write_str(" holds it"),
            more if more > NAMED_HOLDERS => write!(f, " and {} more hold it", more - NAMED_HOLDERS),
            _ => f.write_str(" hold it"),
        }
    }
}

/// `process 4711 (role anna, psql, idle in transaction for 12 s)`.
impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("a prepared transaction")?,
        }
        let mut words = Vec::new();
        if let Some(role) = &self.role {
            words.push(format!("role {role}"));
        }
        if !self.application_name.is_empty() {
            words.push(self.application_name.clone());
        }
        match (&self.state, self.transaction_s) {
            (Some(state), Some(seconds)) => words.push(format!("{state} for {seconds} s")),
            (Some(state), None) => words.push(state.clone()),
            (None, _) => {}
        }
        if words.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", words.join(", "))
        }
    }
}

fn capital(text: &str) -> String {
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => text.to_owned(),
    }
}

/// Other sessions that hold a lock on one of the relations, its chunks or what these are compressed in, the strongest
/// first. Asked after a statement gave up waiting. `pg_locks` holds the lock table still for a moment, some ms at 20,000
/// locks.
pub async fn lock_holders(
    connection: &mut PgConnection,
    relations: &[TableName],
) -> Result<Vec<LockHolder>, sqlx::Error> {
    let names: Vec<String> = relations.iter().map(TableName::as_identifier).collect();
    sqlx::query_as(
        "with wanted as (
           select to_regclass(name)::oid as rel from unnest($1::text[]) name
           union
           select i.inhrelid from unnest($1::text[]) name join pg_inherits i on i.inhparent = to_regclass(name)::oid
         ), related as (
           select rel from wanted
           union
           select s.compress_relid::oid from _timescaledb_catalog.compression_settings s
           join wanted w on w.rel = s.relid where s.compress_relid is not null
         )
         select l.pid::int4 as pid, a.usename::text as role,
           coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), '')::text
             as application_name,
           a.state::text as state,
           extract(epoch from clock_timestamp() - a.xact_start)::int8 as transaction_s
         from pg_locks l
         left join pg_stat_activity a on a.pid = l.pid
         where l.granted and l.locktype = 'relation' and l.pid is distinct from pg_backend_pid()
           and l.database = (select oid from pg_database where datname = current_database())
           and l.relation in (select rel from related)
         group by l.pid, a.usename, a.application_name, a.backend_type, a.state, a.xact_start
         order by max(array_position(array[
           'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
           'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
         ], l.mode)) desc, a.xact_start
         limit 20",
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(sqlstate: &str, message: &str) -> ServerRefusal {
        ServerRefusal {
            kind: kind_of(sqlstate, message),
            sqlstate: Some(sqlstate.to_owned()),
            message: message.to_owned(),
            role: None,
            target: None,
            holders: Vec::new(),
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_and_quotes_the_server() {
        for (sqlstate, message, words) in [
            (
                "42501",
                "must be owner of hypertable",
                "Grant it the role that owns the table",
            ),
            (
                "55P03",
                "canceling statement due to lock timeout",
                "could not be locked in time",
            ),
            ("53200", "out of shared memory", "raise max_locks_per_transaction"),
            ("53200", "out of memory", "out of memory"),
            (
                "0A000",
                "function \"compress_chunk\" is not supported under the current \"apache\" license",
                "needs the Community edition",
            ),
            (
                "0A000",
                "operation not supported on tiered chunk",
                "does not do this",
            ),
            ("28000", "role is not permitted to log in", "ALTER ROLE … LOGIN"),
            ("22023", "invalid time zone", "does not take a value"),
            (
                "57014",
                "canceling statement due to user request",
                "was cancelled before it was done",
            ),
            (
                "57P01",
                "terminating connection",
                "connection to the database was lost",
            ),
            ("XX000", "it broke", "The server refused."),
        ] {
            let text = refusal(sqlstate, message).to_string();
            assert!(text.contains(words), "{text}");
            assert!(text.contains(message) && text.contains(sqlstate), "{text}");
        }
    }

    #[test]
    fn whoever_holds_a_lock_is_named() {
        let holder = |pid| LockHolder {
            pid: Some(pid),
            role: Some("anna".to_owned()),
            application_name: "psql".to_owned(),
            state: Some("idle in transaction".to_owned()),
            transaction_s: Some(12),
        };
        let locked = refusal("55P03", "canceling statement due to lock timeout").on("metric_hist");
        assert!(locked.may_pass());
        assert!(locked.clone().held_by(vec![holder(7)]).to_string().starts_with(
            "metric_hist could not be locked in time: process 7 (role anna, psql, idle in transaction for 12 s) holds it. \
             Nothing of it was changed."
        ));
        let many = locked.held_by((1..=5).map(holder).collect()).to_string();
        assert!(many.contains(" and 2 more hold it."), "{many}");
    }

    #[test]
    fn a_lost_connection_leaves_open_what_was_done() {
        let io = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset by peer");
        let refusal = refusal_of(&sqlx::Error::Io(io));
        assert!(refusal.is_uncertain() && !refusal.may_pass());
        assert!(refusal.to_string().contains("connection reset by peer"));
    }
}

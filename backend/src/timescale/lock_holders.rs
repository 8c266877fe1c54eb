//! Who is in the way of a statement that gave up waiting for a lock.

use std::fmt;

use domain::table_name::TableName;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

/// At most so many holders of a lock are named.
const NAMED_HOLDERS: usize = 3;

/// A session that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct LockHolder {
    /// Its process; `None` for a prepared transaction.
    pub(crate) pid: Option<i32>,
    /// Its role; `None` where it is hidden.
    pub(crate) role: Option<String>,
    /// What it calls itself; empty where it does not.
    pub(crate) application_name: String,
    /// What it does: `active`, `idle in transaction`; `None` where it is hidden.
    pub(crate) state: Option<String>,
    /// How long its transaction has lasted, in seconds.
    pub(crate) transaction_s: Option<i64>,
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

/// As they stand in a sentence: `process 4711 (role anna, psql), process 4712 (role bert) and 2 more`; `None` for nobody.
pub(crate) fn named(holders: &[LockHolder]) -> Option<String> {
    let (first, rest) = holders.split_at(holders.len().min(NAMED_HOLDERS));
    let names: Vec<String> = first.iter().map(ToString::to_string).collect();
    match (names.is_empty(), rest.len()) {
        (true, _) => None,
        (false, 0) => Some(names.join(", ")),
        (false, more) => Some(format!("{} and {more} more", names.join(", "))),
    }
}

/// Other sessions that hold a lock on one of the relations, its chunks or what these are compressed in, the strongest
/// first. Asked after a statement gave up waiting. `pg_locks` holds the lock table still for a moment, some ms at 20,000
/// locks.
pub(crate) async fn lock_holders(
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

    #[test]
    fn whoever_holds_a_lock_is_named() {
        let holder = |pid| LockHolder {
            pid: Some(pid),
            role: Some("anna".to_owned()),
            application_name: "psql".to_owned(),
            state: Some("idle in transaction".to_owned()),
            transaction_s: Some(12),
        };
        assert_eq!(named(&[]), None);
        assert_eq!(
            named(&[holder(7)]).as_deref(),
            Some("process 7 (role anna, psql, idle in transaction for 12 s)")
        );
        let many: Vec<LockHolder> = (1..=5).map(holder).collect();
        assert!(named(&many).is_some_and(|text| text.ends_with(" and 2 more")));
    }
}

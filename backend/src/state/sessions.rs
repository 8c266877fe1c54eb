//! Sessions, kept under the SHA-256 of their id: who reads the table can't take over a session.

use async_trait::async_trait;
use domain::account::{Account, OpenSession};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result, SessionStore};

use super::{StateError, StateStore, loaded, stored};
use crate::clock::SharedClock;
use crate::random::digest;

/// The key of a session's data under which the signed-in user's id stands; the store keeps it in a column of its
/// own, so that a user's sessions can be found and ended.
pub(crate) const USER_KEY: &str = "user_id";
/// When the session began, in milliseconds since 1970.
pub(crate) const SIGNED_IN_AT_KEY: &str = "signed_in_at_ms";
/// The user's epoch it began in.
pub(crate) const EPOCH_KEY: &str = "epoch";
/// A session ends this long after signing in, however much it is used.
pub(crate) const ABSOLUTE_LIFETIME_MS: i64 = 12 * 60 * 60 * 1000;
/// When it was last used, to the minute.
pub(crate) const USED_AT_KEY: &str = "used_at_ms";
/// The address it was last used from.
pub(crate) const ADDRESS_KEY: &str = "address";
/// The browser, in words.
pub(crate) const BROWSER_KEY: &str = "browser";

/// Keeps `tower-sessions`' sessions in the state store.
#[derive(Debug, Clone)]
pub struct StateSessionStore {
    state: StateStore,
    clock: SharedClock,
}

impl StateSessionStore {
    /// A session store on this state store.
    pub fn new(state: StateStore, clock: SharedClock) -> Self {
        Self { state, clock }
    }
}

fn id_hash(id: &Id) -> String {
    digest(&id.to_string())
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

/// The record without its id: the id in clear must never reach the table.
fn encode(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn expires_at_ms(record: &Record) -> i64 {
    record.expiry_date.unix_timestamp().saturating_mul(1000)
}

fn user_id(record: &Record) -> Option<i64> {
    record.data.get(USER_KEY).and_then(serde_json::Value::as_i64)
}

#[async_trait]
impl SessionStore for StateSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let inserted = sqlx::query(
                "insert into sessions (id_hash, user_id, data, created_at_ms, expires_at_ms)
                 values ($1, $2, $3, $4, $5) on conflict (id_hash) do nothing",
            )
            .bind(id_hash(&record.id))
            .bind(user_id(record))
            .bind(encode(record)?)
            .bind(stored(self.clock.now()))
            .bind(expires_at_ms(record))
            .execute(&self.state.pool)
            .await
            .map_err(backend)?
            .rows_affected();
            if inserted == 1 {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    /// Updates only: a session that was ended meanwhile (signed out elsewhere, user disabled) must stay ended.
    async fn save(&self, record: &Record) -> Result<()> {
        sqlx::query("update sessions set user_id = $1, data = $2, expires_at_ms = $3 where id_hash = $4")
            .bind(user_id(record))
            .bind(encode(record)?)
            .bind(expires_at_ms(record))
            .bind(id_hash(&record.id))
            .execute(&self.state.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row =
            sqlx::query("select data, expires_at_ms from sessions where id_hash = $1 and expires_at_ms > $2")
                .bind(id_hash(id))
                .bind(stored(self.clock.now()))
                .fetch_optional(&self.state.pool)
                .await
                .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let data: String = row.try_get("data").map_err(backend)?;
        let expires_at_ms: i64 = row.try_get("expires_at_ms").map_err(backend)?;
        Ok(Some(Record {
            id: *id,
            data: serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?,
            expiry_date: time::OffsetDateTime::from_unix_timestamp(expires_at_ms / 1000)
                .map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query("delete from sessions where id_hash = $1")
            .bind(id_hash(id))
            .execute(&self.state.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}

impl StateStore {
    /// Removes the sessions that are out of date; returns how many.
    pub async fn remove_expired_sessions(&self, now: Timestamp) -> std::result::Result<u64, StateError> {
        Ok(sqlx::query("delete from sessions where expires_at_ms <= $1")
            .bind(stored(now))
            .execute(&self.pool)
            .await?
            .rows_affected())
    }

    /// The sessions a user has open, the last used first.
    pub(crate) async fn open_sessions(
        &self,
        user_id: i64,
        current: Option<&str>,
        now: Timestamp,
    ) -> std::result::Result<Vec<OpenSession>, StateError> {
        let rows =
            sqlx::query("select id, id_hash, data from sessions where user_id = $1 and expires_at_ms > $2")
                .bind(user_id)
                .bind(stored(now))
                .fetch_all(&self.pool)
                .await?;
        let mut sessions = rows
            .iter()
            .map(|row| open_session(row, current))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        sessions.sort_by_key(|session| (!session.is_current, std::cmp::Reverse(session.used_at)));
        Ok(sessions)
    }
}

/// The account of a user who may sign in, while this session of theirs is open: used lately, begun lately, and in the
/// user's epoch.
pub(crate) async fn open_account(
    connection: &mut AnyConnection,
    id_hash: &str,
    user_id: i64,
    now: Timestamp,
) -> std::result::Result<Option<Account>, StateError> {
    let row = sqlx::query(
        "select u.name, u.role, u.sessions_epoch, s.data
         from sessions s join users u on u.id = s.user_id and u.disabled_at_ms is null
         where s.id_hash = $1 and s.user_id = $2 and s.expires_at_ms > $3",
    )
    .bind(id_hash)
    .bind(user_id)
    .bind(stored(now))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let text: String = row.try_get("data")?;
    let data: serde_json::Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let signed_in_at = number(&data, SIGNED_IN_AT_KEY).ok_or_else(unreadable)?;
    let is_open = stored(now) - signed_in_at < ABSOLUTE_LIFETIME_MS
        && number(&data, EPOCH_KEY) == Some(row.try_get("sessions_epoch")?);
    is_open.then(|| super::users::account(&row)).transpose()
}

fn number(data: &serde_json::Value, key: &str) -> Option<i64> {
    data.get(key).and_then(serde_json::Value::as_i64)
}

fn unreadable() -> StateError {
    StateError::Unreadable("a session".to_owned())
}

/// What the table calls a session's id.
pub(crate) fn session_digest(id: Id) -> String {
    id_hash(&id)
}

/// Ends every session of a user, those that are just beginning too; returns the epoch in which new ones begin.
pub(crate) async fn end_sessions(
    connection: &mut AnyConnection,
    user_id: i64,
) -> std::result::Result<i64, StateError> {
    let epoch = sqlx::query_scalar(
        "update users set sessions_epoch = sessions_epoch + 1 where id = $1 returning sessions_epoch",
    )
    .bind(user_id)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("delete from sessions where user_id = $1")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(epoch)
}

/// Ends every session of everybody, those that are just beginning too; returns how many were open.
pub(crate) async fn end_everyones_sessions(
    connection: &mut AnyConnection,
) -> std::result::Result<u64, StateError> {
    sqlx::query("update users set sessions_epoch = sessions_epoch + 1")
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query("delete from sessions where user_id is not null")
        .execute(connection)
        .await?
        .rows_affected())
}

/// Keeps the sessions that were used last, and ends the others of a user: one account holds so many at a time.
pub(crate) async fn keep_newest_sessions(
    connection: &mut AnyConnection,
    user_id: i64,
    kept: i64,
) -> std::result::Result<(), StateError> {
    sqlx::query(
        "delete from sessions where user_id = $1 and id not in
           (select id from sessions where user_id = $1 order by expires_at_ms desc, id desc limit $2)",
    )
    .bind(user_id)
    .bind(kept)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends one session of a user; false where the user has none of this number.
pub(crate) async fn end_session(
    connection: &mut AnyConnection,
    user_id: i64,
    id: i64,
) -> std::result::Result<bool, StateError> {
    Ok(sqlx::query("delete from sessions where user_id = $1 and id = $2")
        .bind(user_id)
        .bind(id)
        .execute(connection)
        .await?
        .rows_affected()
        == 1)
}

fn open_session(row: &AnyRow, current: Option<&str>) -> std::result::Result<OpenSession, StateError> {
    let text: String = row.try_get("data")?;
    let data: serde_json::Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let words = |key: &str| {
        data.get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    let signed_in_at = number(&data, SIGNED_IN_AT_KEY).ok_or_else(unreadable)?;
    let id_hash: String = row.try_get("id_hash")?;
    Ok(OpenSession {
        id: row.try_get("id")?,
        address: words(ADDRESS_KEY),
        browser: words(BROWSER_KEY),
        signed_in_at: loaded(signed_in_at)?,
        used_at: loaded(number(&data, USED_AT_KEY).unwrap_or(signed_in_at))?,
        is_current: current == Some(id_hash.as_str()),
    })
}

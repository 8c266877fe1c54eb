//! Sessions, kept under the SHA-256 of their id: who reads the table can't take over a session.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result, SessionStore};

use super::{StateError, StateStore, stored};
use crate::clock::SharedClock;
use crate::random::digest;

/// The key of a session's data under which the signed-in user's id stands; the store keeps it in a column of its
/// own, so that a user's sessions can be found and ended.
pub const SESSION_USER_KEY: &str = "user_id";

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
    record
        .data
        .get(SESSION_USER_KEY)
        .and_then(serde_json::Value::as_i64)
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
}

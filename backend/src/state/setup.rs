//! The link with which the first administrator is created.

use jiff::Timestamp;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored};

impl StateStore {
    /// Replaces the setup link. Only while there is no user; returns whether there is a link now.
    pub async fn put_setup_link(
        &self,
        token_digest: &str,
        expires_at: Timestamp,
    ) -> Result<bool, StateError> {
        let mut transaction = self.begin().await?;
        sqlx::query("delete from setup_link")
            .execute(&mut *transaction)
            .await?;
        let users: i64 = sqlx::query_scalar("select count(*) from users")
            .fetch_one(&mut *transaction)
            .await?;
        let mut inserted = 0;
        if users == 0 {
            // Another replica that starts at the same moment may be faster: then its link is the one.
            let statement = "insert into setup_link (id, token_hash, expires_at_ms) values (1, $1, $2) on conflict do nothing";
            inserted = sqlx::query(statement)
                .bind(token_digest)
                .bind(stored(expires_at))
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        transaction.commit().await?;
        Ok(inserted == 1)
    }

    /// Whether this is the setup link that is valid now.
    pub async fn has_setup_link(&self, token_digest: &str, now: Timestamp) -> Result<bool, StateError> {
        let row = sqlx::query("select expires_at_ms from setup_link where token_hash = $1")
            .bind(token_digest)
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some(row) => Ok(loaded(row.try_get("expires_at_ms")?)? > now),
            None => Ok(false),
        }
    }
}

/// Uses up the setup link; false where it cannot be used (any more), or there is a user already.
pub(crate) async fn use_setup_link(
    connection: &mut AnyConnection,
    token_digest: &str,
    now: Timestamp,
) -> Result<bool, StateError> {
    let consumed = sqlx::query("delete from setup_link where token_hash = $1 and expires_at_ms > $2")
        .bind(token_digest)
        .bind(stored(now))
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let users: i64 = sqlx::query_scalar("select count(*) from users")
        .fetch_one(connection)
        .await?;
    Ok(consumed == 1 && users == 0)
}

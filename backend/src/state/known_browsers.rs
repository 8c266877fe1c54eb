//! Browsers that have signed in as a user before.

use domain::account::UserName;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{StateError, StateStore, stored};

/// Each has a budget of its own, so there is an end to them.
const KNOWN_AT_ONCE: i64 = 20;

impl StateStore {
    /// The id of the known browser of this token, if it belongs to the user of this name.
    pub(crate) async fn known_browser(
        &self,
        token_digest: &str,
        name: &UserName,
        now: Timestamp,
    ) -> Result<Option<i64>, StateError> {
        Ok(sqlx::query_scalar(
            "select b.id from known_browsers b join users u on u.id = b.user_id
             where b.token_hash = $1 and u.name = $2 and b.expires_at_ms > $3",
        )
        .bind(token_digest)
        .bind(name.as_str())
        .bind(stored(now))
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Remembers a browser; its older token is void.
    pub(crate) async fn remember_browser(
        &self,
        user_id: i64,
        old_digest: Option<&str>,
        new_digest: &str,
        expires_at: Timestamp,
    ) -> Result<(), StateError> {
        let mut transaction = self.begin().await?;
        if let Some(old) = old_digest {
            sqlx::query("delete from known_browsers where token_hash = $1 and user_id = $2")
                .bind(old)
                .bind(user_id)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("insert into known_browsers (token_hash, user_id, expires_at_ms) values ($1, $2, $3)")
            .bind(new_digest)
            .bind(user_id)
            .bind(stored(expires_at))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "delete from known_browsers where user_id = $1 and id not in
               (select id from known_browsers where user_id = $1 order by id desc limit $2)",
        )
        .bind(user_id)
        .bind(KNOWN_AT_ONCE)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets the browsers that have not signed in for long.
    pub(crate) async fn remove_expired_browsers(&self, now: Timestamp) -> Result<(), StateError> {
        sqlx::query("delete from known_browsers where expires_at_ms <= $1")
            .bind(stored(now))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Forgets a user's browsers: somebody else may have the password, and with it the browser.
pub(crate) async fn forget_browsers(connection: &mut AnyConnection, user_id: i64) -> Result<(), StateError> {
    sqlx::query("delete from known_browsers where user_id = $1")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}

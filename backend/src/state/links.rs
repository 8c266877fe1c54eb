//! Invitations and password resets: links that are used once.

use domain::account::Account;
use jiff::Timestamp;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// A new user chooses a first password.
    Invitation,
    /// A user chooses another one.
    Reset,
}

impl LinkPurpose {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// A link that can be used now.
#[derive(Debug, Clone)]
pub struct PasswordLink {
    /// Whose.
    pub user_id: i64,
    /// Name and role.
    pub account: Account,
    /// What for.
    pub purpose: LinkPurpose,
}

impl StateStore {
    /// The link of this token, if it can be used now: in time, and its user not disabled.
    pub(crate) async fn password_link(
        &self,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<Option<PasswordLink>, StateError> {
        let row = sqlx::query(
            "select l.user_id, l.purpose, l.expires_at_ms from password_links l
             join users u on u.id = l.user_id and u.disabled_at_ms is null where l.token_hash = $1",
        )
        .bind(token_digest)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if loaded(row.try_get("expires_at_ms")?)? <= now {
            return Ok(None);
        }
        let user_id: i64 = row.try_get("user_id")?;
        let purpose: String = row.try_get("purpose")?;
        Ok(self.user(user_id).await?.map(|user| PasswordLink {
            user_id,
            account: user.account,
            purpose: if purpose == LinkPurpose::Invitation.as_str() {
                LinkPurpose::Invitation
            } else {
                LinkPurpose::Reset
            },
        }))
    }
}

/// Gives a user a link; an older one is void from then on.
pub(crate) async fn put_link(
    connection: &mut AnyConnection,
    user_id: i64,
    token_digest: &str,
    purpose: LinkPurpose,
    expires_at: Timestamp,
) -> Result<(), StateError> {
    remove_link(connection, user_id).await?;
    sqlx::query(
        "insert into password_links (user_id, token_hash, purpose, expires_at_ms) values ($1, $2, $3, $4)",
    )
    .bind(user_id)
    .bind(token_digest)
    .bind(purpose.as_str())
    .bind(stored(expires_at))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a user's link back, if there is one.
pub(crate) async fn remove_link(connection: &mut AnyConnection, user_id: i64) -> Result<(), StateError> {
    sqlx::query("delete from password_links where user_id = $1")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Uses a link up; false where it cannot be used (any more).
pub(crate) async fn use_link(
    connection: &mut AnyConnection,
    token_digest: &str,
    now: Timestamp,
) -> Result<bool, StateError> {
    Ok(
        sqlx::query("delete from password_links where token_hash = $1 and expires_at_ms > $2")
            .bind(token_digest)
            .bind(stored(now))
            .execute(connection)
            .await?
            .rows_affected()
            == 1,
    )
}

//! Users.

use domain::account::{Account, UserName};
use domain::role::Role;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{StateError, StateStore, loaded, stored};
use crate::auth::PasswordHash;

/// A user as stored.
#[derive(Debug, Clone)]
pub struct StoredUser {
    /// Never given to another user.
    pub id: i64,
    /// Name and role.
    pub account: Account,
    /// The argon2id hash.
    pub password_hash: PasswordHash,
    /// When an administrator disabled the user; `None` while enabled.
    pub disabled_at: Option<Timestamp>,
}

/// A user to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Must not exist yet.
    pub name: UserName,
    /// The role.
    pub role: Role,
    /// The argon2id hash.
    pub password_hash: PasswordHash,
}

/// Why a user could not be added.
#[derive(Debug, thiserror::Error)]
pub enum UserExists {
    /// The name is taken.
    #[error("there is a user {0} already")]
    Taken(UserName),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl StateStore {
    /// How many users there are, disabled ones included.
    pub async fn count_users(&self) -> Result<i64, StateError> {
        Ok(sqlx::query_scalar("select count(*) from users")
            .fetch_one(&self.pool)
            .await?)
    }

    /// The user of this name.
    pub async fn find_user(&self, name: &UserName) -> Result<Option<StoredUser>, StateError> {
        sqlx::query("select id, name, role, password_hash, disabled_at_ms from users where name = $1")
            .bind(name.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(user)
            .transpose()
    }

    /// The user of this id.
    pub async fn user(&self, id: i64) -> Result<Option<StoredUser>, StateError> {
        sqlx::query("select id, name, role, password_hash, disabled_at_ms from users where id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(user)
            .transpose()
    }

    /// Adds a user and returns its id. The setup link, if there was one, is void from then on.
    pub async fn add_user(&self, user: &NewUser, now: Timestamp) -> Result<i64, UserExists> {
        let mut transaction = self.begin().await.map_err(StateError::from)?;
        let id = insert_user(&mut transaction, user, now)
            .await
            .map_err(StateError::from)?;
        let Some(id) = id else {
            return Err(UserExists::Taken(user.name.clone()));
        };
        sqlx::query("delete from setup_link")
            .execute(&mut *transaction)
            .await
            .map_err(StateError::from)?;
        transaction.commit().await.map_err(StateError::from)?;
        Ok(id)
    }

    /// Sets a new password and ends all of that user's sessions. False where there is no such user.
    pub async fn set_password(
        &self,
        name: &UserName,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let mut transaction = self.begin().await?;
        let changed =
            sqlx::query("update users set password_hash = $1, password_changed_at_ms = $2 where name = $3")
                .bind(hash.as_str())
                .bind(stored(now))
                .bind(name.as_str())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        end_sessions(&mut transaction, name).await?;
        transaction.commit().await?;
        Ok(changed == 1)
    }

    /// Replaces a hash by one with newer parameters of the same password. Does nothing when the password was
    /// changed meanwhile.
    pub async fn rehash_password(
        &self,
        id: i64,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StateError> {
        sqlx::query("update users set password_hash = $1 where id = $2 and password_hash = $3")
            .bind(new.as_str())
            .bind(id)
            .bind(old.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The new user's id, or `None` where the name is taken.
pub(super) async fn insert_user(
    connection: &mut sqlx::AnyConnection,
    user: &NewUser,
    now: Timestamp,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into users (name, role, password_hash, created_at_ms, password_changed_at_ms)
         values ($1, $2, $3, $4, $5) on conflict (name) do nothing returning id",
    )
    .bind(user.name.as_str())
    .bind(user.role.as_str())
    .bind(user.password_hash.as_str())
    .bind(stored(now))
    .bind(stored(now))
    .fetch_optional(connection)
    .await
}

async fn end_sessions(connection: &mut sqlx::AnyConnection, name: &UserName) -> Result<(), sqlx::Error> {
    sqlx::query("delete from sessions where user_id = (select id from users where name = $1)")
        .bind(name.as_str())
        .execute(connection)
        .await
        .map(drop)
}

fn user(row: &AnyRow) -> Result<StoredUser, StateError> {
    let name: String = row.try_get("name")?;
    let role: String = row.try_get("role")?;
    let disabled_at_ms: Option<i64> = row.try_get("disabled_at_ms")?;
    Ok(StoredUser {
        id: row.try_get("id")?,
        account: Account {
            name: name
                .parse()
                .map_err(|_| StateError::Unreadable(format!("the user name {name:?}")))?,
            role: role
                .parse()
                .map_err(|_| StateError::Unreadable(format!("the role {role:?}")))?,
        },
        password_hash: PasswordHash::stored(row.try_get("password_hash")?),
        disabled_at: disabled_at_ms.map(loaded).transpose()?,
    })
}

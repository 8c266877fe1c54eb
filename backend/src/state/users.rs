//! Users.
//!
//! What changes a user takes a connection: the caller's transaction also holds the outcome in the audit trail.

use domain::account::{Account, User, UserName, UserState};
use domain::role::Role;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored, time};
use crate::auth::PasswordHash;

/// A user as stored.
#[derive(Debug, Clone)]
pub struct StoredUser {
    /// Never given to another user.
    pub id: i64,
    /// Name and role.
    pub account: Account,
    /// The argon2id hash; `None` for an invited user and after a reset.
    pub password_hash: Option<PasswordHash>,
    /// Rises whenever all sessions of the user end; a session is worth something only under the one it began with.
    pub sessions_epoch: i64,
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
    /// The argon2id hash; `None`: a one-time link will lead to one.
    pub password_hash: Option<PasswordHash>,
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
        find_user(&mut *self.connection().await?, name).await
    }

    /// The user of this id.
    pub async fn user(&self, id: i64) -> Result<Option<StoredUser>, StateError> {
        sqlx::query(
            "select id, name, role, password_hash, sessions_epoch, disabled_at_ms from users where id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(user)
        .transpose()
    }

    /// Every user, as administrators see them, by name. There are tens of them, not thousands.
    pub async fn users(&self, now: Timestamp) -> Result<Vec<User>, StateError> {
        sqlx::query(
            "select u.name, u.role, cast(case when u.password_hash is null then 1 else 0 end as bigint) as no_password, u.created_at_ms, u.password_changed_at_ms,
               u.signed_in_at_ms, u.disabled_at_ms, l.expires_at_ms as link_expires_at_ms,
               (select count(*) from sessions s where s.user_id = u.id and s.expires_at_ms > $1) as open_sessions
             from users u left join password_links l on l.user_id = u.id and l.expires_at_ms > $1
             order by u.name",
        )
        .bind(stored(now))
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(listed_user)
        .collect()
    }

    /// Replaces a hash by one with newer parameters of the same password. Does nothing when the password was
    /// changed meanwhile.
    pub(crate) async fn rehash_password(
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

    /// Notes when a user last signed in.
    pub(crate) async fn note_sign_in(&self, id: i64, now: Timestamp) -> Result<(), StateError> {
        sqlx::query("update users set signed_in_at_ms = $1 where id = $2")
            .bind(stored(now))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The user of this name.
pub(crate) async fn find_user(
    connection: &mut AnyConnection,
    name: &UserName,
) -> Result<Option<StoredUser>, StateError> {
    sqlx::query(
        "select id, name, role, password_hash, sessions_epoch, disabled_at_ms from users where name = $1",
    )
    .bind(name.as_str())
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(user)
    .transpose()
}

/// The new user's id, or `None` where the name is taken. A setup link, if there is one, is void from then on.
pub(crate) async fn insert_user(
    connection: &mut AnyConnection,
    user: &NewUser,
    now: Timestamp,
) -> Result<Option<i64>, StateError> {
    let id = sqlx::query_scalar(
        "insert into users (name, role, password_hash, created_at_ms, password_changed_at_ms)
         values ($1, $2, $3, $4, $5) on conflict (name) do nothing returning id",
    )
    .bind(user.name.as_str())
    .bind(user.role.as_str())
    .bind(user.password_hash.as_ref().map(PasswordHash::as_str))
    .bind(stored(now))
    .bind(user.password_hash.as_ref().map(|_| stored(now)))
    .fetch_optional(&mut *connection)
    .await?;
    if id.is_some() {
        sqlx::query("delete from setup_link").execute(connection).await?;
    }
    Ok(id)
}

/// Waits until every other change of who is an administrator is over.
pub(crate) async fn lock_roster(connection: &mut AnyConnection) -> Result<(), StateError> {
    sqlx::query("update roster set changes = changes + 1")
        .execute(connection)
        .await?;
    Ok(())
}

/// How many administrators can sign in. Meaningful after [`lock_roster`], in the same transaction.
pub(crate) async fn count_active_administrators(connection: &mut AnyConnection) -> Result<i64, StateError> {
    Ok(sqlx::query_scalar(
        "select count(*) from users where role = 'admin' and disabled_at_ms is null and password_hash is not null",
    )
    .fetch_one(connection)
    .await?)
}

/// Sets the role.
pub(crate) async fn set_role(connection: &mut AnyConnection, id: i64, role: Role) -> Result<(), StateError> {
    let update = sqlx::query("update users set role = $1 where id = $2")
        .bind(role.as_str())
        .bind(id);
    one_row(update.execute(connection).await?.rows_affected())
}

/// Disables the user, or enables it again.
pub(crate) async fn set_disabled(
    connection: &mut AnyConnection,
    id: i64,
    disabled_at: Option<Timestamp>,
) -> Result<(), StateError> {
    let update = sqlx::query("update users set disabled_at_ms = $1 where id = $2")
        .bind(disabled_at.map(stored))
        .bind(id);
    one_row(update.execute(connection).await?.rows_affected())
}

/// Sets a new password, or takes it away.
pub(crate) async fn set_password(
    connection: &mut AnyConnection,
    id: i64,
    hash: Option<&PasswordHash>,
    now: Timestamp,
) -> Result<(), StateError> {
    let update =
        sqlx::query("update users set password_hash = $1, password_changed_at_ms = $2 where id = $3")
            .bind(hash.map(PasswordHash::as_str))
            .bind(stored(now))
            .bind(id);
    one_row(update.execute(connection).await?.rows_affected())
}

/// Replaces a password that was just found right; false where it was changed meanwhile.
pub(crate) async fn replace_password(
    connection: &mut AnyConnection,
    id: i64,
    old: &PasswordHash,
    new: &PasswordHash,
    now: Timestamp,
) -> Result<bool, StateError> {
    let update =
        sqlx::query("update users set password_hash = $1, password_changed_at_ms = $2 where id = $3 and password_hash = $4")
            .bind(new.as_str())
            .bind(stored(now))
            .bind(id)
            .bind(old.as_str());
    Ok(update.execute(connection).await?.rows_affected() == 1)
}

/// A user that vanished between two statements of one transaction: the transaction must not go on.
fn one_row(affected: u64) -> Result<(), StateError> {
    if affected == 1 {
        Ok(())
    } else {
        Err(StateError::Database(sqlx::Error::RowNotFound))
    }
}

fn name_and_role(row: &AnyRow) -> Result<(UserName, Role), StateError> {
    let name: String = row.try_get("name")?;
    let role: String = row.try_get("role")?;
    Ok((
        name.parse()
            .map_err(|_| StateError::Unreadable(format!("the user name {name:?}")))?,
        role.parse()
            .map_err(|_| StateError::Unreadable(format!("the role {role:?}")))?,
    ))
}

/// Name and role of a row that has both.
pub(super) fn account(row: &AnyRow) -> Result<Account, StateError> {
    let (name, role) = name_and_role(row)?;
    Ok(Account { name, role })
}

fn user(row: &AnyRow) -> Result<StoredUser, StateError> {
    Ok(StoredUser {
        id: row.try_get("id")?,
        account: account(row)?,
        password_hash: row
            .try_get::<Option<String>, _>("password_hash")?
            .map(PasswordHash::stored),
        sessions_epoch: row.try_get("sessions_epoch")?,
        disabled_at: time(row, "disabled_at_ms")?,
    })
}

fn listed_user(row: &AnyRow) -> Result<User, StateError> {
    let (name, role) = name_and_role(row)?;
    let password_changed_at = time(row, "password_changed_at_ms")?;
    let is_disabled = time(row, "disabled_at_ms")?.is_some();
    Ok(User {
        name,
        role,
        state: match (is_disabled, row.try_get::<i64, _>("no_password")? != 0) {
            (true, _) => UserState::Disabled,
            (false, true) => UserState::WithoutPassword,
            (false, false) => UserState::Active,
        },
        created_at: loaded(row.try_get("created_at_ms")?)?,
        signed_in_at: time(row, "signed_in_at_ms")?,
        password_changed_at,
        link_expires_at: time(row, "link_expires_at_ms")?,
        sessions: row.try_get::<i64, _>("open_sessions")?.try_into().unwrap_or(0),
    })
}

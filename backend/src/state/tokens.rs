//! Tokens of programs. Only their SHA-256 is kept: a token has 256 bits of its own.

use domain::role::{Permission, PermissionSet, Role};
use domain::token::{Token, TokenName, TokenState};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored, time};

/// A token to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewToken {
    pub(crate) name: TokenName,
    pub(crate) token_digest: String,
    pub(crate) hint: String,
    pub(crate) role: Role,
    /// `None`: all of the role's.
    pub(crate) permissions: Option<PermissionSet>,
    pub(crate) created_by: String,
    pub(crate) expires_at: Option<Timestamp>,
}

/// A token that can be used now.
#[derive(Debug, Clone)]
pub(crate) struct ValidToken {
    pub(crate) id: i64,
    pub(crate) name: TokenName,
    pub(crate) permissions: PermissionSet,
    pub(crate) used_at: Option<Timestamp>,
}

const COLUMNS: &str = "select id, name, hint, role, permissions, created_by, created_at_ms, expires_at_ms,
  revoked_at_ms, used_at_ms, used_from from tokens order by name, id";

impl StateStore {
    /// Every token, as administrators see them, by name.
    pub(crate) async fn tokens(&self, now: Timestamp) -> Result<Vec<Token>, StateError> {
        sqlx::query(COLUMNS)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| token(row, now))
            .collect()
    }

    /// The token of this digest, if it can be used now.
    pub(crate) async fn valid_token(
        &self,
        token_digest: &str,
        now: Timestamp,
    ) -> Result<Option<ValidToken>, StateError> {
        sqlx::query(
            "select id, name, role, permissions, used_at_ms from tokens where token_hash = $1
               and revoked_at_ms is null and (expires_at_ms is null or expires_at_ms > $2)",
        )
        .bind(token_digest)
        .bind(stored(now))
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(valid)
        .transpose()
    }

    /// Notes that a token was used.
    pub(crate) async fn note_token_use(
        &self,
        id: i64,
        address: &str,
        now: Timestamp,
    ) -> Result<(), StateError> {
        sqlx::query("update tokens set used_at_ms = $1, used_from = $2 where id = $3")
            .bind(stored(now))
            .bind(address)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The token of this id, if it can be used now.
pub(crate) async fn valid_token_of_id(
    connection: &mut AnyConnection,
    id: i64,
    now: Timestamp,
) -> Result<Option<ValidToken>, StateError> {
    sqlx::query(
        "select id, name, role, permissions, used_at_ms from tokens where id = $1
           and revoked_at_ms is null and (expires_at_ms is null or expires_at_ms > $2)",
    )
    .bind(id)
    .bind(stored(now))
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(valid)
    .transpose()
}

fn valid(row: &AnyRow) -> Result<ValidToken, StateError> {
    Ok(ValidToken {
        id: row.try_get("id")?,
        name: name(row)?,
        permissions: permissions(row)?.1,
        used_at: time(row, "used_at_ms")?,
    })
}

/// The new token's id, or `None` where an unrevoked token has this name.
pub(crate) async fn insert_token(
    connection: &mut AnyConnection,
    token: &NewToken,
    now: Timestamp,
) -> Result<Option<i64>, StateError> {
    let permissions = token.permissions.map(|permissions| {
        permissions
            .iter()
            .map(Permission::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    });
    Ok(sqlx::query_scalar(
        "insert into tokens (name, token_hash, hint, role, permissions, created_by, created_at_ms, expires_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id",
    )
    .bind(token.name.as_str())
    .bind(token.token_digest.as_str())
    .bind(token.hint.as_str())
    .bind(token.role.as_str())
    .bind(permissions)
    .bind(token.created_by.as_str())
    .bind(stored(now))
    .bind(token.expires_at.map(stored))
    .fetch_optional(connection)
    .await?)
}

/// Takes a token back; false where there is none of this id, or it was taken back before.
pub(crate) async fn revoke_token(
    connection: &mut AnyConnection,
    id: i64,
    now: Timestamp,
) -> Result<bool, StateError> {
    Ok(
        sqlx::query("update tokens set revoked_at_ms = $1 where id = $2 and revoked_at_ms is null")
            .bind(stored(now))
            .bind(id)
            .execute(connection)
            .await?
            .rows_affected()
            == 1,
    )
}

fn name(row: &AnyRow) -> Result<TokenName, StateError> {
    let name: String = row.try_get("name")?;
    name.parse()
        .map_err(|_| StateError::Unreadable(format!("the token name {name:?}")))
}

fn permissions(row: &AnyRow) -> Result<(Role, PermissionSet), StateError> {
    let role: String = row.try_get("role")?;
    let role: Role = role
        .parse()
        .map_err(|_| StateError::Unreadable(format!("the role {role:?}")))?;
    let all = role.token_permissions();
    let Some(names) = row.try_get::<Option<String>, _>("permissions")? else {
        return Ok((role, all));
    };
    let chosen: PermissionSet = names
        .split_whitespace()
        .map(|name| {
            name.parse::<Permission>()
                .map_err(|_| StateError::Unreadable(format!("the permission {name:?}")))
        })
        .collect::<Result<Vec<_>, _>>()?
        .into();
    Ok((role, chosen.intersection(all)))
}

fn token(row: &AnyRow, now: Timestamp) -> Result<Token, StateError> {
    let (role, permissions) = permissions(row)?;
    let expires_at = time(row, "expires_at_ms")?;
    Ok(Token {
        id: row.try_get("id")?,
        name: name(row)?,
        hint: row.try_get("hint")?,
        role,
        permissions,
        state: if time(row, "revoked_at_ms")?.is_some() {
            TokenState::Revoked
        } else if expires_at.is_some_and(|end| end <= now) {
            TokenState::Expired
        } else {
            TokenState::Active
        },
        created_by: row.try_get("created_by")?,
        created_at: loaded(row.try_get("created_at_ms")?)?,
        expires_at,
        used_at: time(row, "used_at_ms")?,
        used_from: row.try_get("used_from")?,
    })
}

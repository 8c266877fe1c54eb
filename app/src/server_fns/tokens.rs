//! Tokens for programs.

use domain::listing::{ListPage, ListQuery};
#[cfg(feature = "ssr")]
use domain::role::Permission;
use domain::token::{Token, TokenColumn};
use leptos::prelude::*;

use crate::error::AppError;

/// Loads one page of the list of tokens.
#[server(prefix = "/fn", endpoint = "list_tokens", input = leptos::server_fn::codec::Json)]
pub async fn list_tokens(query: ListQuery<TokenColumn>) -> Result<ListPage<Token>, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(Permission::ManageUsers, "tokens").await?;
    let tokens = console
        .tokens(&granted)
        .await
        .map_err(|error| guard::refused("listing tokens", error))?;
    Ok(query.checked().apply(&tokens))
}

/// Creates a token; the next page shows it, once.
#[server(prefix = "/fn", endpoint = "create_token")]
pub async fn create_token(
    name: String,
    role: String,
    days: String,
    #[server(default)] permissions: Vec<String>,
) -> Result<(), AppError> {
    use backend::accounts::TokenRequest;
    use jiff::SignedDuration;

    use super::guard;
    use super::notice::{DoneNotice, leave_notice};

    let (console, granted) = guard::demand(Permission::ManageUsers, "tokens").await?;
    let expires_at = match days.trim() {
        "" => None,
        text => {
            let days: i64 = text
                .parse()
                .ok()
                .filter(|days| (1..=3650).contains(days))
                .ok_or_else(|| guard::unfit(AppError::InvalidExpiry))?;
            console
                .now()
                .checked_add(SignedDuration::from_hours(24 * days))
                .ok()
        }
    };
    let request = TokenRequest {
        name: name
            .parse()
            .map_err(|_| guard::unfit(AppError::InvalidTokenName))?,
        role: super::users::role(&role)?,
        permissions: permissions
            .iter()
            .map(|text| text.parse::<Permission>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| guard::unfit(AppError::NothingAllowed))?
            .into(),
        expires_at,
    };
    let name = request.name.to_string();
    let token = console
        .create_token(&granted, request)
        .await
        .map_err(|error| guard::refused("creating a token", error))?;
    leave_notice(&DoneNotice::Token {
        name,
        token: token.expose().to_owned(),
    })
}

/// Takes a token back.
#[server(prefix = "/fn", endpoint = "revoke_token")]
pub async fn revoke_token(id: i64) -> Result<(), AppError> {
    use super::guard;
    use super::notice::{DoneNotice, leave_notice};

    let (console, granted) = guard::demand(Permission::ManageUsers, "tokens").await?;
    let name = console
        .revoke_token(&granted, id)
        .await
        .map_err(|error| guard::refused("revoking a token", error))?;
    leave_notice(&DoneNotice::Done(format!(
        "The token {name} is revoked. It opens nothing any more."
    )))
}

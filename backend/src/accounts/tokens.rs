//! Tokens of programs.

use domain::audit::Action;
use domain::role::{Permission, PermissionSet, Role};
use domain::token::{TOKEN_PREFIX, Token, TokenName};
use jiff::Timestamp;

use super::ChangeRefused;
use crate::audit::Entry;
use crate::auth::{Granted, SessionFailed};
use crate::console::Console;
use crate::random::SecretToken;
use crate::state::tokens::{NewToken, insert_token, revoke_token};

/// A token somebody asks for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// What it is to be called.
    pub name: TokenName,
    /// Its role.
    pub role: Role,
    /// Fewer permissions than the role's; empty for all of them.
    pub permissions: PermissionSet,
    /// When it ends; `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// Characters of the token that are kept to recognise it by, its prefix included: 24 bits of 256.
const HINT_LENGTH: usize = TOKEN_PREFIX.len() + 4;

impl Console {
    /// Every token, by name.
    pub async fn tokens(&self, granted: &Granted) -> Result<Vec<Token>, ChangeRefused> {
        granted.require(Permission::ManageUsers)?;
        self.note_read(granted, "tokens", "");
        Ok(self.state.tokens(self.clock.now()).await?)
    }

    /// Creates a token. It is returned this once; only its SHA-256 is kept.
    pub async fn create_token(
        &self,
        granted: &Granted,
        request: TokenRequest,
    ) -> Result<SecretToken, ChangeRefused> {
        granted.require(Permission::ManageUsers)?;
        let all = request.role.token_permissions();
        let permissions = if request.permissions.is_empty() {
            all
        } else {
            request.permissions.intersection(all)
        };
        if permissions.is_empty() {
            return Err(ChangeRefused::NothingAllowed);
        }
        if request.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(ChangeRefused::ExpiryPassed);
        }
        let names: Vec<_> = permissions.iter().map(Permission::as_str).collect();
        let expires = request.expires_at.map_or_else(
            || "never".to_owned(),
            |end| end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        );
        let entry = Entry::of(granted.caller(), Action::CreateToken)
            .on(format!("token {}", request.name))
            .after("role", request.role.as_str())
            .after("permissions", names.join(", "))
            .after("expires", expires);
        let intent = self.intend(entry).await?;
        let secret = SecretToken::with_prefix(TOKEN_PREFIX).map_err(SessionFailed::from)?;
        let principal = &granted.caller().principal;
        let token = NewToken {
            name: request.name,
            token_digest: secret.digest(),
            hint: secret.expose().chars().take(HINT_LENGTH).collect(),
            role: request.role,
            permissions: (permissions != all).then_some(permissions),
            created_by: match principal.name() {
                "" => principal.kind().as_str().replace('_', " "),
                name => name.to_owned(),
            },
            expires_at: request.expires_at,
        };
        let change = async {
            let mut transaction = self.state.begin().await?;
            self.lock_accounts(&mut transaction, granted).await?;
            insert_token(&mut transaction, &token, self.clock.now())
                .await?
                .ok_or(ChangeRefused::TokenNameTaken)?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await?;
        Ok(secret)
    }

    /// Takes a token back and returns what it was called. It opens nothing from here on, on every replica.
    pub async fn revoke_token(&self, granted: &Granted, id: i64) -> Result<TokenName, ChangeRefused> {
        granted.require(Permission::ManageUsers)?;
        let name = self
            .state
            .tokens(self.clock.now())
            .await?
            .into_iter()
            .find(|token| token.id == id)
            .map(|token| token.name);
        let target = name
            .as_ref()
            .map_or_else(|| format!("token {id}"), |name| format!("token {name}"));
        let entry = Entry::of(granted.caller(), Action::RevokeToken).on(target);
        let intent = self.intend(entry).await?;
        let Some(name) = name else {
            let unknown = ChangeRefused::Unknown(format!("token {id}"));
            intent.fail(self, &unknown).await;
            return Err(unknown);
        };
        let change = async {
            let mut transaction = self.state.begin().await?;
            self.lock_accounts(&mut transaction, granted).await?;
            if !revoke_token(&mut transaction, id, self.clock.now()).await? {
                return Err(ChangeRefused::Already("revoked".to_owned()));
            }
            Ok(transaction)
        };
        self.conclude(intent, change.await).await?;
        Ok(name)
    }
}

//! Programs that come with a token.

use domain::audit::{Action, Outcome};
use domain::token::TOKEN_PREFIX;

use super::{Caller, Principal, TokenHolder};
use crate::audit::Entry;
use crate::console::Console;
use crate::random::digest;
use crate::state::StateError;

/// Use of a token is written down at most this often.
const USED_EVERY_MS: i64 = 60 * 1000;

impl Console {
    /// Who a token belongs to; nobody where it is unknown, expired or revoked, which is counted in the audit trail.
    pub async fn token_principal(&self, token: &str, address: &str) -> Result<Principal, StateError> {
        let now = self.clock.now();
        let found = if token.starts_with(TOKEN_PREFIX) {
            self.state.valid_token(&digest(token), now).await?
        } else {
            None
        };
        let Some(found) = found else {
            let nobody = Caller::new(Principal::Anonymous, address.to_owned());
            self.reads
                .note(Entry::of(&nobody, Action::RefuseToken), Outcome::Refused, now);
            return Ok(Principal::Anonymous);
        };
        let is_due = found
            .used_at
            .is_none_or(|used_at| now.as_millisecond() - used_at.as_millisecond() >= USED_EVERY_MS);
        // A store that cannot be written to is no reason not to answer what is in memory.
        if is_due && let Err(error) = self.state.note_token_use(found.id, address, now).await {
            tracing::warn!(%error, "the use of a token could not be noted");
        }
        Ok(Principal::Token(TokenHolder {
            token_id: found.id,
            name: found.name,
            permissions: found.permissions,
        }))
    }
}

//! What a session is worth: who it belongs to, and how long.

use domain::account::browser_name;
use jiff::Timestamp;
use tower_sessions_core::Session;

use super::guard::{Principal, SessionKey, SignedIn};
use crate::auth::HashFailed;
use crate::console::Console;
use crate::state::StateError;
use crate::state::sessions::{
    ABSOLUTE_LIFETIME_MS, ADDRESS_KEY, BROWSER_KEY, EPOCH_KEY, SIGNED_IN_AT_KEY, USED_AT_KEY, USER_KEY,
    session_digest,
};

/// Use of a session is written down at most this often; writing is what puts off its idle expiry.
const USED_EVERY_MS: i64 = 60 * 1000;

/// The session or what it stands on failed; nothing to do with the person.
#[derive(Debug, thiserror::Error)]
pub enum SessionFailed {
    /// The session store.
    #[error("the session store failed: {0}")]
    Store(#[from] tower_sessions_core::session::Error),
    /// The state store.
    #[error(transparent)]
    State(#[from] StateError),
    /// Hashing.
    #[error(transparent)]
    Hash(#[from] HashFailed),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] crate::random::NoRandomness),
}

impl From<sqlx::Error> for SessionFailed {
    fn from(error: sqlx::Error) -> Self {
        Self::State(error.into())
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address, behind the trusted proxies.
    pub address: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The token of the known browser, from its cookie.
    pub browser_token: Option<String>,
    /// Whether a page asks by itself: that is no use of the session.
    pub is_background: bool,
}

/// Makes the session belong to the user, under a new id (an id somebody planted beforehand is worth nothing), and only
/// in the epoch in which the password was checked: what ended the user's sessions meanwhile ends this one too.
pub(crate) async fn begin(
    session: &Session,
    user_id: i64,
    epoch: i64,
    client: &Client,
    now: Timestamp,
) -> Result<(), SessionFailed> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(USER_KEY, user_id).await?;
    session.insert(SIGNED_IN_AT_KEY, now.as_millisecond()).await?;
    session.insert(EPOCH_KEY, epoch).await?;
    session.insert(ADDRESS_KEY, &client.address).await?;
    session
        .insert(BROWSER_KEY, browser_name(&client.user_agent))
        .await?;
    Ok(())
}

impl Console {
    /// Who a session belongs to, as the state store says now: a role changed or a user disabled a moment ago counts.
    pub async fn principal(&self, session: &Session, client: &Client) -> Result<Principal, SessionFailed> {
        let Some(user_id) = session.get::<i64>(USER_KEY).await? else {
            return Ok(Principal::Anonymous);
        };
        let now_ms = self.clock.now().as_millisecond();
        let signed_in_at: i64 = session.get(SIGNED_IN_AT_KEY).await?.unwrap_or(0);
        if now_ms - signed_in_at >= ABSOLUTE_LIFETIME_MS {
            session.flush().await?;
            return Ok(Principal::Anonymous);
        }
        let epoch: Option<i64> = session.get(EPOCH_KEY).await?;
        let user = self
            .state
            .user(user_id)
            .await?
            .filter(|user| user.disabled_at.is_none() && Some(user.sessions_epoch) == epoch);
        let (Some(user), Some(id)) = (user, session.id()) else {
            session.flush().await?;
            return Ok(Principal::Anonymous);
        };
        let used_at: i64 = session.get(USED_AT_KEY).await?.unwrap_or(signed_in_at);
        if !client.is_background && now_ms - used_at >= USED_EVERY_MS {
            session.insert(USED_AT_KEY, now_ms).await?;
            session.insert(ADDRESS_KEY, &client.address).await?;
        }
        Ok(Principal::User(SignedIn {
            user_id,
            account: user.account,
            session: SessionKey::new(session_digest(id)),
        }))
    }
}

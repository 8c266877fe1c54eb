//! Signing in and out, and who a session belongs to.

use domain::account::{Account, UserName};
use jiff::Timestamp;
use secrecy::SecretString;
use tower_sessions_core::Session;

use crate::auth::{HashFailed, PasswordHasher, Principal};
use crate::clock::SharedClock;
use crate::state::{SESSION_USER_KEY, StateError, StateStore};

/// A session ends this long after signing in, however much it is used.
const ABSOLUTE_LIFETIME_MS: i64 = 12 * 60 * 60 * 1000;
const SIGNED_IN_AT_KEY: &str = "signed_in_at_ms";
/// Use of a session is written down at most this often; writing is what puts off its idle expiry.
const SEEN_EVERY_MS: i64 = 60 * 1000;
const SEEN_AT_KEY: &str = "seen_at_ms";

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
}

/// Why somebody could not sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// No such user, wrong password, or disabled: the answer is the same, so that names can't be found out.
    #[error("name or password is wrong")]
    WrongCredentials,
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] SessionFailed),
}

/// Signs in: on success the session has a new id and belongs to the user.
pub(crate) async fn sign_in(
    state: &StateStore,
    hasher: &PasswordHasher,
    clock: &SharedClock,
    session: &Session,
    name: &str,
    password: &SecretString,
) -> Result<Account, SignInRefused> {
    // A name that cannot exist goes the same way as one that does not.
    let user = match name.parse::<UserName>() {
        Ok(name) => state.find_user(&name).await.map_err(SessionFailed::from)?,
        Err(_) => None,
    };
    let verification = hasher
        .verify(password, user.as_ref().map(|user| &user.password_hash))
        .await
        .map_err(SessionFailed::from)?;
    let Some(user) = user.filter(|user| verification.fits && user.disabled_at.is_none()) else {
        return Err(SignInRefused::WrongCredentials);
    };
    if verification.is_outdated {
        let new = hasher.hash(password).await.map_err(SessionFailed::from)?;
        state
            .rehash_password(user.id, &user.password_hash, &new)
            .await
            .map_err(SessionFailed::from)?;
    }
    begin(session, user.id, clock.now()).await?;
    Ok(user.account)
}

/// Makes the session belong to the user, under a new id (an id somebody planted beforehand is worth nothing).
pub(crate) async fn begin(session: &Session, user_id: i64, now: Timestamp) -> Result<(), SessionFailed> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(SESSION_USER_KEY, user_id).await?;
    session.insert(SIGNED_IN_AT_KEY, now.as_millisecond()).await?;
    Ok(())
}

/// Ends the session.
pub(crate) async fn sign_out(session: &Session) -> Result<(), SessionFailed> {
    Ok(session.flush().await?)
}

/// Who the session belongs to, as the state store says now: a role changed or a user disabled a moment ago counts.
pub(crate) async fn signed_in_account(
    state: &StateStore,
    clock: &SharedClock,
    session: &Session,
) -> Result<Principal, SessionFailed> {
    let Some(user_id) = session.get::<i64>(SESSION_USER_KEY).await? else {
        return Ok(Principal::Anonymous);
    };
    let now_ms = clock.now().as_millisecond();
    let signed_in_at: i64 = session.get(SIGNED_IN_AT_KEY).await?.unwrap_or(0);
    if now_ms - signed_in_at >= ABSOLUTE_LIFETIME_MS {
        session.flush().await?;
        return Ok(Principal::Anonymous);
    }
    match state.user(user_id).await? {
        Some(user) if user.disabled_at.is_none() => {
            let seen_at: i64 = session.get(SEEN_AT_KEY).await?.unwrap_or(signed_in_at);
            if now_ms - seen_at >= SEEN_EVERY_MS {
                session.insert(SEEN_AT_KEY, now_ms).await?;
            }
            Ok(Principal::User(user.account))
        }
        _ => {
            session.flush().await?;
            Ok(Principal::Anonymous)
        }
    }
}

//! Accounts: users, their passwords and sessions, tokens. One file a noun.
//!
//! Every change takes a [`crate::auth::Granted`] of the permission it needs, writes its intent into the audit trail first, and its
//! outcome in the same transaction as the change.

mod links;
mod own;
mod tokens;
mod users;

use domain::account::{InvalidUserName, UnfitPassword};

use crate::auth::{SessionFailed, SignInRefused, WrongGrant};
use crate::state::StateError;

pub use links::OpenLink;
pub use tokens::TokenRequest;
pub use users::{INVITATION_HOURS, RESET_HOURS};

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefused {
    /// There is no such user, session or token.
    #[error("there is no {0}")]
    Unknown(String),
    /// A user has this name.
    #[error("there is a user of this name already")]
    NameTaken,
    /// A token that is not revoked has this name.
    #[error("there is a token of this name already")]
    TokenNameTaken,
    /// Nobody could manage users any more.
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
    /// One's own password is changed, not reset; one does not disable oneself.
    #[error("this is not done to one's own account")]
    OwnAccount,
    /// It is so already.
    #[error("this is {0} already")]
    Already(String),
    /// The link is wrong, used up, replaced by a newer one or out of date.
    #[error("this link is not valid any more")]
    LinkInvalid,
    /// The name.
    #[error(transparent)]
    Name(#[from] InvalidUserName),
    /// The new password.
    #[error(transparent)]
    Password(#[from] UnfitPassword),
    /// The password that is asked for again is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// Too many attempts.
    #[error("too many attempts; try again in {retry_after_s} s")]
    TooManyAttempts {
        /// Seconds until another attempt is allowed.
        retry_after_s: u64,
    },
    /// A token that may do nothing.
    #[error("a token needs at least one permission of its role")]
    NothingAllowed,
    /// A token that is out of date before it exists.
    #[error("a token ends in the future")]
    ExpiryPassed,
    /// The grant is for something else, or was taken back meanwhile.
    #[error(transparent)]
    WrongGrant(WrongGrant),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] SessionFailed),
}

impl From<StateError> for ChangeRefused {
    fn from(error: StateError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SignInRefused> for ChangeRefused {
    fn from(error: SignInRefused) -> Self {
        match error {
            SignInRefused::TooManyAttempts { retry_after_s } => Self::TooManyAttempts { retry_after_s },
            SignInRefused::WrongCredentials => Self::WrongPassword,
            SignInRefused::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<sqlx::Error> for ChangeRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<WrongGrant> for ChangeRefused {
    fn from(wrong: WrongGrant) -> Self {
        Self::WrongGrant(wrong)
    }
}

//! Accounts: users, their passwords and sessions, tokens. One file a noun.
//!
//! Every change takes a [`Granted`] of the permission it needs, writes its intent into the audit trail first, and its
//! outcome in the same transaction as the change.

mod links;
mod own;
mod tokens;
mod users;

use domain::account::{InvalidUserName, UnfitPassword};
use domain::role::Permission;

use crate::auth::{Granted, SessionFailed};
use crate::state::StateError;

pub use links::OpenLink;
pub use tokens::TokenRequest;

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
    /// The old password is wrong.
    #[error("the old password is wrong")]
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
    /// The grant is for something else.
    #[error("this needs the permission {0}")]
    WrongGrant(Permission),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] SessionFailed),
}

impl From<StateError> for ChangeRefused {
    fn from(error: StateError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<sqlx::Error> for ChangeRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A grant proves one permission; this checks that it is the right one.
fn require(granted: &Granted, permission: Permission) -> Result<(), ChangeRefused> {
    if granted.permission() == permission {
        Ok(())
    } else {
        Err(ChangeRefused::WrongGrant(permission))
    }
}

//! Everything a server function can say no with. Internal text never gets in here: it stays in the server's log.

use domain::account::UnfitPassword;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a server function refused or failed, in words for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    /// Nobody has signed in, or the session has ended.
    #[error("Your session has ended. Sign in again.")]
    NotSignedIn,
    /// Signed in, without the permission.
    #[error("Your role may not see this.")]
    Forbidden,
    /// There is no such page, database or object.
    #[error("There is nothing at this address.")]
    NotFound,
    /// The same for an unknown name, a wrong password and a disabled user.
    #[error("Name or password is wrong.")]
    WrongCredentials,
    /// Used up, replaced or out of date.
    #[error(
        "This setup link is not valid any more. Start the console again to get a new one, or run: tidemark user add"
    )]
    SetupLinkInvalid,
    /// A name nobody can have.
    #[error(
        "A user name has 1 to 64 characters: letters, digits, \".\", \"_\", \"-\" and \"@\", beginning with a letter or digit."
    )]
    InvalidUserName,
    /// The two passwords differ.
    #[error("The two passwords differ. Type the same one twice.")]
    PasswordsDiffer,
    /// Too short, too long or the name.
    #[error("{0}")]
    UnfitPassword(#[from] UnfitPassword),
    /// The browser could not reach the console.
    #[error("The console does not answer. It is tried again every few seconds.")]
    Unreachable,
    /// Something failed in the console.
    #[error("The console could not do this. Its log says why.")]
    Failed,
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

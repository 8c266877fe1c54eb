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
    /// Too many attempts.
    #[error("Too many attempts. Try again in {}.", duration(*retry_after_s))]
    TooManyAttempts {
        /// Seconds until another attempt is allowed.
        retry_after_s: u64,
    },
    /// Used up, replaced or out of date.
    #[error("This link is not valid any more. Ask an administrator for a new one.")]
    LinkInvalid,
    /// A name nobody can have.
    #[error(
        "A user name has 1 to 64 characters: letters, digits, \".\", \"_\", \"-\" and \"@\", beginning with a letter or digit."
    )]
    InvalidUserName,
    /// The two passwords differ.
    #[error("The two passwords differ. Type the same one twice.")]
    PasswordsDiffer,
    /// The password is wrong.
    #[error("The password is wrong.")]
    WrongPassword,
    /// A user has this name.
    #[error("There is a user of this name already.")]
    NameTaken,
    /// A token has this name.
    #[error("There is a token of this name already. Revoke it first, or choose another name.")]
    TokenNameTaken,
    /// A name no token can have.
    #[error(
        "A token's name has 1 to 64 characters: letters, digits, spaces, \".\", \"_\", \"-\", \":\" and \"/\"."
    )]
    InvalidTokenName,
    /// A token that may do nothing.
    #[error("Choose at least one permission that the role has, or none for all of them.")]
    NothingAllowed,
    /// An end in the past, or none that can be understood.
    #[error("Write how many days the token is to be valid, from 1 to 3650, or leave it empty for no end.")]
    InvalidExpiry,
    /// Nobody could manage users any more.
    #[error("This is the last administrator who can sign in. Make somebody else an administrator first.")]
    LastAdministrator,
    /// One does not do this to oneself.
    #[error(
        "This is not done to your own account. Change your password on your account page; another administrator can do the rest."
    )]
    OwnAccount,
    /// It is so already.
    #[error("This is {0} already. Load the page again to see how it stands now.")]
    Already(String),
    /// A filter that cannot be understood.
    #[error("{0}.")]
    InvalidParameter(#[from] domain::audit::InvalidParameter),
    /// Too short, too long or the name.
    #[error("{0}")]
    UnfitPassword(#[from] UnfitPassword),
    /// Nothing was chosen.
    #[error("Nothing is chosen. Choose at least one table.")]
    NothingChosen,
    /// A change was not made; with the words of what refused it, where there are any.
    #[error("{}", refused(*.0, .1))]
    Refused(Refusal, String),
    /// What was sent is not what the console's own pages send.
    #[error("The console could not understand this request. Load the page again.")]
    BadRequest,
    /// The browser could not reach the console.
    #[error("The console does not answer. It is tried again every few seconds.")]
    Unreachable,
    /// Something failed in the console.
    #[error("The console could not do this. Its log says why{}.", reference.as_ref().map(|r| format!(", under the reference {r}")).unwrap_or_default())]
    Failed {
        /// What the log says it under.
        reference: Option<String>,
    },
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The table's name has to be typed.
    NameNotTyped,
    /// Somebody else changed it.
    ChangedMeanwhile,
    /// It is so already.
    NothingToDo,
    /// Something speaks against it.
    Blocked,
    /// A field cannot be understood.
    Unfit,
    /// Another change of the table is under way.
    Busy,
    /// It cannot be taken back.
    NotUndone,
    /// The database cannot be reached.
    Unreachable,
    /// The database was not read yet.
    Unread,
    /// It has ended, or is not there any more.
    Gone,
    /// The server's edition or version does not have it.
    NotOffered,
    /// The server refused.
    ByServer,
}

impl Refusal {
    /// What a notice says above the words of what refused.
    pub fn title(self) -> &'static str {
        match self {
            Self::NameNotTyped
            | Self::Blocked
            | Self::Unfit
            | Self::Busy
            | Self::NotUndone
            | Self::NothingToDo
            | Self::NotOffered
            | Self::Gone => "Nothing was changed",
            Self::ChangedMeanwhile => "Nothing was changed: something changed after the preview",
            Self::Unreachable => "The database cannot be reached",
            Self::Unread => "The database was not read yet",
            Self::ByServer => "The database refused: nothing was changed",
        }
    }

    /// What is wrong and what to do, where there are no words of what refused.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NameNotTyped => {
                "This deletes rows, so the name has to be typed as it stands beside the field."
            }
            Self::ChangedMeanwhile => {
                "Something changed after the preview, somebody else may have been faster. Look at how it stands now, and send it again."
            }
            Self::NothingToDo => "It is so already.",
            Self::Blocked => "Something speaks against it, as the preview says.",
            Self::Unfit => "A field cannot be understood. The form says what would be right.",
            Self::Busy => "Another change of this table is under way. Preview again once it is over.",
            Self::NotUndone => "This change cannot be taken back any more. See how the policy stands now.",
            Self::Unreachable => {
                "The database cannot be reached to change anything. Policies are shown as soon as it answers."
            }
            Self::Unread => "The database was not read yet. Try again in a moment.",
            Self::Gone => "It has ended, or is not there any more.",
            Self::NotOffered => "The server does not have this.",
            Self::ByServer => "The database refused. The console's log says why.",
        }
    }
}

fn refused(refusal: Refusal, words: &str) -> String {
    if words.is_empty() {
        refusal.sentence().to_owned()
    } else {
        words.to_owned()
    }
}

impl AppError {
    /// A failure without a reference: it was not the console's code that failed.
    pub(crate) const FAILED: Self = Self::Failed { reference: None };

    /// An error that stood in an address: anybody can have written it there, so it brings no words of its own.
    pub(crate) fn without_foreign_words(self) -> Self {
        match self {
            Self::Already(_) => Self::Already("as you want it".to_owned()),
            Self::InvalidParameter(_) => Self::BadRequest,
            Self::Refused(refusal, _) => Self::Refused(refusal, String::new()),
            Self::Failed { .. } => Self::FAILED,
            other => other,
        }
    }
}

/// On the server this is the client's mistake, and answered as one.
fn not_understood() -> AppError {
    #[cfg(feature = "ssr")]
    return crate::server_fns::bad_request();
    #[cfg(not(feature = "ssr"))]
    AppError::FAILED
}

fn duration(seconds: u64) -> String {
    if seconds < 90 {
        format!("{seconds} s")
    } else {
        format!("{} minutes", seconds.div_ceil(60))
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_) => not_understood(),
            _ => Self::FAILED,
        }
    }
}

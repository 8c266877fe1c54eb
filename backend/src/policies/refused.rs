//! Why a policy is not shown or not changed.

use domain::policy::{Difference, FieldError, NotPlannable};
use domain::policy_change::in_words;
use domain::table_name::TableName;

use crate::auth::WrongGrant;
use crate::console::NotShown;
use crate::state::StateError;
use crate::timescale::ServerRefusal;

/// Why a policy is not shown or not changed. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PolicyRefused {
    /// There is no such database.
    #[error("no database {0:?} is configured")]
    UnknownDatabase(String),
    /// There is no such table.
    #[error("there is no hypertable or continuous aggregate {0}; have the database read again")]
    UnknownTable(TableName),
    /// There is no such change of this database.
    #[error("there is no change number {0} of this database")]
    UnknownChange(i64),
    /// The grant is for something else, or was taken back meanwhile.
    #[error(transparent)]
    WrongGrant(#[from] WrongGrant),
    /// A job's configuration cannot be read.
    #[error(transparent)]
    NotPlannable(NotPlannable),
    /// The console knows nothing of the database's chunks.
    #[error("the database has not been read yet; try again once the Overview shows it")]
    NotRead,
    /// What is wanted is what there is.
    #[error("there is nothing to do: the policy is what is wanted already")]
    NothingToDo,
    /// Something speaks against it, in sentences.
    #[error("it cannot be applied: {}", .0.join(" "))]
    Blocked(Vec<String>),
    /// What was written cannot be read.
    #[error("some fields cannot be read: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Fields(Vec<FieldError>),
    /// Somebody else changed it since the preview: what it was and what it is.
    #[error("{}", changed(.0))]
    Changed(Vec<Difference>),
    /// Data will be deleted, and the table's name was not typed.
    #[error("this deletes data: type the table's name, {0}, to confirm it")]
    TypedName(TableName),
    /// The reason is too long.
    #[error("the reason is longer than {0} characters; shorten it")]
    ReasonTooLong(usize),
    /// The change cannot be taken back.
    #[error("change {0} cannot be taken back: {1}")]
    NotUndoable(i64, String),
    /// Another change of the same table is under way.
    #[error("another change of this table is under way ({0}); preview again once it has ended")]
    Busy(String),
    /// Nobody said how changes connect.
    #[error(
        "the console does not know how to connect to this database for changes; configure its url or change_url"
    )]
    NoConnection,
    /// The server refused it, or is not there.
    #[error(transparent)]
    Server(#[from] ServerRefusal),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// In a sentence; without differences where what the preview saw is not known any more.
pub(super) fn changed(differences: &[Difference]) -> String {
    if differences.is_empty() {
        "somebody else changed this policy since the preview; preview again".to_owned()
    } else {
        format!(
            "somebody else changed this policy since the preview ({}); preview again",
            in_words(differences)
        )
    }
}

impl From<NotShown> for PolicyRefused {
    fn from(not_shown: NotShown) -> Self {
        match not_shown {
            NotShown::UnknownDatabase(database) => Self::UnknownDatabase(database),
            NotShown::WrongGrant(wrong) => Self::WrongGrant(wrong),
        }
    }
}

impl From<NotPlannable> for PolicyRefused {
    fn from(not_plannable: NotPlannable) -> Self {
        match not_plannable {
            NotPlannable::NoSuchTable(table) => Self::UnknownTable(table),
            unreadable @ NotPlannable::UnreadableJob { .. } => Self::NotPlannable(unreadable),
        }
    }
}

impl From<sqlx::Error> for PolicyRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::State(error.into())
    }
}

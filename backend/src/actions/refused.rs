//! Why the console does not do what somebody asks for.

use domain::action::UnfitRequest;
use domain::table_name::TableName;

use crate::auth::WrongGrant;
use crate::console::NotShown;
use crate::state::StateError;
use crate::timescale::{Around, ServerRefusal};

/// Why the console does not do what somebody asks for: a sentence or two a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum ActionRefused {
    /// There is no such database, or the grant is for something else.
    #[error(transparent)]
    NotShown(#[from] NotShown),
    /// Nobody configured how to connect.
    #[error("The console cannot change this database: no address of it is configured.")]
    NoAddress,
    /// There is no such hypertable.
    #[error("There is no hypertable {0} any more. Look at the list of tables again.")]
    UnknownTable(TableName),
    /// There is no such chunk.
    #[error("There is no chunk {0} any more. Look at the table's chunks again.")]
    UnknownChunk(TableName),
    /// There is no such continuous aggregate.
    #[error("There is no continuous aggregate {0} any more. Look at the list of aggregates again.")]
    UnknownAggregate(TableName),
    /// There is no such run or action, or it has ended.
    #[error("There is no {0} {1} that could be ended. Look at how it ended.")]
    Ended(&'static str, i64),
    /// There is no such run or action.
    #[error("There is no {0} {1}.")]
    Unknown(&'static str, i64),
    /// The edition does not have this.
    #[error(
        "The Apache edition of TimescaleDB does not have this. It needs the Community edition (timescaledb.license = \
         timescale)."
    )]
    NeedsCommunity,
    /// The edition has policies of its own.
    #[error(
        "The server's edition has retention policies of its own; the console leaves {0} alone. Run the policy's job instead."
    )]
    ServerDrops(TableName),
    /// The server's version does not have this.
    #[error("This version of TimescaleDB does not have this: {0}. Update TimescaleDB.")]
    NotOffered(&'static str),
    /// The database has no TimescaleDB any more.
    #[error("The database has no TimescaleDB. Check the configured address.")]
    NoTimescale,
    /// The console drops nothing of this table.
    #[error("The console drops nothing of {0}. Set a retention policy first.")]
    NotKept(TableName),
    /// It runs already.
    #[error("Retention of this table runs already (run {0}). Wait for its end, or end it.")]
    RunsAlready(i64),
    /// A policy that does not fit the table.
    #[error("{0}")]
    Unfit(String),
    /// Targets of the wrong kind, or none.
    #[error(transparent)]
    Request(#[from] UnfitRequest),
    /// There is nothing to be done.
    #[error("There is nothing to do: {0}")]
    NothingToDo(String),
    /// Something changed since the preview.
    #[error("This is not what the preview showed any more: {0} Look at the new preview.")]
    Changed(String),
    /// The name was not typed, or another.
    #[error("This loses data. Type {0} to confirm it.")]
    NameNotTyped(String),
    /// Nothing is known of the database yet.
    #[error("The database was not read yet. Try again in a moment.")]
    NotRead,
    /// The console ends.
    #[error("The console is being stopped. Start this again once it is back.")]
    Stopping,
    /// Too much is under way.
    #[error("{0} actions are under way. Wait until one has ended, or end one.")]
    Busy(usize),
    /// The server refused.
    #[error(transparent)]
    Server(Box<ServerRefusal>),
    /// The state store failed.
    #[error("{0}. Nothing was begun.")]
    State(#[from] StateError),
}

impl ActionRefused {
    /// What a failed connection, or a statement that changes nothing, means.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        Self::Server(Box::new(ServerRefusal::of(error, &Around::default())))
    }
}

impl From<WrongGrant> for ActionRefused {
    fn from(wrong: WrongGrant) -> Self {
        Self::NotShown(wrong.into())
    }
}

//! Reading TimescaleDB: one connection, probed capabilities, one statement for all chunks.

mod activity;
mod axis;
mod changing;
mod connection;
mod definition;
mod ingest;
mod integer_now;
pub(crate) mod jobs;
pub(crate) mod lock_holders;
mod measure;
pub(crate) mod operated;
pub(crate) mod operation;
mod problem;
mod reading;
mod refusal;
mod server;
mod sizes;

pub(crate) use changing::{ChangeSession, Fate, watch_holders};
pub use connection::{ConnectionUrl, InvalidConnectionUrl, connect_for_change, connect_for_reading};
pub(crate) use definition::{Definition, read_definition};
pub(crate) use problem::problem_of;
pub use reading::Reader;
pub(crate) use reading::{Failure, Scope, WithoutSizes};
pub(crate) use refusal::Around;
pub use refusal::ServerRefusal;

//! Reading TimescaleDB: one connection, probed capabilities, one statement for all chunks.

mod activity;
mod axis;
mod connection;
mod ingest;
mod integer_now;
pub(crate) mod jobs;
mod measure;
pub(crate) mod operated;
pub(crate) mod operation;
mod problem;
mod reading;
mod refusal;
mod server;
mod sizes;

pub use connection::{ConnectionUrl, InvalidConnectionUrl, connect_for_change, connect_for_reading};
pub(crate) use problem::problem_of;
pub use reading::Reader;
pub(crate) use reading::{Failure, Scope, WithoutSizes};
pub use refusal::{LockHolder, RefusalKind, ServerRefusal, lock_holders, refusal_of};

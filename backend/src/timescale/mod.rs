//! Reading TimescaleDB: one connection, probed capabilities, one round trip for all sizes.

mod connection;
mod measure;
mod problem;
mod reading;

pub use connection::{ConnectionUrl, InvalidConnectionUrl, connect_for_change, connect_for_reading};
pub(crate) use problem::problem_of;
pub use reading::Reader;

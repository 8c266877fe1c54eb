//! The demo database: a factory's telemetry, always ending now.

mod load;
mod rows;
mod tables;

pub use load::{DemoError, LoadReport, load, stream};

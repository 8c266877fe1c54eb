//! Actions on chunks, continuous aggregates and jobs: previewed, then done target by target, each by itself.

mod api;
mod execute;
mod fingerprint;
mod plan;
mod plan_chunks;
mod plan_jobs;
mod plan_refresh;
mod refused;
mod settle;
mod under_way;

pub use refused::ActionRefused;
pub use settle::keep_actions;
pub(crate) use under_way::{Ending, Operations, Pulse, UnderWay, keep_alive, once, to_end};

//! Tidemark's server side: reads TimescaleDB, keeps the console's own state, knows who may do what.
//!
//! Knows neither the web framework nor the views: it takes plain values and returns `domain` types.

pub mod accounts;
pub mod actions;
pub mod audit;
pub mod auth;
pub mod clock;
pub mod collector;
pub mod console;
pub mod declared;
pub mod demo;
pub mod feed;
pub mod history;
mod made;
pub mod policies;
pub mod random;
pub mod reference;
pub mod retention;
pub mod state;
pub mod timescale;

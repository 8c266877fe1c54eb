//! The `tidemark` binary's insides: configuration, router, middleware, command line.

#![recursion_limit = "512"]

mod api;
mod audit_export;
pub mod command;
pub mod configuration;
mod events;
mod export;
mod health;
mod kept_export;
mod list_export;
mod logging;
mod middleware;
mod places;
mod policy_export;
mod problem;
pub mod router;
mod serve;

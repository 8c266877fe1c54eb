//! The `tidemark` binary's insides: configuration, router, middleware, command line.

#![recursion_limit = "512"]

mod api;
mod audit_export;
pub mod command;
pub mod configuration;
mod health;
mod logging;
mod middleware;
mod problem;
pub mod router;
mod serve;

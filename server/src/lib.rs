//! The `tidemark` binary's insides: configuration, router, middleware, command line.

#![recursion_limit = "512"]

pub mod command;
pub mod configuration;
mod health;
mod middleware;
mod router;
mod serve;

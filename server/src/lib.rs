//! The `tidemark` binary's insides: configuration, router, middleware, command line.

// pub mod command;
pub mod configuration;
// mod health;
// mod middleware;
// mod router;
// mod serve;

//! What a person sees: pages, components, and the server functions behind them.
//!
//! Compiled twice: with `ssr` into the server, with `hydrate` into the browser. Both must draw the same bytes, so
//! no view reads a clock, a locale or a random number.

#![recursion_limit = "512"]
#![allow(
    clippy::needless_pass_by_value,
    reason = "components own their properties, whether a build of them consumes them or not"
)]

mod browser;
pub mod charts;
mod components;
mod drawings;
pub mod error;
mod loading;
mod pages;
mod routes;
pub mod server_fns;
mod shell;

pub use routes::App;
#[cfg(feature = "ssr")]
pub use shell::shell;

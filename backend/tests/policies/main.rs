//! Policies: previewed, applied, refused, killed half-way, settled and taken back, on real servers.

#[path = "../support/mod.rs"]
mod support;

mod applied;
mod contention;
mod crashed;
mod declared;
mod foretold;
mod fresh;
mod killed;
mod not_begun;
mod refused;
mod taken_back;
mod workshop;

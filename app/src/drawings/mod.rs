//! What charts show, made on the server from the snapshot and from history.
#![cfg(feature = "ssr")]

mod chunks;
mod compression;
mod ingest;
mod levels;
mod storage;
mod tables;
mod words;

pub(crate) use chunks::draw_chunks;
pub(crate) use compression::draw_compression;
pub(crate) use ingest::draw_ingest;
pub(crate) use storage::{Asked, Database, Table};
pub(crate) use tables::draw_tables;

/// Microseconds in a second: charts count in those, history in seconds.
const MICROS: i64 = 1_000_000;

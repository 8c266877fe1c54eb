//! Tidemark's types and pure logic.
//!
//! Everything here compiles to wasm and knows neither a database nor the web: the server fills these types,
//! the browser reads the very same ones.

pub mod account;
pub mod audit;
pub mod database;
pub mod hypertable;
pub mod hypertable_list;
pub mod interval;
pub mod listing;
pub mod observation;
pub mod overview;
pub mod page;
pub mod problem;
pub mod quantity;
pub mod role;
pub mod snapshot;
pub mod token;

//! Tidemark's types and pure logic.
//!
//! Everything here compiles to wasm and knows neither a database nor the web: the server fills these types,
//! the browser reads the very same ones.

pub mod account;
pub mod action;
pub mod activity;
pub mod activity_page;
pub mod aggregate_list;
pub mod aggregate_page;
pub mod attention;
pub mod audit;
pub mod chart_range;
pub mod chunk_list;
pub mod chunk_map;
pub mod chunk_status;
pub mod compression_list;
pub mod compression_settings;
pub mod continuous_aggregate;
pub mod database;
pub mod declared;
pub mod dimension;
pub mod export;
pub mod fact;
pub mod forecast;
#[cfg(test)]
mod generated;
pub mod history;
pub mod hypertable;
pub mod hypertable_list;
pub mod ingest;
pub mod interval;
pub mod job;
pub mod job_error;
pub mod job_list;
pub mod job_page;
pub mod jobs_page;
pub mod judgement;
pub mod listing;
pub mod observation;
pub mod overview;
pub mod page;
pub mod policy;
pub mod policy_change;
pub mod problem;
pub mod psql;
pub mod quantity;
pub mod reading;
pub mod retention_run;
pub mod role;
pub mod search;
pub mod server_health;
pub mod snapshot;
pub mod standing;
pub mod table_name;
pub mod table_page;
pub mod time_axis;
pub mod timestamp;
pub mod token;
pub mod visible;
pub mod when;

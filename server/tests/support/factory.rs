//! A snapshot to show: tables with odd names, and one with many chunks.

use std::sync::Arc;

use domain::activity::Activity;
use domain::chunk_status::ChunkStatus;
use domain::hypertable::{Chunk, ChunkRange, Hypertable, TableSize, TimePoint};
use domain::interval::Interval;
use domain::job::{Job, JobKind, NextStart};
use domain::server_health::{BackgroundWorkers, CacheReads, ServerHealth, TransactionIds};
use domain::snapshot::{Connections, Edition, HypertableChunks, ServerFacts, Snapshot};
use domain::table_name::TableName;
use domain::visible::{Hidden, Visible};
use jiff::Timestamp;

/// More than two pieces of an export.
pub const CHUNKS: u64 = 1_234;
/// A name that a browser takes for a step in the path: its pages are narrowed lists.
pub const NO_ADDRESS: (&str, &str) = ("public", "..");
/// Names that go wrong in addresses, in SQL and in spreadsheets.
pub const ODD: [(&str, &str); 5] = [
    ("Fabrik.1", "a/b?c#d%e \"f\""),
    ("public", "=HYPERLINK(\"http://evil\")"),
    ("public", "Größe"),
    NO_ADDRESS,
    ("public", "metric_hist"),
];

fn server_facts() -> ServerFacts {
    ServerFacts {
        postgres_version: "17.11".into(),
        timescaledb_version: "2.29.2".into(),
        edition: Edition::Community,
        database: "factory".into(),
        role: "tidemark".into(),
        started_at: None,
        database_size_bytes: None,
        connections: Connections {
            open: 1,
            active: None,
            console: 1,
            max: 100,
        },
    }
}

fn health() -> ServerHealth {
    ServerHealth {
        workers: BackgroundWorkers {
            timescaledb_limit: 16,
            server_limit: 40,
            parallel_limit: 8,
            running: Visible::Hidden(Hidden::OtherSessions),
            databases: 1,
            scheduled_jobs: 0,
        },
        cache: CacheReads::default(),
        recent_cache: None,
        statistics_reset_at: None,
        transaction_ids: TransactionIds {
            age: 0,
            multixact_age: 0,
            forced_vacuum_age: 200_000_000,
        },
        replication_slots: Vec::new(),
        newer_version: None,
    }
}

fn retention() -> Job {
    Job {
        id: 1007,
        application_name: "Retention Policy [1007]".into(),
        kind: JobKind::Retention,
        procedure_schema: "_timescaledb_functions".into(),
        procedure: "policy_retention".into(),
        owner: "factory".into(),
        owner_can_login: true,
        schedule_interval: Interval::new(0, 1, 0),
        max_runtime: Interval::default(),
        max_retries: -1,
        retry_period: Interval::default(),
        scheduled: true,
        fixed_schedule: false,
        initial_start: None,
        timezone: None,
        config: Some("{\"token\": \"of a custom job\"}".into()),
        table: Some(TableName::new("public", "metric_hist")),
        continuous_aggregate: None,
        next_start: NextStart::NotYet,
        is_running: Visible::Shown(false),
        statistics: None,
        errors: Visible::Shown(Vec::new()),
        threshold: None,
    }
}

fn chunk(table: usize, number: u64) -> Chunk {
    let moment = |hour: u64| {
        let second = i64::try_from(3_600 * hour).expect("in range");
        TimePoint::Moment(Timestamp::from_second(second).expect("in range"))
    };
    Chunk {
        schema: "_timescaledb_internal".into(),
        name: format!("_hyper_{table}_{number}_chunk"),
        range: Some(ChunkRange {
            start: moment(number),
            end: moment(number + 1),
        }),
        size: TableSize {
            heap_bytes: 8_192 * (number * 7 % 13),
            ..TableSize::default()
        },
        status: ChunkStatus::from_bits(u32::from(number.is_multiple_of(3))),
        is_compressed: number.is_multiple_of(3),
        ..Chunk::default()
    }
}

/// The odd tables, the last with all the chunks, and twenty small ones.
pub fn factory() -> Snapshot {
    let small: Vec<String> = (1..=20).map(|number| format!("sensor_{number:02}")).collect();
    let names = ODD
        .into_iter()
        .chain(small.iter().map(|name| ("public", name.as_str())));
    let mut of: Vec<HypertableChunks> = names
        .enumerate()
        .map(|(index, (schema, table))| HypertableChunks {
            schema: schema.into(),
            table: table.into(),
            chunks: (0..if table == "metric_hist" { CHUNKS } else { 2 })
                .map(|number| chunk(index, number))
                .collect(),
        })
        .collect();
    of.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
    let hypertables = of
        .iter()
        .map(|of| Hypertable {
            schema: of.schema.clone(),
            name: of.table.clone(),
            owner: "factory".into(),
            chunks: of.chunks.len() as u64,
            size: TableSize {
                heap_bytes: of.chunks.iter().map(|chunk| chunk.size.heap_bytes).sum(),
                ..TableSize::default()
            },
            ..Hypertable::default()
        })
        .collect();
    Snapshot {
        collected_at: Timestamp::from_second(1_800_000_000).expect("in range"),
        duration_ms: 1,
        sizes_collected_at: Timestamp::from_second(1_800_000_000).expect("in range"),
        sizes_duration_ms: 1,
        server: server_facts(),
        health: health(),
        activity: Activity {
            waits: Vec::new(),
            long_transactions: Visible::Hidden(Hidden::OtherSessions),
            prepared_transactions: Vec::new(),
        },
        jobs: vec![retention()],
        continuous_aggregates: Vec::new(),
        hypertables: Arc::new(hypertables),
        chunks: Arc::new(of),
    }
}

//! Databases with thousands of real chunks, built once and found again by every bench.
//!
//! `TIDEMARK_BENCH_SERVER_URL` (superuser) names the server; `scripts/bench.sh` starts one. `TIDEMARK_BENCH_CHUNKS`
//! chooses other sizes for a trial, for example `1000,5000`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use url::Url;

use super::report::count;

/// The role that reads: what docs/operations.md proposes for the console, nothing more.
pub const ROLE: &str = "tidemark_bench";
const SIZES: [u32; 3] = [1_000, 20_000, 100_000];
const CHUNKS_PER_TABLE: u32 = 1_000;
/// Chunks that one transaction creates: each takes up to four locks, and a server has some 10,000 by default.
const CHUNKS_PER_TRANSACTION: u32 = 500;
/// Where compression is offered, every tenth chunk is compressed: each takes ten times as long as creating it.
const COMPRESS_EVERY: u32 = 10;
const CHUNKS_COMPRESSED_PER_TRANSACTION: u32 = 50;
/// Tables are filled side by side.
const BUILDERS: usize = 2;
/// Says that a database was built to its end.
const COMPLETE: &str = "built for make bench";

/// One of these databases.
#[derive(Debug, Clone)]
pub struct Catalog {
    server: Url,
    pub chunks: u32,
    chunks_per_table: u32,
    pub has_compression: bool,
}

/// How many chunks the catalogs have, smallest first.
pub fn sizes() -> Vec<u32> {
    let Ok(chosen) = std::env::var("TIDEMARK_BENCH_CHUNKS") else {
        return SIZES.to_vec();
    };
    let mut sizes: Vec<u32> = chosen
        .split(',')
        .map(|size| size.trim().parse().expect("TIDEMARK_BENCH_CHUNKS: numbers"))
        .collect();
    sizes.sort_unstable();
    sizes
}

fn server_url() -> Url {
    std::env::var("TIDEMARK_BENCH_SERVER_URL")
        .expect("TIDEMARK_BENCH_SERVER_URL names no server; make bench starts one")
        .parse()
        .expect("TIDEMARK_BENCH_SERVER_URL: a URL")
}

/// As the superuser, in the server's own database.
pub async fn connect_to_server() -> PgConnection {
    PgConnection::connect(server_url().as_str())
        .await
        .expect("the server answers")
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .expect(sql);
}

async fn ask<T>(connection: &mut PgConnection, sql: &str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(connection)
        .await
        .expect(sql)
}

impl Catalog {
    /// The database with this many chunks; built where it is not there yet.
    pub async fn of(chunks: u32) -> Self {
        Self::with(chunks, CHUNKS_PER_TABLE).await
    }

    /// The database whose one table has this many chunks.
    #[allow(dead_code, reason = "one bench wants it")]
    pub async fn of_one_table(chunks: u32) -> Self {
        Self::with(chunks, chunks).await
    }

    async fn with(chunks: u32, chunks_per_table: u32) -> Self {
        let mut admin = connect_to_server().await;
        let mut catalog = Self {
            server: server_url(),
            chunks,
            chunks_per_table,
            has_compression: false,
        };
        let name = catalog.name();
        let is_complete: bool = ask(
            &mut admin,
            &format!(
                "select exists (select from pg_database where datname = '{name}'
                   and shobj_description(oid, 'pg_database') = '{COMPLETE}')"
            ),
        )
        .await;
        if !is_complete {
            let started = Instant::now();
            catalog.build(&mut admin).await;
            execute(&mut admin, &format!("comment on database {name} is '{COMPLETE}'")).await;
            eprintln!(
                "built a catalog of {} chunks in {:.0} s",
                count(chunks),
                started.elapsed().as_secs_f64()
            );
        }
        catalog.has_compression = offers_compression(&mut catalog.connect().await).await;
        catalog
    }

    /// The database's name.
    pub fn name(&self) -> String {
        let tables = self.tables();
        format!("bench_{}_in_{tables}", self.chunks)
    }

    /// How many hypertables share the chunks.
    pub fn tables(&self) -> u32 {
        self.chunks.div_ceil(self.chunks_per_table)
    }

    /// A hypertable's name, by number from 0; in schema public.
    pub fn table(index: u32) -> String {
        format!("readings_{index:03}")
    }

    /// The database as the console's role sees it.
    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name());
        url.set_username(ROLE).expect("a role");
        url.to_string()
    }

    /// As the superuser.
    async fn connect(&self) -> PgConnection {
        let mut url = self.server.clone();
        url.set_path(&self.name());
        PgConnection::connect(url.as_str())
            .await
            .expect("the database answers")
    }

    async fn build(&self, admin: &mut PgConnection) {
        let name = self.name();
        self.create_role(admin).await;
        execute(admin, &format!("drop database if exists {name} with (force)")).await;
        execute(admin, &format!("create database {name}")).await;
        let mut connection = self.connect().await;
        execute(
            &mut connection,
            "set client_min_messages = warning; create extension if not exists timescaledb",
        )
        .await;
        // The same for all transactions: the hour may change while this works.
        let end: String = ask(&mut connection, "select date_trunc('hour', now())::text").await;
        connection.close().await.expect("closed");

        let open: VecDeque<u32> = (0..self.tables()).collect();
        let open = Arc::new(Mutex::new(open));
        let builders: Vec<_> = (0..BUILDERS)
            .map(|_| {
                let (catalog, open, end) = (self.clone(), Arc::clone(&open), end.clone());
                tokio::spawn(async move {
                    loop {
                        let next = open.lock().expect("the tables").pop_front();
                        let Some(index) = next else { break };
                        catalog.build_table(index, &end).await;
                    }
                })
            })
            .collect();
        for builder in builders {
            builder.await.expect("the tables are built");
        }
        self.settle().await;
        let there: i64 = ask(
            &mut self.connect().await,
            "select count(*) from timescaledb_information.chunks",
        )
        .await;
        assert_eq!(there, i64::from(self.chunks), "chunks of {name}");
    }

    async fn create_role(&self, admin: &mut PgConnection) {
        let is_there: bool = ask(
            admin,
            &format!("select exists (select from pg_roles where rolname = '{ROLE}')"),
        )
        .await;
        if !is_there {
            execute(admin, &format!("create role {ROLE} login in role pg_monitor")).await;
        }
        // The superuser's: this is one scratch server.
        let quoted: String = sqlx::query_scalar("select quote_literal($1)")
            .bind(self.server.password().unwrap_or_default())
            .fetch_one(&mut *admin)
            .await
            .expect("a literal");
        execute(admin, &format!("alter role {ROLE} password {quoted}")).await;
    }

    /// One hypertable: ten rows in each of its chunks, an hour each, the last one now. Every second table has a column
    /// that brings a TOAST table to each chunk.
    async fn build_table(&self, index: u32, end: &str) {
        let table = Self::table(index);
        let chunks = self
            .chunks_per_table
            .min(self.chunks - index * self.chunks_per_table);
        let (column, value) = if index.is_multiple_of(2) {
            (", note text", ", 'n' || reading")
        } else {
            ("", "")
        };
        let mut connection = self.connect().await;
        execute(
            &mut connection,
            &format!(
                "set client_min_messages = error;
                 create table {table} (at timestamptz not null, device int not null, value float8{column});
                 select create_hypertable('{table}', by_range('at', interval '1 hour'))"
            ),
        )
        .await;
        for first in (0..chunks).step_by(CHUNKS_PER_TRANSACTION as usize) {
            let last = (first + CHUNKS_PER_TRANSACTION).min(chunks) - 1;
            execute(
                &mut connection,
                &format!(
                    "insert into {table}
                     select '{end}'::timestamptz - hour * interval '1 hour' + reading * interval '5 minutes', reading, hour{value}
                     from generate_series({first}, {last}) hour, generate_series(0, 9) reading"
                ),
            )
            .await;
        }
        if offers_compression(&mut connection).await {
            Self::compress(&mut connection, &table, chunks).await;
        }
        connection.close().await.expect("closed");
        // Over a session of its own: one that inserted still has counts to report, and what comes after VACUUM makes
        // every chunk look changed.
        let mut connection = self.connect().await;
        execute(&mut connection, &format!("vacuum (analyze) {table}")).await;
        connection.close().await.expect("closed");
    }

    /// Compresses some chunks and adds policies that find nothing to do: everything is younger than they ask.
    async fn compress(connection: &mut PgConnection, table: &str, chunks: u32) {
        execute(
            connection,
            &format!(
                "alter table {table} set (timescaledb.compress, timescaledb.compress_segmentby = 'device',
                   timescaledb.compress_orderby = 'at desc');
                 select add_compression_policy('{table}', interval '1 year');
                 select add_retention_policy('{table}', interval '2 years')"
            ),
        )
        .await;
        let compressed = chunks / COMPRESS_EVERY;
        for first in (0..compressed).step_by(CHUNKS_COMPRESSED_PER_TRANSACTION as usize) {
            let last = first + CHUNKS_COMPRESSED_PER_TRANSACTION;
            execute(
                connection,
                &format!(
                    "select compress_chunk(chunk) from (
                       select chunk, row_number() over (order by chunk) - 1 as place from show_chunks('{table}') chunk
                     ) chunks
                     where place % {COMPRESS_EVERY} = 0 and place / {COMPRESS_EVERY} >= {first}
                       and place / {COMPRESS_EVERY} < {last}"
                ),
            )
            .await;
        }
    }

    /// Statistics of the catalogs themselves, as autovacuum keeps them; and nothing left to write while others measure.
    async fn settle(&self) {
        let mut connection = self.connect().await;
        let statements: Vec<String> = sqlx::query_scalar(
            "select format('vacuum (analyze) %I.%I', n.nspname, c.relname)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind = 'r' and n.nspname in ('pg_catalog', '_timescaledb_catalog')",
        )
        .fetch_all(&mut connection)
        .await
        .expect("the catalogs");
        for statement in statements {
            execute(&mut connection, &statement).await;
        }
        execute(&mut connection, "checkpoint").await;
        connection.close().await.expect("closed");
    }
}

async fn offers_compression(connection: &mut PgConnection) -> bool {
    ask(
        connection,
        "select coalesce(current_setting('timescaledb.license', true) = 'timescale', false)",
    )
    .await
}

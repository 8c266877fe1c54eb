//! What a preview foretells of the first runs, against what the server's own policies then do.

use std::collections::{BTreeMap, BTreeSet};

use backend::policies::Planned;
use domain::policy::{Fate, Field, PolicyKind};
use domain::table_name::TableName;
use domain::timestamp::Timestamp;

use super::support::{Server, TestDatabase};
use super::workshop::{
    COMPRESS_AFTER, DROP_AFTER, FACTORY, Workshop, database, granted, named, planned, wanted_of,
};

/// Rows enough that pages are not all that counts, compressed in part already.
const TABLES: &str = "
    create table moments (ts timestamptz not null, line int not null, value float, note text);
    select create_hypertable('moments', by_range('ts', interval '1 day'));
    create index on moments (line, ts);
    insert into moments select now() - i * interval '8 seconds', i % 5, i % 1000, 'note ' || i % 9
      from generate_series(0, 12 * 10800 - 1) i;
    alter table moments set (timescaledb.compress, timescaledb.compress_segmentby = 'line');
    create table numbers (s bigint not null, line int not null, value float);
    select create_hypertable('numbers', by_range('s', 86400));
    create function now_s() returns bigint language sql stable as 'select extract(epoch from now())::bigint';
    select set_integer_now_func('numbers', 'now_s');
    insert into numbers select now_s() - i * 8, i % 5, i % 1000 from generate_series(0, 12 * 10800 - 1) i;
    alter table numbers set (timescaledb.compress, timescaledb.compress_segmentby = 'line')";

/// Each chunk's bytes, its compressed sibling included, and whether it is compressed.
async fn chunks(database: &TestDatabase, table: &str) -> BTreeMap<String, (i64, bool)> {
    let mut connection = database.connect().await;
    let rows: Vec<(String, i64, bool)> = sqlx::query_as(
        "select s.chunk_name::text, s.total_bytes::int8, c.is_compressed
         from chunks_detailed_size($1::text::regclass) s
         join timescaledb_information.chunks c on c.chunk_schema = s.chunk_schema and c.chunk_name = s.chunk_name",
    )
    .bind(table)
    .fetch_all(&mut connection)
    .await
    .expect("chunks");
    rows.into_iter()
        .map(|(name, bytes, compressed)| (name, (bytes, compressed)))
        .collect()
}

/// The chunks that are handled at a moment, by what the preview says.
fn foretold(
    planned: &Planned,
    table: &TableName,
    at: impl Fn(&Fate) -> Option<Timestamp>,
    first: Option<Timestamp>,
) -> BTreeSet<String> {
    let chunks = planned.snapshot.chunks_of(table);
    assert_eq!(chunks.len(), planned.outlook.fates.len());
    chunks
        .iter()
        .zip(&planned.outlook.fates)
        .filter(|(_, fate)| first.is_some() && at(fate) == first)
        .map(|(chunk, _)| chunk.name.clone())
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "compared to a hundredth")]
fn within_one_percent(foretold: u64, found: i64) -> bool {
    (foretold as f64 - found as f64).abs() <= 0.01 * found as f64
}

async fn first_runs_do_what_was_foretold(database: &TestDatabase, table: &str, ages: [(Field, &str); 2]) {
    // Something is compressed already, so that it is known what compression achieves.
    database
        .execute(&format!(
            "select count(compress_chunk(c)) from (
               select c from show_chunks('{table}') c
               -- The newest was made first.
               order by substring(c::text from '_hyper_\\d+_(\\d+)_chunk')::int desc limit 7 offset 2
             ) c"
        ))
        .await;
    database.execute("vacuum analyze").await;
    let workshop = Workshop::of(database).await;
    let name = named(table);
    let change = wanted_of(name.clone(), &ages);
    // The runs that follow begin now, not when the server would begin them.
    let [drop, compress] = ages;
    let now = [
        drop,
        compress,
        (Field::NextStart(PolicyKind::Retention), "now"),
        (Field::NextStart(PolicyKind::Compression), "now"),
    ];
    let preview = workshop.preview(&wanted_of(name.clone(), &now)).await;
    let planned = planned(&preview);
    let outlook = &planned.outlook;
    let dropped = foretold(
        planned,
        &name,
        |fate| fate.dropped_at,
        outlook.first_runs.retention,
    );
    let compressed = foretold(
        planned,
        &name,
        |fate| fate.compressed_at,
        outlook.first_runs.compression,
    );
    assert!(
        dropped.len() >= 3 && compressed.len() >= 2,
        "{dropped:?} {compressed:?}"
    );
    workshop.applied(&change).await;

    let before = chunks(database, table).await;
    let current = workshop
        .console
        .policy(&granted(), FACTORY, &name)
        .await
        .expect("a policy")
        .current;
    let (retention, compression) = (
        current.retention_job.expect("a job").id,
        current.compression_job.expect("a job").id,
    );
    database.execute(&format!("call run_job({retention})")).await;
    let between = chunks(database, table).await;
    let gone: BTreeSet<String> = before
        .keys()
        .filter(|name| !between.contains_key(*name))
        .cloned()
        .collect();
    assert_eq!(gone, dropped);
    let freed: i64 = gone.iter().map(|name| before[name].0).sum();
    let expected = outlook.first_dropped;
    assert!(
        within_one_percent(expected.freed_bytes.expect("known"), freed),
        "{table}: dropping frees {freed}, {expected:?} was foretold"
    );

    database.execute(&format!("call run_job({compression})")).await;
    let after = chunks(database, table).await;
    let smaller: BTreeSet<String> = after
        .iter()
        .filter(|(name, (_, compressed))| *compressed && !between[*name].1)
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(smaller, compressed);
    let freed: i64 = smaller.iter().map(|name| between[name].0 - after[name].0).sum();
    let expected = outlook.first_compressed;
    assert!(
        within_one_percent(expected.freed_bytes.expect("known"), freed),
        "{table}: compressing frees {freed}, {expected:?} was foretold"
    );
}

#[tokio::test]
async fn the_first_runs_drop_and_compress_the_chunks_and_bytes_that_were_foretold() {
    let test = "the_first_runs_drop_and_compress_the_chunks_and_bytes_that_were_foretold";
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(TABLES).await;
    Box::pin(first_runs_do_what_was_foretold(
        &database,
        "moments",
        [(DROP_AFTER, "8 days"), (COMPRESS_AFTER, "1 day")],
    ))
    .await;
    Box::pin(first_runs_do_what_was_foretold(
        &database,
        "numbers",
        [(DROP_AFTER, "691200"), (COMPRESS_AFTER, "86400")],
    ))
    .await;
}

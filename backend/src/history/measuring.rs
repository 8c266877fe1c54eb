//! What of a snapshot becomes history.

use domain::history::{Measure, Measurement, Sample, Subject};
use domain::hypertable::CompressionTotals;
use domain::ingest::IngestRate;
use domain::job::{Job, RunOutcome};
use domain::server_health::CacheReads;
use domain::snapshot::Snapshot;

/// A run that ended longer ago than this before the reading, in seconds, is left out: a console that meets a job which
/// last ran years ago would otherwise have a history of years, and what is removed for its age would come back.
const RUNS_KEPT_FOR_S: i64 = 24 * 3_600;

/// Sizes that were read longer ago than this, in seconds, are left out: readings of them fail, and a level that goes on
/// would claim to know. Readings that succeed rest for five minutes at most.
const SIZES_KEPT_FOR_S: i64 = 10 * 60;

/// The measurements of a snapshot. [`Measure::ReadingSeconds`] is always among them; the last run of a job is among
/// them as long as it is the last.
pub fn measurements(snapshot: &Snapshot) -> Vec<Measurement> {
    let at_s = snapshot.collected_at.as_second();
    let mut all = Vec::with_capacity(snapshot.hypertables.len() * 10 + snapshot.jobs.len() * 2 + 11);
    let mut add = |subject: &Subject, measure, value: f64| {
        all.push(Measurement {
            measure,
            subject: subject.clone(),
            sample: Sample { at_s, value },
        });
    };
    let whole = Subject::Database;
    #[expect(clippy::cast_precision_loss, reason = "a reading takes seconds")]
    add(
        &whole,
        Measure::ReadingSeconds,
        snapshot.duration_ms as f64 / 1000.0,
    );
    add(
        &whole,
        Measure::Connections,
        f64::from(snapshot.server.connections.open),
    );
    if let Some(share) = snapshot.health.recent_cache.and_then(CacheReads::hit_percent) {
        add(&whole, Measure::CacheHitRatio, share / 100.0);
    }
    if at_s - snapshot.sizes_collected_at.as_second() <= SIZES_KEPT_FOR_S {
        add_sizes(snapshot, &mut add);
    }
    all.extend(snapshot.jobs.iter().flat_map(|job| last_run(job, at_s)));
    all
}

fn add_sizes(snapshot: &Snapshot, add: &mut impl FnMut(&Subject, Measure, f64)) {
    let whole = Subject::Database;
    if let Some(bytes) = snapshot.server.database_size_bytes {
        add(&whole, Measure::DatabaseBytes, figure(bytes));
    }
    let ingest = || snapshot.hypertables.iter().filter_map(|table| table.ingest);
    if ingest().next().is_some() {
        let sum = ingest().map(IngestRate::rows_per_second).sum();
        add(&whole, Measure::IngestRowsPerSecond, sum);
    }
    let totals = snapshot.totals();
    add(&whole, Measure::TableBytes, figure(totals.bytes));
    add(&whole, Measure::Rows, figure(totals.rows));
    add(&whole, Measure::Chunks, figure(totals.chunks));
    add(
        &whole,
        Measure::CompressedChunks,
        figure(totals.compressed_chunks),
    );
    add(&whole, Measure::UncompressedBytes, figure(totals.before_bytes));
    add(&whole, Measure::CompressedBytes, figure(totals.after_bytes));
    for table in snapshot.hypertables.iter() {
        let subject = Subject::Table {
            schema: table.schema.clone(),
            name: table.name.clone(),
        };
        add(&subject, Measure::TableBytes, figure(table.size.total_bytes()));
        add(&subject, Measure::HeapBytes, figure(table.size.heap_bytes));
        add(&subject, Measure::IndexBytes, figure(table.size.index_bytes));
        add(&subject, Measure::ToastBytes, figure(table.size.toast_bytes));
        add(&subject, Measure::Rows, figure(table.rows));
        add(&subject, Measure::Chunks, figure(table.chunks));
        add(
            &subject,
            Measure::CompressedChunks,
            figure(table.compressed_chunks),
        );
        if let Some(CompressionTotals {
            before_bytes,
            after_bytes,
        }) = table.compression
        {
            add(&subject, Measure::UncompressedBytes, figure(before_bytes));
            add(&subject, Measure::CompressedBytes, figure(after_bytes));
        }
        if let Some(rate) = table.ingest {
            add(&subject, Measure::IngestRowsPerSecond, rate.rows_per_second());
        }
    }
}

/// The last finished run of a job, at the moment it finished by the database's clock: whoever reads it, and however
/// often, hands in the same.
fn last_run(job: &Job, now_s: i64) -> Vec<Measurement> {
    let Some(statistics) = job.statistics else {
        return Vec::new();
    };
    let (Some(finish), Some(outcome)) = (statistics.last_finish, statistics.last_outcome) else {
        return Vec::new();
    };
    let at_s = finish.as_second();
    if now_s - at_s > RUNS_KEPT_FOR_S {
        return Vec::new();
    }
    let of = |measure, value| Measurement {
        measure,
        subject: Subject::Job { id: job.id },
        sample: Sample { at_s, value },
    };
    let failed = f64::from(u8::from(outcome == RunOutcome::Failed));
    let mut run = vec![of(Measure::JobFailures, failed)];
    #[expect(clippy::cast_precision_loss, reason = "a run takes no centuries")]
    if let Some(took_us) = statistics.last_duration_us {
        run.push(of(Measure::JobSeconds, took_us as f64 / 1_000_000.0));
    }
    run
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 9 PB; beyond, to a few bytes"
)]
fn figure(value: u64) -> f64 {
    value as f64
}

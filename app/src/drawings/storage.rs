//! How large a table was, or all of them on each other, and how that grows.

use std::collections::HashMap;

use backend::auth::Granted;
use backend::console::{Console, HistoryNotShown};
use charts::Markup;
use domain::forecast::{
    Basis, Growth, Monthly, Settling, TableChunks, Trend, growth_of_series, growth_of_tables,
};
use domain::history::{Measure, Range, Series, Subject};
use domain::hypertable::{Hypertable, TimeSpan};
use domain::job::JobKind;
use domain::judgement::Light;
use domain::quantity::{bytes, read_bytes};
use domain::reading::Seen;
use domain::table_name::TableName;
use leptos::prelude::*;

use super::levels::{Levels, Span, chunk_bytes, draw_levels};
use super::words::{Grows, words};
use crate::components::markup;
use crate::server_fns::SizeFigure;

/// Tables that are drawn by themselves; the others are drawn as one.
const SINGLE_TABLES: usize = 3;

/// A table and what its chunks hold.
pub(crate) struct Table {
    /// The name its history has: of a continuous aggregate, that of its materialization.
    pub(crate) recorded_as: TableName,
    name: String,
    /// Bytes on disk; `None` where it was not read.
    bytes: Option<u64>,
    chunks: TableChunks,
    /// Since when nothing has come in; `None` where something does, or nobody can tell.
    idle_since_s: Option<i64>,
    /// What the next run of its retention drops.
    due_bytes: u64,
    /// Whether it has a retention policy whose drops nobody can foretell.
    is_retention_unsure: bool,
}

impl Table {
    /// As it was read.
    pub(crate) fn of(seen: Seen<'_>, table: &Hypertable) -> Self {
        Self::with_ages(seen, table, &policy_ages(seen))
    }

    fn with_ages(seen: Seen<'_>, table: &Hypertable, ages: &HashMap<(&str, &str), Ages>) -> Self {
        let ages = ages
            .get(&(table.schema.as_str(), table.name.as_str()))
            .copied()
            .unwrap_or_default();
        let chunks = TableChunks {
            chunks: chunk_bytes(seen.snapshot.chunks_of(&table.table_name())),
            dropped_after_s: ages.dropped_after_s,
            compressed_after_s: ages.compressed_after_s,
        };
        Self {
            recorded_as: table.table_name(),
            name: table.display_name(),
            bytes: Some(table.size.total_bytes()),
            // As of when the chunks were read: what came in since cannot be seen in them.
            idle_since_s: chunks.idle_since_s(seen.snapshot.sizes_collected_at.as_second()),
            chunks,
            due_bytes: ages.due_bytes,
            is_retention_unsure: ages.is_retention_unsure,
        }
    }

    /// One that was not read yet: its history is there all the same.
    pub(crate) fn unread(table: &TableName) -> Self {
        Self {
            recorded_as: table.clone(),
            name: table.to_string(),
            bytes: None,
            chunks: TableChunks::default(),
            idle_since_s: None,
            due_bytes: 0,
            is_retention_unsure: false,
        }
    }
}

/// What policies do to a table's chunks.
#[derive(Clone, Copy, Default)]
struct Ages {
    /// The ages at which policies handle chunks, in seconds.
    dropped_after_s: Option<i64>,
    compressed_after_s: Option<i64>,
    due_bytes: u64,
    is_retention_unsure: bool,
}

/// Of every table with such a policy. Retention counts where it does its work: one that is paused, late or fails drops
/// nothing to rely on, and one that counts from the creation of chunks has no place on the time axis.
fn policy_ages(seen: Seen<'_>) -> HashMap<(&str, &str), Ages> {
    let mut ages: HashMap<(&str, &str), Ages> = HashMap::new();
    for job in &seen.snapshot.jobs {
        let (Some(table), Some(threshold)) = (&job.table, job.threshold) else {
            continue;
        };
        let of_table = ages.entry((&table.schema, &table.name)).or_default();
        let after_s = match threshold.after {
            TimeSpan::Interval(after) if !threshold.from_creation => {
                Some(after.approximate_microseconds() / 1_000_000)
            }
            _ => None,
        };
        let earliest = |known: Option<i64>| known.into_iter().chain(after_s).min();
        match (job.kind, seen.judgement.of_job(job.id)) {
            (JobKind::Compression, _) if job.scheduled => {
                of_table.compressed_after_s = earliest(of_table.compressed_after_s);
            }
            (JobKind::Retention, Some(verdict)) if verdict.light == Light::OnTime && after_s.is_some() => {
                of_table.dropped_after_s = earliest(of_table.dropped_after_s);
                of_table.due_bytes = of_table.due_bytes.max(verdict.due.bytes);
            }
            (JobKind::Retention, _) => of_table.is_retention_unsure = true,
            _ => {}
        }
    }
    ages
}

/// All tables, the largest first, and the database's own bytes.
pub(crate) struct Database {
    tables: Vec<Table>,
    /// Bytes on disk; `None` where it was not read.
    bytes: Option<u64>,
    /// Since when nothing has come in; `None` where something does, or nobody can tell.
    idle_since_s: Option<i64>,
}

impl Database {
    /// As it was read.
    pub(crate) fn of(seen: Seen<'_>) -> Self {
        let mut tables: Vec<&Hypertable> = seen.snapshot.hypertables.iter().collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.size.total_bytes()));
        let ages = policy_ages(seen);
        let tables: Vec<Table> = tables
            .into_iter()
            .map(|table| Table::with_ages(seen, table, &ages))
            .collect();
        let bytes = seen
            .snapshot
            .server
            .database_size_bytes
            .unwrap_or_else(|| seen.snapshot.totals().bytes);
        // Where one table does not tell, or something comes into one, the database is not idle. Those without a chunk
        // say nothing.
        let idle: Option<Vec<i64>> = tables
            .iter()
            .filter(|table| !seen.snapshot.chunks_of(&table.recorded_as).is_empty())
            .map(|table| table.idle_since_s)
            .collect();
        Self {
            tables,
            bytes: Some(bytes),
            idle_since_s: idle.and_then(|idle| idle.into_iter().max()),
        }
    }

    /// One that was not read yet.
    pub(crate) fn unread() -> Self {
        Self {
            tables: Vec::new(),
            bytes: None,
            idle_since_s: None,
        }
    }
}

/// Where history is read from, and what is asked of it.
pub(crate) struct Asked<'a> {
    /// The console.
    pub(crate) console: &'a Console,
    /// Who asks.
    pub(crate) granted: &'a Granted,
    /// Which database.
    pub(crate) database: &'a str,
    /// How far back.
    pub(crate) range: Range,
    /// The size whose date is asked for, as it was written; empty where none is.
    pub(crate) limit: &'a str,
}

impl Asked<'_> {
    /// One table.
    pub(crate) async fn draw_table(&self, table: Table) -> Result<SizeFigure, HistoryNotShown> {
        let subject = table_subject(&table.recorded_as);
        let now_s = self.console.now().as_second();
        let recorded = self.read(&subject, Measure::TableBytes, self.range).await?;
        let quarter = self.read(&subject, Measure::TableBytes, Range::Quarter).await?;
        let growth = or_by_chunks(
            growth_of_series(&quarter),
            || table.chunks.growth(now_s),
            || {
                table
                    .chunks
                    .settles_at_s()
                    .map(|at_s| (at_s, 1.0))
                    .into_iter()
                    .collect()
            },
        );
        let grows = Grows {
            what: named(&table.name, table.bytes),
            growth,
            idle_since_s: table.idle_since_s,
            due_bytes: table.due_bytes,
            unsure_retentions: u64::from(table.is_retention_unsure),
        };
        let all = [Levels {
            name: "Size".to_owned(),
            recorded,
            tables: vec![table.chunks],
        }];
        Ok(self.figure("Size over time", &all, &grows, now_s))
    }

    /// The largest tables by themselves, the others as one. Growth and limit are those of the whole database.
    pub(crate) async fn draw_database(&self, database: Database) -> Result<SizeFigure, HistoryNotShown> {
        let now_s = self.console.now().as_second();
        let quarter = self
            .read(&Subject::Database, Measure::DatabaseBytes, Range::Quarter)
            .await?;
        let chunks = || database.tables.iter().map(|table| &table.chunks);
        let growth = or_by_chunks(
            growth_of_series(&quarter),
            || {
                #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
                growth_of_tables(chunks(), database.bytes.unwrap_or(0) as f64, now_s)
            },
            || shares(chunks(), now_s),
        );
        let grows = Grows {
            what: named("The database", database.bytes),
            growth,
            idle_since_s: database.idle_since_s,
            due_bytes: database.tables.iter().map(|table| table.due_bytes).sum(),
            unsure_retentions: database
                .tables
                .iter()
                .filter(|table| table.is_retention_unsure)
                .count() as u64,
        };
        let mut others = Levels {
            name: "others".to_owned(),
            recorded: self
                .read(&Subject::Database, Measure::TableBytes, self.range)
                .await?,
            tables: Vec::new(),
        };
        let mut all = Vec::new();
        let single = if database.tables.len() == SINGLE_TABLES + 1 {
            SINGLE_TABLES + 1
        } else {
            SINGLE_TABLES
        };
        for (index, table) in database.tables.into_iter().enumerate() {
            if index >= single {
                others.tables.push(table.chunks);
                continue;
            }
            let recorded = self
                .read(
                    &table_subject(&table.recorded_as),
                    Measure::TableBytes,
                    self.range,
                )
                .await?;
            take_off(&mut others.recorded, &recorded);
            all.push(Levels {
                name: table.name,
                recorded,
                tables: vec![table.chunks],
            });
        }
        // Tables that are gone, too.
        if others.tables.iter().any(|table| !table.chunks.is_empty())
            || others.recorded.points.iter().any(|point| point.last > 0.0)
        {
            all.push(others);
        }
        Ok(self.figure("Storage by table", &all, &grows, now_s))
    }

    fn figure(&self, title: &str, all: &[Levels], grows: &Grows, now_s: i64) -> SizeFigure {
        let limit = read_bytes(self.limit);
        SizeFigure {
            figure: draw_levels(title, all, Span::of(self.range, now_s, all)).into(),
            sentences: sentences(words(grows, limit)),
            is_limit_unread: limit.is_none() && !self.limit.trim().is_empty(),
        }
    }

    async fn read(
        &self,
        subject: &Subject,
        measure: Measure,
        range: Range,
    ) -> Result<Series, HistoryNotShown> {
        self.console
            .history(self.granted, self.database, subject, measure, range)
            .await
    }
}

fn table_subject(table: &TableName) -> Subject {
    Subject::Table {
        schema: table.schema.clone(),
        name: table.name.clone(),
    }
}

/// What grows, and how large it is where that was read.
fn named(what: &str, now: Option<u64>) -> String {
    now.map_or_else(|| what.to_owned(), |now| format!("{what} ({} now)", bytes(now)))
}

/// When each table's growth ends, and its share of the growth of all.
fn shares<'a>(tables: impl Iterator<Item = &'a TableChunks>, now_s: i64) -> Vec<(i64, f64)> {
    let paces: Vec<(Option<i64>, f64)> = tables
        .filter_map(|table| match table.growth(now_s) {
            Growth::Known(trend) => Some((table.settles_at_s(), trend.monthly.likely)),
            Growth::NotEnough { .. } => None,
        })
        .collect();
    let all: f64 = paces.iter().map(|(_, pace)| pace).sum();
    let mut shares: Vec<(i64, f64)> = paces
        .into_iter()
        .filter_map(|(at_s, pace)| Some((at_s?, pace / all)))
        .filter(|(_, share)| share.is_finite())
        .collect();
    shares.sort_by_key(|(at_s, _)| *at_s);
    shares
}

/// By history, or, while there is too little, by chunks. What history does not know is when growth will end: `settles`
/// says when, and which share of the growth ends then.
fn or_by_chunks(
    by_history: Growth,
    by_chunks: impl FnOnce() -> Growth,
    settles: impl FnOnce() -> Vec<(i64, f64)>,
) -> Growth {
    match by_history {
        Growth::Known(trend) => {
            // What was settled before the part that was looked at has nothing to do with the growth that was seen in it.
            let seen_from_s = match trend.basis {
                Basis::History { from_s, .. } => from_s,
                Basis::Chunks { .. } => trend.at_s,
            };
            let Monthly { low, likely, high } = trend.monthly;
            let settling = settles()
                .into_iter()
                .filter(|(at_s, _)| *at_s > seen_from_s)
                .map(|(at_s, share)| Settling {
                    at_s: at_s.max(trend.at_s),
                    monthly: Monthly {
                        low: low * share,
                        likely: likely * share,
                        high: high * share,
                    },
                })
                .collect();
            Growth::Known(Trend { settling, ..trend })
        }
        // How much history is missing says more than how many chunks are.
        Growth::NotEnough { .. } => match by_chunks() {
            known @ Growth::Known(_) => known,
            Growth::NotEnough { .. } => by_history,
        },
    }
}

/// Takes a part off the whole, point by point.
fn take_off(whole: &mut Series, part: &Series) {
    for point in &mut whole.points {
        if let Ok(index) = part.points.binary_search_by_key(&point.at_s, |point| point.at_s) {
            point.last = (point.last - part.points[index].last).max(0.0);
        }
    }
}

fn sentences(sentences: Vec<String>) -> Markup {
    markup(
        sentences
            .into_iter()
            .map(|sentence| view! { <p>{sentence}</p> })
            .collect_view(),
    )
}

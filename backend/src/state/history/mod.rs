//! History: series, their samples, and how those are thinned with age.

mod reading;
mod recording;
mod series;
mod thinning;

use std::sync::LazyLock;

use domain::history::Resolution;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};

pub(crate) use recording::NewSample;
pub(crate) use series::SeriesKey;
pub use thinning::Thinned;

/// As a resolution stands in the tables.
fn stored(resolution: Resolution) -> i64 {
    match resolution {
        Resolution::Raw => 0,
        Resolution::Hour => 1,
        Resolution::Day => 2,
    }
}

/// Rows that one statement inserts: a network's delay is paid once for all of them.
const ROWS_AT_ONCE: usize = 100;

/// An insert of [`ROWS_AT_ONCE`] rows, and the same of one.
struct BulkInsert {
    many: String,
    one: String,
}

impl BulkInsert {
    /// `insert into TABLE (COLUMNS)`, the number of columns, and what comes after the values. Texts of this program
    /// only: values are bound.
    fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        let statement = |rows: usize| {
            let values: Vec<String> = (0..rows)
                .map(|row| {
                    let places: Vec<String> = (1..=columns)
                        .map(|column| format!("${}", row * columns + column))
                        .collect();
                    format!("({})", places.join(", "))
                })
                .collect();
            format!("{head} values {} {tail}", values.join(", "))
        };
        Self {
            many: statement(ROWS_AT_ONCE),
            one: statement(1),
        }
    }
}

type Statement = Query<'static, Any, AnyArguments>;

/// Inserts all rows; returns how many were new.
async fn insert_all<R>(
    connection: &mut AnyConnection,
    insert: &'static LazyLock<BulkInsert>,
    rows: &[R],
    bind: impl Fn(Statement, &R) -> Statement,
) -> Result<u64, sqlx::Error> {
    let whole = rows.len() - rows.len() % ROWS_AT_ONCE;
    let mut inserted = 0;
    let batches = rows[..whole]
        .chunks(ROWS_AT_ONCE)
        .map(|batch| (insert.many.as_str(), batch))
        .chain(rows[whole..].chunks(1).map(|row| (insert.one.as_str(), row)));
    for (sql, batch) in batches {
        inserted += batch
            .iter()
            .fold(sqlx::query(sql), &bind)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(inserted)
}

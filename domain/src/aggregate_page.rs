//! What the page about continuous aggregates shows.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aggregate_list::{AggregateQuery, AggregateRow, aggregate_page};
use crate::continuous_aggregate::{ContinuousAggregate, RefreshPolicy};
use crate::hypertable::{TimePoint, TimeSpan};
use crate::hypertable_list::TableLight;
use crate::job_page::next_words;
use crate::listing::ListPage;
use crate::quantity::{age, age_ms, minute};
use crate::reading::Seen;
use crate::visible::Visible;
use crate::when::When;

/// The page: one page of the list, with the truth about each continuous aggregate on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregatesPage {
    /// The rows.
    pub page: ListPage<AggregateRow>,
    /// What is told of each row, in the order of the rows.
    pub rows: Vec<AggregateWords>,
}

/// A continuous aggregate in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregateWords {
    /// Whether its policies do their work.
    pub light: TableLight,
    /// Up to where it is materialized; `None` while nothing is.
    pub watermark: Option<When>,
    /// How far that is behind now; `None` where nothing is, or now is not known.
    pub behind: Option<String>,
    /// The policies that refresh it.
    pub policies: Vec<RefreshWords>,
}

/// A refresh policy in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshWords {
    /// Number of its job.
    pub job_id: i32,
    /// What it keeps up to date.
    pub window: String,
    /// When it starts next; `None` where its job is not known.
    pub next: Option<When>,
}

impl AggregatesPage {
    /// One page of the continuous aggregates that were read.
    pub fn of(seen: Seen<'_>, query: &AggregateQuery) -> Self {
        let page = aggregate_page(query, seen.snapshot);
        let rows = page
            .items
            .iter()
            .map(|row| AggregateWords::of(seen, &row.aggregate))
            .collect();
        Self { page, rows }
    }
}

impl AggregateWords {
    fn of(seen: Seen<'_>, aggregate: &ContinuousAggregate) -> Self {
        Self {
            light: TableLight::of(seen, &aggregate.materialization),
            watermark: aggregate.watermark.map(|watermark| match watermark {
                TimePoint::Moment(at) => When {
                    words: minute(at),
                    at: Some(at),
                },
                TimePoint::Number(number) => When::said(&number.to_string()),
            }),
            behind: behind(seen, aggregate),
            policies: aggregate
                .refresh
                .iter()
                .map(|policy| RefreshWords::of(seen, policy))
                .collect(),
        }
    }
}

impl RefreshWords {
    fn of(seen: Seen<'_>, policy: &RefreshPolicy) -> Self {
        let job = seen.snapshot.jobs.iter().find(|job| job.id == policy.job_id);
        Self {
            job_id: policy.job_id,
            window: window(policy.start_offset, policy.end_offset),
            next: job.map(|job| next_words(job, seen.judgement.of_job(job.id), seen.now)),
        }
    }
}

fn behind(seen: Seen<'_>, aggregate: &ContinuousAggregate) -> Option<String> {
    match aggregate.watermark? {
        // A refresh without an end reaches beyond now, and one of nothing leaves the beginning of time.
        TimePoint::Moment(at) => (at > Timestamp::UNIX_EPOCH && at < seen.now)
            .then(|| format!("{} behind now", age(age_ms(seen.now, at)))),
        TimePoint::Number(at) => {
            let source = seen.snapshot.hypertable(&aggregate.source)?;
            let Some(Visible::Shown(now)) = source.integer_now else {
                return None;
            };
            let behind = now.checked_sub(at).filter(|behind| *behind > 0)?;
            Some(format!("{behind} behind now"))
        }
    }
}

/// `from 1 month to 1 hour ago`.
fn window(start: Option<TimeSpan>, end: Option<TimeSpan>) -> String {
    match (start, end) {
        (None, None) => "everything".to_owned(),
        (Some(start), None) => format!("from {start} ago on"),
        (None, Some(end)) => format!("everything up to {end} ago"),
        (Some(start), Some(end)) => format!("from {start} to {end} ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Interval;
    use crate::judgement::judge;
    use crate::snapshot::{Snapshot, example};
    use crate::table_name::TableName;

    fn hourly(watermark: Option<TimePoint>) -> ContinuousAggregate {
        ContinuousAggregate {
            view: TableName::new("public", "hourly"),
            owner: "factory".into(),
            source: TableName::new("public", "metric_hist"),
            materialization: TableName::new("_timescaledb_internal", "_materialized_hypertable_2"),
            materialized_only: true,
            compression_enabled: false,
            finalized: true,
            bucket_width: None,
            watermark,
            refresh: vec![RefreshPolicy {
                job_id: 1000,
                start_offset: None,
                end_offset: Some(TimeSpan::Interval(Interval::new(0, 2, 0))),
            }],
        }
    }

    fn words(watermark: Option<TimePoint>) -> AggregateWords {
        let snapshot = Snapshot {
            continuous_aggregates: vec![hourly(watermark)],
            ..example::empty()
        };
        let now = Timestamp::from_second(10 * 86_400).expect("in range");
        let judgement = judge(&snapshot, now);
        let seen = Seen {
            snapshot: &snapshot,
            judgement: &judgement,
            now,
        };
        AggregatesPage::of(seen, &AggregateQuery::default())
            .rows
            .remove(0)
    }

    fn day(day: i64) -> TimePoint {
        TimePoint::Moment(Timestamp::from_second(day * 86_400).expect("in range"))
    }

    #[test]
    fn what_is_not_materialized_is_measured_up_to_now() {
        assert_eq!(words(Some(day(7))).behind.as_deref(), Some("3 days behind now"));
        assert_eq!(
            words(Some(day(11))).behind,
            None,
            "a refresh without an end reaches beyond now"
        );
        assert_eq!((words(None).behind, words(None).watermark), (None, None));
    }

    #[test]
    fn an_integer_watermark_without_a_now_says_no_more_than_it_knows() {
        let words = words(Some(TimePoint::Number(4200)));
        assert_eq!(words.watermark, Some(When::said("4200")));
        assert_eq!(words.behind, None);
    }

    #[test]
    fn a_window_is_told_by_its_offsets() {
        let days = |days| Some(TimeSpan::Interval(Interval::new(0, days, 0)));
        for (start, end, text) in [
            (None, None, "everything"),
            (days(30), None, "from 30 days ago on"),
            (None, days(1), "everything up to 1 day ago"),
            (days(30), days(1), "from 30 days to 1 day ago"),
        ] {
            assert_eq!(window(start, end), text);
        }
        assert_eq!(words(None).policies[0].window, "everything up to 2 days ago");
    }
}

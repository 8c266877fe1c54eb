//! Two policies side by side: for the form, for drift from what is declared, and for a change that is refused because
//! somebody else was faster.

use serde::{Deserialize, Serialize};

use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::policy::columns::{write_order_by, write_segment_by};
use crate::policy::field::Field;
use crate::policy::model::{AgePolicy, Compression, PolicyKind, Refresh, TablePolicy};
use crate::policy::schedule::Schedule;

/// A field that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// What it is, in words.
    pub current: String,
    /// What it should be, in words; where two readings are compared, what was found.
    pub desired: String,
}

/// Where two policies are not the same, in the order of the form. What the desired one leaves open is no difference.
pub fn differences(current: &TablePolicy, desired: &TablePolicy) -> Vec<Difference> {
    difference_of_policies(current, desired, false)
}

/// The same; with `every` also where they agree.
pub(super) fn difference_of_policies(
    current: &TablePolicy,
    desired: &TablePolicy,
    every: bool,
) -> Vec<Difference> {
    let mut rows = Rows {
        rows: Vec::new(),
        every,
    };
    if desired.chunk_interval.is_some() || every {
        let span = |span: Option<TimeSpan>| span.map_or_else(|| NOTHING.to_owned(), |span| span.to_string());
        // The server keeps microseconds: a day is 24 hours, a month 30 days.
        let same = match (current.chunk_interval, desired.chunk_interval) {
            (Some(a), Some(b)) => same_length(a, b),
            (a, b) => a == b,
        };
        rows.push(
            Field::ChunkInterval,
            span(current.chunk_interval),
            span(desired.chunk_interval),
            same,
        );
    }
    compression(&mut rows, &current.compression, &desired.compression);
    by_age(
        &mut rows,
        PolicyKind::Compression,
        current.compression.policy(),
        desired.compression.policy(),
    );
    by_age(
        &mut rows,
        PolicyKind::Retention,
        current.retention.as_ref(),
        desired.retention.as_ref(),
    );
    refresh(&mut rows, current, desired);
    rows.rows
}

/// Whether two chunk intervals are one to the server.
pub(super) fn same_length(a: TimeSpan, b: TimeSpan) -> bool {
    matches!(
        (a, b),
        (TimeSpan::Interval(_), TimeSpan::Interval(_)) | (TimeSpan::Number(_), TimeSpan::Number(_))
    ) && a.sort_key() == b.sort_key()
}

/// What stands where there is no value.
pub(super) const NOTHING: &str = "-";

struct Rows {
    rows: Vec<Difference>,
    every: bool,
}

impl Rows {
    fn push(&mut self, field: Field, current: String, desired: String, same: bool) {
        if self.every || !same {
            self.rows.push(Difference {
                field,
                current,
                desired,
            });
        }
    }

    fn compare(&mut self, field: Field, current: String, desired: String) {
        let same = current == desired;
        self.push(field, current, desired, same);
    }
}

fn compression(rows: &mut Rows, current: &Compression, desired: &Compression) {
    let on = |compression: &Compression| on_off(compression.settings().is_some());
    rows.compare(Field::Compression, on(current), on(desired));
    let segment_by = |compression: &Compression| {
        let settings = compression.settings();
        settings.map_or_else(
            || NOTHING.to_owned(),
            |of| chosen(write_segment_by(&of.segment_by)),
        )
    };
    let order_by = |compression: &Compression| {
        let settings = compression.settings();
        settings.map_or_else(|| NOTHING.to_owned(), |of| chosen(write_order_by(&of.order_by)))
    };
    if desired.settings().is_some() || rows.every {
        rows.compare(Field::SegmentBy, segment_by(current), segment_by(desired));
        rows.compare(Field::OrderBy, order_by(current), order_by(desired));
    }
}

fn by_age(rows: &mut Rows, kind: PolicyKind, current: Option<&AgePolicy>, desired: Option<&AgePolicy>) {
    let age = |policy: Option<&AgePolicy>| {
        policy.map_or_else(|| "never".to_owned(), |policy| policy.threshold.to_string())
    };
    let same = current.map(|policy| policy.threshold) == desired.map(|policy| policy.threshold);
    rows.push(Field::Threshold(kind), age(current), age(desired), same);
    schedule(
        rows,
        kind,
        current.map(|policy| &policy.schedule),
        desired.map(|policy| &policy.schedule),
    );
}

fn refresh(rows: &mut Rows, current: &TablePolicy, desired: &TablePolicy) {
    let (now, then) = (current.refresh.as_ref(), desired.refresh.as_ref());
    rows.compare(
        Field::Threshold(PolicyKind::Refresh),
        on_off(now.is_some()),
        on_off(then.is_some()),
    );
    if then.is_none() && !rows.every {
        return;
    }
    let start = |refresh: Option<&Refresh>| {
        refresh.map_or_else(
            || NOTHING.to_owned(),
            |refresh| offset(refresh.window.start_offset, "the oldest row"),
        )
    };
    let end = |refresh: Option<&Refresh>| {
        refresh.map_or_else(
            || NOTHING.to_owned(),
            |refresh| offset(refresh.window.end_offset, "the newest row"),
        )
    };
    rows.compare(Field::RefreshStart, start(now), start(then));
    rows.compare(Field::RefreshEnd, end(now), end(then));
    schedule(
        rows,
        PolicyKind::Refresh,
        now.map(|refresh| &refresh.schedule),
        then.map(|refresh| &refresh.schedule),
    );
}

fn schedule(rows: &mut Rows, kind: PolicyKind, current: Option<&Schedule>, desired: Option<&Schedule>) {
    if desired.is_none() && !rows.every {
        // Without a policy there is no schedule to want.
        return;
    }
    let mut row = |field: Field, text: &dyn Fn(&Schedule) -> String| {
        let of = |schedule: Option<&Schedule>| schedule.map_or_else(|| NOTHING.to_owned(), text);
        rows.compare(field, of(current), of(desired));
    };
    row(Field::Every(kind), &|schedule| schedule.interval.to_string());
    row(Field::Timezone(kind), &|schedule| {
        schedule
            .timezone
            .clone()
            .unwrap_or_else(|| "UTC, by default".to_owned())
    });
    row(Field::MaxRuntime(kind), &|schedule| {
        runtime_in_words(schedule.max_runtime)
    });
    row(Field::Paused(kind), &|schedule| {
        if schedule.paused { "yes" } else { "no" }.to_owned()
    });
    let same = match (current, desired) {
        (Some(current), Some(desired)) => !desired.moves_starts_of(current),
        (current, desired) => current.is_none() && desired.is_none(),
    };
    let starts = |schedule: Option<&Schedule>| schedule.map_or_else(|| NOTHING.to_owned(), starts_in_words);
    rows.push(Field::FixedFrom(kind), starts(current), starts(desired), same);
}

/// Columns, or that nobody said any.
fn chosen(columns: String) -> String {
    if columns.is_empty() {
        "server's choice".to_owned()
    } else {
        columns
    }
}

fn runtime_in_words(max_runtime: Interval) -> String {
    if max_runtime == Interval::default() {
        "no limit".to_owned()
    } else {
        max_runtime.to_string()
    }
}

/// `from 2026-11-01T02:00:00Z`, or that the times follow the job's own ends.
fn starts_in_words(schedule: &Schedule) -> String {
    match (schedule.fixed, schedule.initial_start) {
        (false, _) => "after its last end".to_owned(),
        (true, None) => "at fixed times".to_owned(),
        (true, Some(from)) => format!("at fixed times from {from}"),
    }
}

/// `3 days before now`, or where the axis ends.
fn offset(offset: Option<TimeSpan>, open: &str) -> String {
    offset.map_or_else(|| open.to_owned(), |offset| format!("{offset} before now"))
}

fn on_off(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

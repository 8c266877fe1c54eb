//! What the rows of the console's lists are in a file.

use super::{Exported, Field, Value};
use crate::account::User;
use crate::activity::{HeldTable, LockWait, LongTransaction, PreparedTransaction, SessionFacts};
use crate::aggregate_list::AggregateRow;
use crate::chunk_list::{ChunkRow, state_word};
use crate::compression_list::TableCompression;
use crate::compression_settings::{CompressionSettings, OrderBy, SegmentBy};
use crate::continuous_aggregate::RefreshPolicy;
use crate::hypertable::{CompressionTotals, Exactness, Hypertable, TableSize, TimeSpan};
use crate::job::{Job, JobKind, JobStatistics, NextStart, RunOutcome};
use crate::judgement::{ChunkDue, Judgement, Light, TableVerdict};
use crate::quantity::saved_percent;
use crate::role::Permission;
use crate::table_name::TableName;
use crate::token::Token;

/// A field of this name.
const fn field<T>(name: &'static str, value: fn(&T) -> Value<'_>) -> Field<T> {
    Field { name, value }
}

fn span(span: Option<TimeSpan>) -> Value<'static> {
    span.map(|span| span.to_string()).into()
}

fn saved(totals: Option<CompressionTotals>) -> Value<'static> {
    totals
        .and_then(|totals| saved_percent(totals.before_bytes, totals.after_bytes))
        .into()
}

fn order_by(order: &[OrderBy]) -> Value<'static> {
    let columns: Vec<String> = order.iter().map(ToString::to_string).collect();
    (!columns.is_empty()).then(|| columns.join(", ")).into()
}

/// Nothing where the server chooses; by nothing is said.
fn segmented(settings: Option<&CompressionSettings>) -> Value<'static> {
    match settings.map(|settings| &settings.segment_by) {
        Some(SegmentBy::ServerChooses) | None => Value::Null,
        Some(said) => said.to_string().into(),
    }
}

fn ordered(settings: Option<&CompressionSettings>) -> Value<'static> {
    settings.map_or(Value::Null, |settings| order_by(&settings.order_by))
}

/// A row with what is true of its policies, or of the job itself.
#[derive(Debug, Clone)]
pub struct Judged<T> {
    row: T,
    light: Option<Light>,
    reason: Option<String>,
}

impl Judged<Hypertable> {
    /// A hypertable, judged by its policies.
    pub fn table(table: &Hypertable, judgement: &Judgement) -> Self {
        Self::by_table(table.clone(), judgement.of_table(&table.table_name()))
    }
}

impl Judged<AggregateRow> {
    /// A continuous aggregate, judged by the policies of the table in which its results lie.
    pub fn aggregate(row: &AggregateRow, judgement: &Judgement) -> Self {
        Self::by_table(row.clone(), judgement.of_table(&row.aggregate.materialization))
    }
}

impl Judged<Job> {
    /// A job; TimescaleDB's own that are nobody's concern are not judged.
    pub fn job(job: &Job, judgement: &Judgement) -> Self {
        let verdict = judgement.of_job(job.id);
        Self {
            row: job.clone(),
            light: verdict.map(|verdict| verdict.light),
            reason: verdict.map(|verdict| verdict.reason.clone()),
        }
    }
}

impl<T> Judged<T> {
    fn by_table(row: T, verdict: Option<&TableVerdict>) -> Self {
        Self {
            row,
            light: verdict.map(|verdict| verdict.light),
            reason: verdict.map(|verdict| verdict.reason.clone()),
        }
    }
}

fn light(light: Light) -> &'static str {
    match light {
        Light::NotOffered => "not_offered",
        Light::NoPolicy => "no_policy",
        Light::OnTime => "on_time",
        Light::Unknown => "unknown",
        Light::Paused => "paused",
        Light::Late => "late",
        Light::Failing => "failing",
    }
}

impl Exported for Judged<Hypertable> {
    const FIELDS: &'static [Field<Self>] = &[
        field("schema", |t| (&t.row.schema).into()),
        field("name", |t| (&t.row.name).into()),
        field("continuous_aggregate", |t| {
            t.row.materializes.as_ref().map(TableName::qualified).into()
        }),
        field("owner", |t| (&t.row.owner).into()),
        field("time_column", |t| (&t.row.time_column).into()),
        field("time_type", |t| (&t.row.time_type).into()),
        field("dimensions", |t| (t.row.dimensions.len() as u64).into()),
        field("total_bytes", |t| t.row.size.total_bytes().into()),
        field("heap_bytes", |t| t.row.size.heap_bytes.into()),
        field("index_bytes", |t| t.row.size.index_bytes.into()),
        field("toast_bytes", |t| t.row.size.toast_bytes.into()),
        field("rows", |t| t.row.rows.into()),
        field("is_exact", |t| (t.row.exactness == Exactness::Exact).into()),
        field("chunks", |t| t.row.chunks.into()),
        field("compressed_chunks", |t| t.row.compressed_chunks.into()),
        field("compression_enabled", |t| t.row.compression_enabled.into()),
        field("before_compression_bytes", |t| {
            t.row.compression.map(|c| c.before_bytes).into()
        }),
        field("after_compression_bytes", |t| {
            t.row.compression.map(|c| c.after_bytes).into()
        }),
        field("saved_percent", |t| saved(t.row.compression)),
        field("chunk_interval", |t| span(t.row.chunk_interval)),
        field("compress_after", |t| span(t.row.compress_after)),
        field("drop_after", |t| span(t.row.drop_after)),
        field("chunks_from", |t| t.row.range.map(|range| range.start).into()),
        field("chunks_until", |t| t.row.range.map(|range| range.end).into()),
        field("tablespaces", |t| {
            (!t.row.tablespaces.is_empty())
                .then(|| t.row.tablespaces.join(", "))
                .into()
        }),
        field("state", |t| t.light.map(light).into()),
        field("state_reason", |t| t.reason.as_ref().into()),
    ];
}

impl Exported for ChunkRow {
    const FIELDS: &'static [Field<Self>] = &[
        field("table_schema", |r| (&r.table.schema).into()),
        field("table_name", |r| (&r.table.name).into()),
        field("continuous_aggregate", |r| {
            r.materializes.as_ref().map(TableName::qualified).into()
        }),
        field("chunk_schema", |r| (&r.chunk.schema).into()),
        field("chunk_name", |r| (&r.chunk.name).into()),
        field("range_from", |r| r.chunk.range.map(|range| range.start).into()),
        field("range_until", |r| r.chunk.range.map(|range| range.end).into()),
        field("total_bytes", |r| r.chunk.size.total_bytes().into()),
        field("heap_bytes", |r| r.chunk.size.heap_bytes.into()),
        field("index_bytes", |r| r.chunk.size.index_bytes.into()),
        field("toast_bytes", |r| r.chunk.size.toast_bytes.into()),
        field("rows", |r| r.chunk.rows.into()),
        field("is_exact", |r| (r.chunk.exactness == Exactness::Exact).into()),
        field("state", |r| state_word(r.chunk.status).into()),
        field("status", |r| u64::from(r.chunk.status.bits()).into()),
        field("due_to", |r| r.due.map(ChunkDue::work).into()),
        field("is_overdue", |r| r.due.is_some_and(ChunkDue::is_overdue).into()),
        field("before_compression_bytes", |r| {
            r.chunk.compression.map(|c| c.before_bytes).into()
        }),
        field("after_compression_bytes", |r| {
            r.chunk.compression.map(|c| c.after_bytes).into()
        }),
        field("saved_percent", |r| saved(r.chunk.compression)),
        field("compressed_with_segment_by", |r| {
            segmented(r.chunk.compressed_with.as_deref())
        }),
        field("compressed_with_order_by", |r| {
            ordered(r.chunk.compressed_with.as_deref())
        }),
        field("created_at", |r| r.chunk.created_at.into()),
    ];
}

impl Exported for TableCompression {
    const FIELDS: &'static [Field<Self>] = &[
        field("table_schema", |r| (&r.table.schema).into()),
        field("table_name", |r| (&r.table.name).into()),
        field("continuous_aggregate", |r| {
            r.materializes.as_ref().map(TableName::qualified).into()
        }),
        field("owner", |r| (&r.owner).into()),
        field("compression_enabled", |r| r.is_enabled.into()),
        field("segment_by", |r| segmented(r.settings.as_ref())),
        field("order_by", |r| ordered(r.settings.as_ref())),
        field("compress_after", |r| span(r.compress_after)),
        field("total_bytes", |r| r.size.total_bytes().into()),
        field("chunks", |r| r.chunks.into()),
        field("compressed_chunks", |r| r.compressed_chunks.into()),
        field("before_compression_bytes", |r| {
            r.totals.map(|c| c.before_bytes).into()
        }),
        field("after_compression_bytes", |r| {
            r.totals.map(|c| c.after_bytes).into()
        }),
        field("compressed_now_bytes", |r| r.compressed_bytes.into()),
        field("saved_percent", |r| saved(r.totals)),
        field("chunks_with_other_settings", |r| {
            r.chunks_with_other_settings.into()
        }),
        field("is_exact", |r| (r.exactness == Exactness::Exact).into()),
    ];
}

fn kind(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Compression => "compression",
        JobKind::Retention => "retention",
        JobKind::Reorder => "reorder",
        JobKind::Refresh => "refresh",
        JobKind::Compaction => "compaction",
        JobKind::Telemetry => "telemetry",
        JobKind::JobHistoryRetention => "job_history_retention",
        JobKind::Custom => "custom",
    }
}

fn statistic<'a, T: Into<Value<'a>>>(job: &Job, of: fn(&JobStatistics) -> T) -> Value<'a> {
    job.statistics.as_ref().map(of).into()
}

impl Exported for Judged<Job> {
    const FIELDS: &'static [Field<Self>] = &[
        field("job_id", |j| j.row.id.into()),
        field("title", |j| j.row.title().into()),
        field("kind", |j| kind(j.row.kind).into()),
        field("procedure_schema", |j| (&j.row.procedure_schema).into()),
        field("procedure_name", |j| (&j.row.procedure).into()),
        field("table_schema", |j| {
            j.row.table.as_ref().map(|table| &table.schema).into()
        }),
        field("table_name", |j| {
            j.row.table.as_ref().map(|table| &table.name).into()
        }),
        field("continuous_aggregate", |j| {
            j.row
                .continuous_aggregate
                .as_ref()
                .map(TableName::qualified)
                .into()
        }),
        field("owner", |j| (&j.row.owner).into()),
        field("owner_can_login", |j| j.row.owner_can_login.into()),
        field("scheduled", |j| j.row.scheduled.into()),
        field("schedule_interval", |j| {
            j.row.schedule_interval.to_string().into()
        }),
        field("fixed_schedule", |j| j.row.fixed_schedule.into()),
        field("next_start_state", |j| {
            match j.row.next_start {
                NextStart::At(_) => "at",
                NextStart::NotYet => "not_yet",
                NextStart::RunningOrStuck => "running_or_stuck",
                NextStart::Never => "never",
            }
            .into()
        }),
        field("next_start", |j| match j.row.next_start {
            NextStart::At(at) => at.into(),
            _ => Value::Null,
        }),
        field("last_start", |j| statistic(&j.row, |s| s.last_start)),
        field("last_finish", |j| statistic(&j.row, |s| s.last_finish)),
        field("last_success", |j| statistic(&j.row, |s| s.last_success)),
        field("last_outcome", |j| {
            statistic(&j.row, |s| {
                s.last_outcome.map(|outcome| match outcome {
                    RunOutcome::Succeeded => "succeeded",
                    RunOutcome::Failed => "failed",
                })
            })
        }),
        field("last_duration_us", |j| statistic(&j.row, |s| s.last_duration_us)),
        field("total_runs", |j| statistic(&j.row, |s| s.total_runs)),
        field("total_successes", |j| statistic(&j.row, |s| s.total_successes)),
        field("total_failures", |j| statistic(&j.row, |s| s.total_failures)),
        field("total_crashes", |j| statistic(&j.row, |s| s.total_crashes)),
        field("consecutive_failures", |j| {
            statistic(&j.row, |s| s.consecutive_failures)
        }),
        field("last_error_at", |j| {
            j.row.last_error().and_then(|error| error.started_at).into()
        }),
        field("last_error_sqlstate", |j| {
            j.row
                .last_error()
                .and_then(|error| error.sqlstate.as_ref())
                .into()
        }),
        field("last_error_cause", |j| {
            j.row
                .last_error()
                .map(|error| error.explanation(j.row.kind).cause)
                .into()
        }),
        field("last_error_message", |j| {
            j.row.last_error().map(|error| &error.message).into()
        }),
        field("last_error_chunk", |j| {
            j.row
                .last_error()
                .and_then(|error| error.failing_chunk.as_ref())
                .into()
        }),
        field("state", |j| j.light.map(light).into()),
        field("state_reason", |j| j.reason.as_ref().into()),
    ];
}

/// `30 days to 1 hour before now`
fn window(policy: &RefreshPolicy) -> String {
    let end = |offset: Option<TimeSpan>, open: &str| {
        offset.map_or_else(|| open.to_owned(), |offset| format!("{offset} ago"))
    };
    format!(
        "{} to {}",
        end(policy.start_offset, "the beginning"),
        end(policy.end_offset, "the end")
    )
}

impl Exported for Judged<AggregateRow> {
    const FIELDS: &'static [Field<Self>] = &[
        field("view_schema", |r| (&r.row.aggregate.view.schema).into()),
        field("view_name", |r| (&r.row.aggregate.view.name).into()),
        field("owner", |r| (&r.row.aggregate.owner).into()),
        field("source", |r| r.row.source().qualified().into()),
        field("materialization", |r| {
            r.row.aggregate.materialization.qualified().into()
        }),
        field("bucket_width", |r| span(r.row.aggregate.bucket_width)),
        field("materialized_until", |r| r.row.aggregate.watermark.into()),
        field("materialized_only", |r| r.row.aggregate.materialized_only.into()),
        field("compression_enabled", |r| {
            r.row.aggregate.compression_enabled.into()
        }),
        field("finalized", |r| r.row.aggregate.finalized.into()),
        field("refresh_windows", |r| {
            let windows: Vec<String> = r.row.aggregate.refresh.iter().map(window).collect();
            (!windows.is_empty()).then(|| windows.join("; ")).into()
        }),
        field("total_bytes", |r| r.row.size.map(TableSize::total_bytes).into()),
        field("rows", |r| r.row.rows.into()),
        field("is_exact", |r| (r.row.exactness == Exactness::Exact).into()),
        field("state", |r| r.light.map(light).into()),
        field("state_reason", |r| r.reason.as_ref().into()),
    ];
}

/// `AccessExclusiveLock on public.metric_hist`, one behind the other.
fn held(tables: &[HeldTable]) -> Value<'static> {
    let held: Vec<String> = tables
        .iter()
        .map(|held| format!("{} on {}", held.mode, held.table.qualified()))
        .collect();
    (!held.is_empty()).then(|| held.join("; ")).into()
}

/// What a session is, where the console's role may see it.
fn session(wait: &LockWait, of: fn(&SessionFacts) -> &String) -> Value<'_> {
    wait.session.shown().map(of).into()
}

impl Exported for LockWait {
    const FIELDS: &'static [Field<Self>] = &[
        field("pid", |w| w.pid.into()),
        field("role", |w| session(w, |s| &s.role)),
        field("application_name", |w| session(w, |s| &s.application_name)),
        field("state", |w| session(w, |s| &s.state)),
        field("query", |w| session(w, |s| &s.query)),
        field("table_schema", |w| {
            w.table.as_ref().map(|table| &table.schema).into()
        }),
        field("table_name", |w| w.table.as_ref().map(|table| &table.name).into()),
        field("chunk", |w| w.chunk.as_ref().map(TableName::qualified).into()),
        field("mode", |w| (&w.mode).into()),
        field("waiting_ms", |w| w.waiting_ms.into()),
        field("blocked_by", |w| {
            let pids: Vec<String> = w.blocked_by.iter().map(ToString::to_string).collect();
            pids.join(", ").into()
        }),
    ];
}

impl Exported for LongTransaction {
    const FIELDS: &'static [Field<Self>] = &[
        field("pid", |t| t.pid.into()),
        field("role", |t| (&t.session.role).into()),
        field("application_name", |t| (&t.session.application_name).into()),
        field("state", |t| (&t.session.state).into()),
        field("query", |t| (&t.session.query).into()),
        field("is_worker", |t| t.session.is_worker.into()),
        field("open_since", |t| t.since.into()),
        field("holds_locks", |t| held(&t.holds)),
        field("holds_back_vacuum", |t| t.holds_back_vacuum.into()),
    ];
}

impl Exported for PreparedTransaction {
    const FIELDS: &'static [Field<Self>] = &[
        field("gid", |t| (&t.gid).into()),
        field("owner", |t| (&t.owner).into()),
        field("prepared_at", |t| t.since.into()),
        field("holds_locks", |t| held(&t.holds)),
    ];
}

impl Exported for User {
    const FIELDS: &'static [Field<Self>] = &[
        field("name", |u| u.name.as_str().into()),
        field("role", |u| u.role.as_str().into()),
        field("state", |u| u.state.label().into()),
        field("created_at", |u| u.created_at.into()),
        field("signed_in_at", |u| u.signed_in_at.into()),
        field("password_changed_at", |u| u.password_changed_at.into()),
        field("link_expires_at", |u| u.link_expires_at.into()),
        field("sessions", |u| u.sessions.into()),
    ];
}

impl Exported for Token {
    const FIELDS: &'static [Field<Self>] = &[
        field("id", |t| t.id.into()),
        field("name", |t| t.name.as_str().into()),
        field("hint", |t| (&t.hint).into()),
        field("role", |t| t.role.as_str().into()),
        field("permissions", |t| {
            let names: Vec<&str> = t.permissions.iter().map(Permission::as_str).collect();
            names.join(", ").into()
        }),
        field("state", |t| t.state.label().into()),
        field("created_by", |t| (&t.created_by).into()),
        field("created_at", |t| t.created_at.into()),
        field("expires_at", |t| t.expires_at.into()),
        field("used_at", |t| t.used_at.into()),
        field("used_from", |t| t.used_from.as_ref().into()),
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::chunk_list;
    use crate::chunk_list::{ChunkQuery, chunk_page};
    use crate::export::Format;
    use crate::job_error::JobError;
    use crate::job_list;
    use crate::judgement::{Due, Overdue, PolicyVerdict};
    use crate::visible::Visible;

    fn names<T: Exported>() -> Vec<&'static str> {
        T::FIELDS.iter().map(|field| field.name).collect()
    }

    #[test]
    fn names_are_snake_case_and_stand_once() {
        for names in [
            names::<Judged<Hypertable>>(),
            names::<ChunkRow>(),
            names::<TableCompression>(),
            names::<Judged<Job>>(),
            names::<Judged<AggregateRow>>(),
            names::<LockWait>(),
            names::<LongTransaction>(),
            names::<PreparedTransaction>(),
            names::<User>(),
            names::<Token>(),
        ] {
            let distinct: BTreeSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{names:?}");
            for name in names {
                assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            }
        }
    }

    fn object<T: Exported>(row: &T) -> serde_json::Value {
        let mut text = String::new();
        Format::Json.write_row(row, true, &mut text);
        serde_json::from_str(&text).expect("an object")
    }

    #[test]
    fn a_chunk_carries_its_hypertable_whatever_its_name() {
        let snapshot = chunk_list::example::snapshot_of(50);
        for row in chunk_page(&ChunkQuery::default(), &snapshot).items {
            let object = object(&row);
            assert_eq!(object["table_schema"], row.table.schema);
            assert_eq!(object["table_name"], row.table.name);
            assert_eq!(object["total_bytes"], row.chunk.size.total_bytes());
            assert_eq!(
                object["before_compression_bytes"].as_u64(),
                row.chunk.compression.map(|c| c.before_bytes)
            );
        }
    }

    #[test]
    fn a_job_carries_the_cause_of_its_last_error() {
        let never_run = job_list::example::retention(7, "oee");
        let nobodys = Judgement::default();
        let never = object(&Judged::job(&never_run, &nobodys));
        assert!(never["last_error_cause"].is_null());
        assert!(never["total_runs"].is_null());
        assert!(never["state"].is_null());
        let failing = Job {
            statistics: Some(JobStatistics {
                last_outcome: Some(RunOutcome::Failed),
                total_failures: 3,
                ..JobStatistics::default()
            }),
            errors: Visible::Shown(vec![JobError {
                started_at: None,
                finished_at: None,
                sqlstate: Some("28000".into()),
                message: "role \"mes_app\" is not permitted to log in".into(),
                failing_chunk: None,
            }]),
            ..never_run
        };
        let verdict = PolicyVerdict {
            kind: failing.kind,
            job_id: failing.id,
            light: Light::Failing,
            reason: "Why.".into(),
            advice: None,
            due: Due::default(),
            overdue: Overdue::default(),
            lag: None,
        };
        let judgement = Judgement::new(Vec::new(), vec![verdict]);
        let object = object(&Judged::job(&failing, &judgement));
        assert_eq!(object["state"], "failing");
        assert_eq!(object["state_reason"], "Why.");
        assert_eq!(object["last_outcome"], "failed");
        assert_eq!(object["total_failures"], 3);
        assert_eq!(object["last_error_sqlstate"], "28000");
        assert_eq!(
            object["last_error_cause"],
            "Its owner may not log in, so the job cannot start."
        );
    }
}

//! What the console keeps of what it did, in a file.

use super::{Exported, Field, Value};
use crate::action::{ActionOutcome, ActionRun};
use crate::policy_change::{PolicyChange, in_words};
use crate::retention_run::{RetentionOutcome, RetentionRun, RetentionTrigger};

/// A field of this name.
const fn field<T>(name: &'static str, value: fn(&T) -> Value<'_>) -> Field<T> {
    Field { name, value }
}

impl Exported for PolicyChange {
    const FIELDS: &'static [Field<Self>] = &[
        field("id", |c| c.id.into()),
        field("at", |c| c.at.into()),
        field("finished_at", |c| c.finished_at.into()),
        field("table_schema", |c| (&c.relation.schema).into()),
        field("table_name", |c| (&c.relation.name).into()),
        field("actor_kind", |c| c.actor_kind.as_str().into()),
        field("actor", |c| (&c.actor).into()),
        field("reason", |c| (&c.reason).into()),
        field("state", |c| c.state.label().into()),
        field("state_reason", |c| c.state.sentence().into()),
        field("differences", |c| in_words(&c.differences).into()),
        field("statements", |c| {
            let statements: Vec<&str> = c
                .statements
                .iter()
                .filter_map(|step| step.sql.as_deref())
                .collect();
            statements.join(";\n").into()
        }),
        field("undoes", |c| c.undoes.into()),
        field("undone_by", |c| c.undone_by.into()),
    ];
}

impl Exported for ActionRun {
    const FIELDS: &'static [Field<Self>] = &[
        field("id", |a| a.id.into()),
        field("title", |a| (&a.title).into()),
        field("started_at", |a| a.started_at.into()),
        field("ended_at", |a| a.ended_at.into()),
        field("actor", |a| (&a.who).into()),
        field("outcome", |a| a.outcome.map(ActionOutcome::as_str).into()),
        field("cancelled_by", |a| a.cancelled_by.as_ref().into()),
        field("targets_open", |a| a.counts.open.into()),
        field("targets_done", |a| a.counts.done.into()),
        field("targets_skipped", |a| a.counts.skipped.into()),
        field("targets_failed", |a| a.counts.failed.into()),
        field("targets_cancelled", |a| a.counts.cancelled.into()),
        field("targets_unknown", |a| a.counts.unknown.into()),
    ];
}

impl Exported for RetentionRun {
    const FIELDS: &'static [Field<Self>] = &[
        field("id", |r| r.id.into()),
        field("table_schema", |r| (&r.table.schema).into()),
        field("table_name", |r| (&r.table.name).into()),
        field("started_at", |r| r.started_at.into()),
        field("ended_at", |r| r.ended_at.into()),
        field("asked_for_by", |r| match &r.trigger {
            RetentionTrigger::Schedule => Value::Null,
            RetentionTrigger::ByHand { who } => who.into(),
        }),
        field("outcome", |r| r.outcome.map(RetentionOutcome::as_str).into()),
        field("due_chunks", |r| r.due.map(|due| due.chunks).into()),
        field("due_bytes", |r| r.due.map(|due| due.bytes).into()),
        field("due_rows", |r| r.due.map(|due| due.rows).into()),
        field("dropped_chunks", |r| r.dropped.chunks.into()),
        field("dropped_bytes", |r| r.dropped.bytes.into()),
        field("dropped_rows", |r| r.dropped.rows.into()),
        field("batches", |r| r.batches.into()),
        field("failure", |r| {
            (!r.failure.is_empty()).then_some(&r.failure).into()
        }),
        field("cancelled_by", |r| r.cancelled_by.as_ref().into()),
    ];
}

//! How a change ends: what was found is compared with what was planned, and written down together with what the console
//! itself keeps of the policy.

use domain::audit::Outcome;
use domain::compression_settings::SegmentBy;
use domain::policy::{AgePolicy, Difference, Field, PlannedStep, PolicyKind, Step, differences};
use domain::policy_change::{ChangeState, in_words};
use domain::table_name::TableName;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::applying::Applying;
use crate::audit::{Entry, Intent};
use crate::console::Console;
use crate::state::StateError;
use crate::state::console_retention::{console_retentions, set_console_retention};
use crate::state::policy_changes::{Content, End, end_change, mark_undone};
use crate::timescale::Definition;

/// How a change ended, before it is written down.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) state: ChangeState,
    /// How that is known, where the console did not see it.
    pub(super) settled: Option<String>,
}

/// The change that ends.
pub(super) struct Ending<'a> {
    pub(super) id: i64,
    pub(super) database: &'a str,
    pub(super) intent: &'a Intent,
    pub(super) content: &'a Content,
    pub(super) undoes: Option<i64>,
    pub(super) transaction_id: Option<i64>,
}

impl Done {
    pub(super) fn of(state: ChangeState) -> Self {
        Self { state, settled: None }
    }

    /// It was done; what was found afterwards is as planned, or not. What the console keeps itself is written down with
    /// the outcome, and counts as found.
    pub(super) fn found(content: &Content, definition: Option<&Definition>) -> Self {
        let retention = match retention_step(content) {
            Some((policy, _)) => policy.cloned(),
            None => content.before.console_retention.clone(),
        };
        let found = definition.and_then(|definition| definition.current(retention).ok());
        Self::of(match found {
            Some(found) => {
                // As planned, then as found.
                let mut rows = differences(&found.policy(), &content.desired.policy);
                rows.retain(|row| !is_left_to_the_server(row.field, content));
                if rows.is_empty() {
                    ChangeState::Applied
                } else {
                    ChangeState::AppliedOtherwise(rows.into_iter().map(turned).collect())
                }
            }
            None => ChangeState::AppliedOtherwise(vec![Difference {
                field: Field::Owner,
                current: content.before.owner.clone(),
                desired: "the table is gone, or a job of it cannot be read".to_owned(),
            }]),
        })
    }

    fn outcome(&self) -> Outcome {
        if self.state.was_applied() {
            Outcome::Succeeded
        } else {
            Outcome::Failed
        }
    }

    /// What the audit trail says of it.
    fn detail(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.settled.clone());
        if self.state != ChangeState::Applied {
            parts.push(self.state.sentence());
        }
        parts.join(" ")
    }
}

/// Whether the plan leaves a setting of compression to the server, which may write its choice down.
fn is_left_to_the_server(field: Field, content: &Content) -> bool {
    let resets = |step: &PlannedStep| matches!(step.step, Step::ResetCompression { .. });
    let Some(settings) = content.desired.policy.compression.settings() else {
        return false;
    };
    !content.steps.iter().any(resets)
        && match field {
            Field::SegmentBy => settings.segment_by == SegmentBy::ServerChooses,
            Field::OrderBy => settings.order_by.is_empty(),
            _ => false,
        }
}

fn turned(row: Difference) -> Difference {
    Difference {
        field: row.field,
        current: row.desired,
        desired: row.current,
    }
}

/// What the console is to drop itself, and when next; `None` where the plan says nothing of it.
pub(super) fn retention_step(content: &Content) -> Option<(Option<&AgePolicy>, Timestamp)> {
    content.steps.iter().find_map(|planned| match &planned.step {
        Step::ConsoleRetention { policy, next_start } => Some((policy.as_ref(), *next_start)),
        _ => None,
    })
}

/// The fields that change, as the audit trail names them.
pub(super) fn apply_facts(mut entry: Entry, content: &Content, reason: &str, undoes: Option<i64>) -> Entry {
    for row in &content.differences {
        entry = entry
            .before(row.field.name(), &row.current)
            .after(row.field.name(), &row.desired);
    }
    for kind in PolicyKind::ALL {
        if let Some(at) = content.desired.next_starts.of(kind) {
            entry = entry.after(Field::NextStart(kind).name(), at.to_string());
        }
    }
    if !reason.is_empty() {
        entry = entry.after("reason", reason);
    }
    if let Some(undoes) = undoes {
        entry = entry.after("undoes_change", undoes.to_string());
    }
    entry
}

impl Applying {
    /// Writes the end down; `false` where somebody else did so before.
    pub(super) async fn end(&self, done: &Done) -> Result<bool, StateError> {
        let ending = Ending {
            id: self.id,
            database: self.watched.name().as_str(),
            intent: &self.intent,
            content: &self.content,
            undoes: self.undoes,
            transaction_id: self.transaction_id,
        };
        self.console.end_policy_change(&ending, done).await
    }
}

impl Console {
    /// Writes down how a change ended: its row, the outcome in the audit trail, what the console keeps itself, and what it
    /// takes back, all or nothing. `false` where somebody else did so before.
    pub(super) async fn end_policy_change(
        &self,
        ending: &Ending<'_>,
        done: &Done,
    ) -> Result<bool, StateError> {
        let now = self.clock.now();
        let mut transaction = self.state.begin().await?;
        let mut state = done.state.clone();
        if state.was_applied()
            && let Some((policy, next_start)) = retention_step(ending.content)
        {
            let table = &ending.content.before.table;
            let found = retention_of(&mut transaction, ending.database, table).await?;
            if found == ending.content.before.console_retention {
                let retention = policy.map(|policy| (policy, next_start));
                set_console_retention(&mut transaction, ending.database, table, retention).await?;
            } else {
                state = otherwise(ending.content, state, found.as_ref());
            }
        }
        let done = Done {
            state,
            settled: done.settled.clone(),
        };
        let end = End {
            id: ending.id,
            transaction_id: ending.transaction_id,
            state: &done.state,
            settled: done.settled.as_deref(),
            at: now,
        };
        if !end_change(&mut transaction, &end).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        if let (true, Some(undone)) = (done.state.was_applied(), ending.undoes) {
            mark_undone(&mut transaction, undone, ending.id).await?;
        }
        let (outcome, detail) = (done.outcome(), done.detail());
        ending.intent.end(&mut transaction, now, outcome, &detail).await?;
        transaction.commit().await?;
        ending.intent.announce_end(outcome, &detail);
        Ok(true)
    }
}

async fn retention_of(
    connection: &mut AnyConnection,
    database: &str,
    table: &TableName,
) -> Result<Option<AgePolicy>, StateError> {
    let all = console_retentions(connection, database).await?;
    Ok(all.into_iter().find(|of| of.table == *table).map(|of| of.policy))
}

/// Somebody changed what the console drops in the meantime: that stays as it is.
fn otherwise(content: &Content, state: ChangeState, found: Option<&AgePolicy>) -> ChangeState {
    let before = &content.before;
    let mut now = before.clone();
    now.console_retention = found.cloned();
    let rows = before.changes_to(&now);
    if content.steps.iter().any(|step| step.step.is_in_transaction()) {
        let mut all = match state {
            ChangeState::AppliedOtherwise(rows) => rows,
            _ => Vec::new(),
        };
        all.extend(rows);
        ChangeState::AppliedOtherwise(all)
    } else {
        let why = format!(
            "Somebody else changed this policy since the preview ({}); preview again.",
            in_words(&rows)
        );
        ChangeState::Refused(why, rows)
    }
}

//! From what is to what should be: `current + desired + facts -> Plan`, purely.

mod jobs;

use serde::{Deserialize, Serialize};

use crate::compression_settings::{OrderBy, SegmentBy};
use crate::policy::blocker::Blocker;
use crate::policy::check::{can_reset, check};
use crate::policy::current::Current;
use crate::policy::difference::same_length;
use crate::policy::effect::Effect;
use crate::policy::facts::Facts;
use crate::policy::model::{AgePolicy, Compression, Desired, NextStarts, PolicyKind, TablePolicy, Threshold};
use crate::policy::outlook::{Amount, FirstRuns, Outlook};
use crate::policy::schedule::{Schedule, not_before};
use crate::policy::step::{Lock, SettingsChange, Step, Work};
use crate::policy::warning::Warning;
use crate::snapshot::Edition;
use crate::table_name::TableName;
use crate::time_axis::TimeAxis;

/// What a change would do, before it does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The table, or the continuous aggregate, as people name it.
    pub relation: TableName,
    /// Of what the plan was made for; see [`Current::fingerprint`].
    pub fingerprint: String,
    /// What is done, in this order. ALTER TABLE is as late as it can be, because its lock is held to the end.
    pub steps: Vec<PlannedStep>,
    /// What changes.
    pub effects: Vec<Effect>,
    /// What should be known.
    pub warnings: Vec<Warning>,
    /// What keeps it from being applied.
    pub blockers: Vec<Blocker>,
    /// Whether it makes a policy delete data that was kept: the table's name has to be typed.
    pub needs_typed_name: bool,
    /// When the jobs run first afterwards.
    pub first_runs: FirstRuns,
    /// What retention drops at its first run afterwards, whether the plan changes retention or not.
    pub first_dropped: Amount,
    /// Chunks of which nobody can say whether they are due, where the plan changes retention: it may drop them.
    pub undated: u64,
    /// What it leads to: what was asked for, with what follows from it.
    pub desired: Desired,
    /// What a plan has to lead to in order to take this one back.
    pub inverse: Desired,
}

/// A step with what is shown of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// What is done.
    pub step: Step,
    /// Its exact statement; `None` for what the database has no part in.
    pub sql: Option<String>,
    /// The lock it takes.
    pub lock: Lock,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it may be applied: something is to be done, and nothing speaks against it.
    pub fn can_be_applied(&self) -> bool {
        !self.is_empty() && self.blockers.is_empty()
    }

    /// Whether what was typed allows it: the table's name, where it deletes data.
    pub fn is_allowed_by(&self, typed_name: &str) -> bool {
        // A name may have blanks around it, which nobody sees.
        let is_typed = |name: String| name.trim() == typed_name.trim();
        !self.needs_typed_name || is_typed(self.relation.to_string()) || is_typed(self.relation.qualified())
    }

    /// The statements of its transaction, in order.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.sql.as_deref())
    }
}

/// What leads from one policy to another.
pub fn plan(current: &Current, desired: &Desired, facts: &Facts<'_>) -> Plan {
    let desired = completed(current, desired);
    let mut planning = Planning {
        current,
        desired: &desired,
        facts,
        steps: Vec::new(),
        effects: Vec::new(),
        blockers: Vec::new(),
        moved_starts: NextStarts::default(),
        first_runs: FirstRuns::default(),
    };
    planning.chunk_interval();
    planning.retention();
    planning.refresh();
    planning.compression();
    let Planning {
        steps,
        mut effects,
        mut blockers,
        moved_starts,
        first_runs,
        ..
    } = planning;

    let outlook = Outlook::of(&desired.policy, first_runs, facts);
    let found = check(current, &desired.policy, facts, &steps, &outlook);
    blockers.extend(found.blockers);
    let mut warnings = found.warnings;
    let needs_typed_name = deletes_more(current, &desired.policy);
    if needs_typed_name {
        warnings.insert(0, Warning::DeletesForGood);
    }
    let touches = |kind: PolicyKind| steps.iter().any(|step| step.kind() == Some(kind));
    if let Some(at) = first_runs.compression
        && touches(PolicyKind::Compression)
        && outlook.first_compressed.chunks > 0
    {
        let amount = outlook.first_compressed;
        effects.push(Effect::FirstRunCompresses { at, amount });
    }
    if let Some(at) = first_runs.retention
        && touches(PolicyKind::Retention)
        && outlook.first_dropped.chunks > 0
    {
        effects.push(Effect::FirstRunDrops {
            at,
            amount: outlook.first_dropped,
            oldest_kept: outlook.oldest_kept_first,
        });
    }
    // With a now but without a unit, what is due at this moment is known.
    let has_no_now = current.time_axis == TimeAxis::Numbers && facts.integer_now.is_none();
    let undated = match &desired.policy.retention {
        Some(AgePolicy { threshold, .. })
            if touches(PolicyKind::Retention)
                && (has_no_now || matches!(threshold, Threshold::CreatedBefore(_))) =>
        {
            outlook.undated
        }
        _ => 0,
    };
    Plan {
        relation: current.relation().clone(),
        fingerprint: current.fingerprint(),
        steps: steps
            .into_iter()
            .map(|step| PlannedStep {
                sql: step.sql(current),
                lock: step.lock(current),
                step,
            })
            .collect(),
        effects,
        warnings,
        blockers,
        needs_typed_name,
        first_runs,
        first_dropped: outlook.first_dropped,
        undated,
        inverse: Desired {
            policy: current.policy(),
            next_starts: moved_starts,
        },
        desired,
    }
}

/// What follows from a wish: TimescaleDB adds the time column to an order that lacks it.
fn completed(current: &Current, desired: &Desired) -> Desired {
    let mut desired = desired.clone();
    if let Compression::On { settings, .. } = &mut desired.policy.compression {
        let order = &mut settings.order_by;
        if !order.is_empty() && order.iter().all(|of| of.column != current.time_column) {
            order.push(OrderBy {
                column: current.time_column.clone(),
                descending: true,
                nulls_first: true,
            });
        }
    }
    desired
}

/// Whether retention would drop what was kept so far.
fn deletes_more(current: &Current, desired: &TablePolicy) -> bool {
    let Some(after) = desired
        .retention
        .as_ref()
        .filter(|policy| !policy.schedule.paused)
    else {
        return false;
    };
    match current.policy().retention {
        Some(before) if !before.schedule.paused => after.threshold.reaches_further_than(before.threshold),
        _ => true,
    }
}

struct Planning<'a> {
    current: &'a Current,
    desired: &'a Desired,
    facts: &'a Facts<'a>,
    steps: Vec<Step>,
    effects: Vec<Effect>,
    blockers: Vec<Blocker>,
    /// Next starts as they were, of jobs whose next start changes, or would when the change is taken back.
    moved_starts: NextStarts,
    first_runs: FirstRuns,
}

/// What a policy should do, and when.
type Wanted<'a> = Option<(Work, &'a Schedule)>;

fn by_age(policy: Option<&AgePolicy>) -> Wanted<'_> {
    policy.map(|policy| (Work::Age(policy.threshold), &policy.schedule))
}

impl Planning<'_> {
    fn chunk_interval(&mut self) {
        let Some(to) = self.desired.policy.chunk_interval else {
            return;
        };
        if self
            .current
            .chunk_interval
            .is_none_or(|from| !same_length(from, to))
        {
            self.steps.push(Step::SetChunkInterval(to));
            self.effects.push(Effect::ChunkInterval {
                to,
                old_chunks: self.facts.chunks.len() as u64,
            });
        }
    }

    fn retention(&mut self) {
        let desired = self.desired;
        let wanted = desired.policy.retention.as_ref();
        if self.facts.edition == Edition::Apache {
            self.console_retention(wanted);
            return;
        }
        let job = self.current.retention_job.as_ref();
        let step = self.job(PolicyKind::Retention, job, Work::Age, by_age(wanted));
        self.steps.extend(step);
        if self.current.console_retention.is_some() {
            // The server does now what the console did before.
            self.console_retention(None);
        }
    }

    fn console_retention(&mut self, wanted: Option<&AgePolicy>) {
        let now = self.facts.now;
        let before = self.current.console_retention.as_ref();
        // Another age is no reason to begin waiting anew.
        let planned = self.facts.console_next_start.filter(|_| before.is_some());
        let kept = planned.filter(|_| {
            let pair = wanted.zip(before);
            pair.is_some_and(|(wanted, before)| wanted.schedule.has_times_of(&before.schedule))
        });
        let asked = self.desired.next_starts.retention;
        let next_start = wanted.map(|policy| match (asked, kept) {
            (Some(at), _) => not_before(at, policy.schedule.interval, now),
            (None, Some(at)) => at,
            (None, None) => policy.schedule.first_start(now),
        });
        if planned.is_some() && planned != next_start {
            self.moved_starts.set(PolicyKind::Retention, planned);
        }
        let is_moved = asked.is_some() && next_start != planned;
        if let Some(policy) = wanted.filter(|policy| !policy.schedule.paused) {
            self.first_runs.retention = next_start.map(|at| at.max(now));
            if self.current.console_retention.as_ref() != Some(policy) || is_moved {
                self.effects.push(Effect::ConsoleDrops {
                    next_start: next_start.unwrap_or(now),
                    every: policy.schedule.interval,
                });
            }
        } else if self.current.console_retention.is_some() {
            self.effects.push(Effect::ConsoleKeeps);
        }
        if self.current.console_retention.as_ref() != wanted || is_moved {
            self.steps.push(Step::ConsoleRetention {
                policy: wanted.cloned(),
                next_start: next_start.unwrap_or(now),
            });
        }
    }

    fn refresh(&mut self) {
        let desired = self.desired;
        let wanted = desired.policy.refresh.as_ref();
        let several = self.current.refresh_jobs.len() > 1;
        if let Some(blocker) = wanted.and_then(|_| {
            if self.facts.edition == Edition::Apache {
                Some(Blocker::EditionWithoutRefresh)
            } else if self.current.aggregate.is_none() {
                Some(Blocker::NotAnAggregate)
            } else {
                several.then_some(Blocker::SeveralRefreshPolicies(self.current.refresh_jobs.len()))
            }
        }) {
            self.blockers.push(blocker);
        } else if !several {
            let wanted = wanted.map(|refresh| (Work::Window(refresh.window), &refresh.schedule));
            let step = self.job(
                PolicyKind::Refresh,
                self.current.refresh_job(),
                Work::Window,
                wanted,
            );
            self.steps.extend(step);
        }
    }

    fn compression(&mut self) {
        let desired = self.desired;
        let wanted = &desired.policy.compression;
        if self.facts.edition == Edition::Apache {
            if *wanted != Compression::Off {
                self.blockers.push(Blocker::EditionWithoutCompression);
            }
            return;
        }
        if self.current.compression.is_none() && *wanted == Compression::Off {
            // A job that was left behind can do nothing, and nobody asked to remove it.
            return;
        }
        let job = self.current.compression_job.as_ref();
        let policy = by_age(wanted.policy());
        let job_step = self.job(PolicyKind::Compression, job, Work::Age, policy);
        match (&self.current.compression, wanted.settings()) {
            (None, Some(settings)) => {
                self.effects.push(Effect::CompressionEnabled);
                self.steps.push(Step::EnableCompression(settings.clone()));
                // The server takes a policy only once compression is enabled.
                self.steps.extend(job_step);
            }
            (Some(_), None) => {
                self.effects.push(Effect::CompressionDisabled);
                self.steps.extend(job_step);
                self.steps.push(Step::DisableCompression);
            }
            _ => {
                self.steps.extend(job_step);
                self.settings();
            }
        }
    }

    /// Other settings of compression that stays enabled.
    fn settings(&mut self) {
        let (Some(from), Some(to)) = (
            &self.current.compression,
            self.desired.policy.compression.settings(),
        ) else {
            return;
        };
        let can_reset = can_reset(self.current, self.facts);
        let segments = from.segment_by != to.segment_by;
        let order = from.order_by != to.order_by;
        let server_segments = to.segment_by == SegmentBy::ServerChooses;
        let server_order = to.order_by.is_empty();
        let (reset_segments, reset_order) = (
            segments && server_segments && can_reset,
            order && server_order && can_reset,
        );
        if reset_segments || reset_order {
            // First, so that a column can move from one to the other.
            self.steps.push(Step::ResetCompression {
                segment_by: reset_segments,
                order_by: reset_order,
                chunks: self.facts.chunks.len() as u64,
            });
        }
        let change = SettingsChange {
            segment_by: (segments && !server_segments).then(|| to.segment_by.clone()),
            order_by: (order && !server_order).then(|| to.order_by.clone()),
        };
        let sets = change != SettingsChange::default();
        if sets {
            self.steps.push(Step::SetCompression(change));
        }
        if sets || reset_segments || reset_order {
            self.effects.push(Effect::CompressionSettings);
        }
    }
}

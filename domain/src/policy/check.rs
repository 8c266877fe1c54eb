//! What speaks against a policy, and what should be known of it.

mod compression;

use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::policy::blocker::{Blocker, NotByCreation};
use crate::policy::current::Current;
use crate::policy::facts::Facts;
use crate::policy::field::Field;
use crate::policy::model::{PolicyKind, Refresh, RefreshWindow, TablePolicy, Threshold};
use crate::policy::outlook::Outlook;
use crate::policy::schedule::Schedule;
use crate::policy::step::{NextStartChange, Step};
use crate::policy::warning::Warning;
use crate::snapshot::Edition;
use crate::time_axis::TimeAxis;

/// How long dropping a chunk takes. Measured: 2 ms for small ones on an idle server; ten times that for larger ones, slower
/// disks and other work.
const DROP_MS: u64 = 20;
/// A run that begins within this is one that begins at once.
const AT_ONCE_S: i64 = 60;

/// What was found.
pub(super) struct Findings {
    pub(super) blockers: Vec<Blocker>,
    pub(super) warnings: Vec<Warning>,
}

/// Checks what a plan leads to. What it does not touch is warned of, not blocked: a change elsewhere must stay possible.
pub(super) fn check(
    current: &Current,
    desired: &TablePolicy,
    facts: &Facts<'_>,
    steps: &[Step],
    outlook: &Outlook,
) -> Findings {
    let mut check = Check {
        current,
        desired,
        facts,
        steps,
        found: Findings {
            blockers: Vec::new(),
            warnings: Vec::new(),
        },
    };
    check.rights();
    check.chunk_interval();
    check.compression();
    check.ages();
    check.refresh();
    check.runs(outlook);
    check.found
}

struct Check<'a> {
    current: &'a Current,
    desired: &'a TablePolicy,
    facts: &'a Facts<'a>,
    steps: &'a [Step],
    found: Findings,
}

impl Check<'_> {
    fn block(&mut self, blocker: Blocker) {
        self.found.blockers.push(blocker);
    }

    fn warn(&mut self, warning: Warning) {
        self.found.warnings.push(warning);
    }

    /// Blocks what the plan touches, warns of what it leaves.
    fn speak(&mut self, is_touched: bool, blocker: Blocker) {
        if is_touched {
            self.block(blocker);
        } else {
            self.warn(Warning::Standing(blocker));
        }
    }

    fn touches(&self, kind: PolicyKind) -> bool {
        self.steps.iter().any(|step| step.kind() == Some(kind))
    }

    fn rights(&mut self) {
        if let Some(applicant) = &self.facts.applicant
            && !applicant.may_change
            && self.steps.iter().any(Step::is_in_transaction)
        {
            self.block(Blocker::RightsMissing {
                role: applicant.role.clone(),
                owner: self.current.owner.clone(),
            });
        }
        let has_job = self.desired.compression.policy().is_some()
            || self.desired.retention.is_some()
            || self.desired.refresh.is_some();
        if self.facts.owner_can_login == Some(false) && has_job && self.facts.edition == Edition::Community {
            let adds = self.steps.iter().any(|step| matches!(step, Step::AddPolicy(_)));
            self.speak(adds, Blocker::OwnerCannotLogin(self.current.owner.clone()));
        }
    }

    fn chunk_interval(&mut self) {
        let touched = self
            .steps
            .iter()
            .any(|step| matches!(step, Step::SetChunkInterval(_)));
        if let (true, Some(length)) = (touched, self.desired.chunk_interval) {
            self.span(true, Field::ChunkInterval, length, true);
        }
    }

    /// A span that has to lie on the table's own axis, unless the clock counts.
    fn span(&mut self, is_touched: bool, field: Field, given: TimeSpan, on_axis: bool) {
        if given.sort_key() <= 0 {
            self.speak(is_touched, Blocker::NotPositive { field, given });
        }
        if on_axis {
            self.unit(is_touched, field, given);
        }
    }

    fn unit(&mut self, is_touched: bool, field: Field, given: TimeSpan) {
        let axis = self.current.time_axis;
        let fits = matches!(
            (given, axis),
            (TimeSpan::Interval(_), TimeAxis::Moments) | (TimeSpan::Number(_), TimeAxis::Numbers)
        );
        if !fits {
            self.speak(is_touched, Blocker::WrongUnit { field, given, axis });
        }
    }

    fn schedule(&mut self, kind: PolicyKind, schedule: &Schedule) {
        let touched = self.touches(kind);
        if !schedule.interval.is_positive() {
            self.speak(
                touched,
                Blocker::NotPositive {
                    field: Field::Every(kind),
                    given: TimeSpan::Interval(schedule.interval),
                },
            );
        }
        if schedule.max_runtime.approximate_microseconds() < 0 {
            self.speak(touched, Blocker::NegativeRuntime(kind));
        }
    }

    fn threshold(&mut self, kind: PolicyKind, threshold: Threshold) {
        let touched = self.touches(kind);
        let on_axis = matches!(threshold, Threshold::After(_));
        self.span(touched, Field::Threshold(kind), threshold.span(), on_axis);
        if let (Threshold::CreatedBefore(_), Some(reason)) = (threshold, self.not_by_creation(kind)) {
            self.speak(touched, Blocker::NotByCreation { kind, reason });
        }
        let Threshold::After(TimeSpan::Number(age)) = threshold else {
            return;
        };
        if self.facts.has_integer_now_func == Some(false) {
            self.speak(touched, Blocker::NoIntegerNow(kind));
        }
        if touched && self.facts.integer_now.is_some_and(|now| now > 0 && age > now) {
            self.warn(Warning::NeverDue(kind));
        }
    }

    fn not_by_creation(&self, kind: PolicyKind) -> Option<NotByCreation> {
        let is_date = self.current.time_axis == TimeAxis::Moments;
        if self.facts.edition == Edition::Apache {
            // The console's own runner can.
            None
        } else if kind == PolicyKind::Compression && self.current.aggregate.is_some() {
            Some(NotByCreation::Aggregate)
        } else if !is_date && self.facts.has_integer_now_func == Some(true) {
            Some(NotByCreation::IntegerNow)
        } else if kind == PolicyKind::Retention && is_date && !self.facts.capabilities.drops_by_creation {
            Some(NotByCreation::Version)
        } else {
            None
        }
    }

    fn ages(&mut self) {
        let compress = self.desired.compression.policy();
        let drop = self.desired.retention.as_ref();
        for (kind, policy) in [(PolicyKind::Compression, compress), (PolicyKind::Retention, drop)] {
            if let Some(policy) = policy {
                self.threshold(kind, policy.threshold);
                self.schedule(kind, &policy.schedule);
            }
        }
        if let (Some(compress), Some(drop)) = (compress, drop)
            && not_before(compress.threshold, drop.threshold)
        {
            let touched = self.touches(PolicyKind::Compression) || self.touches(PolicyKind::Retention);
            self.speak(
                touched,
                Blocker::CompressNotBeforeDrop {
                    compress: compress.threshold,
                    drop: drop.threshold,
                },
            );
        }
        let Some(drop) = drop.map(|drop| drop.threshold) else {
            return;
        };
        let touched = self.touches(PolicyKind::Retention);
        for dependent in &self.facts.dependents {
            if let Some(window) = dependent.windows.iter().find(|window| reaches_into(window, drop)) {
                self.speak(
                    touched,
                    Blocker::RetentionInsideRefresh {
                        aggregate: dependent.view.clone(),
                        start_offset: window.start_offset,
                        drop,
                    },
                );
            }
        }
    }

    fn refresh(&mut self) {
        let Some(refresh) = &self.desired.refresh else {
            return;
        };
        let touched = self.touches(PolicyKind::Refresh);
        self.schedule(PolicyKind::Refresh, &refresh.schedule);
        let Refresh { window, .. } = refresh;
        for (field, offset) in [
            (Field::RefreshStart, window.start_offset),
            (Field::RefreshEnd, window.end_offset),
        ] {
            if let Some(offset) = offset {
                self.unit(touched, field, offset);
            }
        }
        let bucket = self.current.aggregate.as_ref().and_then(|of| of.bucket_width);
        if is_too_small(window, bucket) {
            self.speak(touched, Blocker::RefreshWindowTooSmall { bucket });
        }
        if let Some(drop) = self.facts.source_drops.filter(|drop| reaches_into(window, *drop)) {
            self.speak(
                touched,
                Blocker::RetentionInsideRefresh {
                    aggregate: self.current.relation().clone(),
                    start_offset: window.start_offset,
                    drop,
                },
            );
        }
        let retention = self.desired.retention.as_ref();
        if (touched || self.touches(PolicyKind::Retention))
            && retention.is_some_and(|policy| reaches_into(window, policy.threshold))
        {
            self.warn(Warning::RefillsDropped);
        }
        let compression = self.desired.compression.policy();
        if (touched || self.touches(PolicyKind::Compression))
            && compression.is_some_and(|policy| reaches_into(window, policy.threshold))
        {
            self.warn(Warning::CompressesInsideRefresh);
        }
    }

    /// What the first runs would do.
    fn runs(&mut self, outlook: &Outlook) {
        for step in self.steps {
            if let Step::RemovePolicy { kind, job_id } = step
                && self.current.is_running(*kind)
            {
                self.warn(Warning::CancelsRun {
                    kind: *kind,
                    job_id: *job_id,
                });
            }
            if let Some(kind) = begins_at_once(step, self.facts) {
                self.warn(Warning::RunsAtOnce(kind));
            }
        }
        let touches_ages = self.touches(PolicyKind::Retention) || self.touches(PolicyKind::Compression);
        if touches_ages && outlook.undated > 0 {
            self.warn(Warning::Undated(outlook.undated));
        }
        // The console's own runner drops in batches.
        if !self.touches(PolicyKind::Retention) || self.facts.edition == Edition::Apache {
            return;
        }
        let Some(retention) = &self.desired.retention else {
            return;
        };
        if let Some(slots) = self.facts.lock_slots
            && outlook.first_drop_locks > slots
        {
            self.block(Blocker::TooManyLocks {
                locks: outlook.first_drop_locks,
                slots,
                by_purge: true,
            });
        }
        let chunks = outlook.first_dropped.chunks;
        let duration_ms = chunks.saturating_mul(DROP_MS);
        let max_runtime = retention.schedule.max_runtime;
        let limit_ms = u64::try_from(max_runtime.approximate_microseconds() / 1000).unwrap_or(0);
        if max_runtime != Interval::default() && duration_ms > limit_ms {
            self.warn(Warning::FirstPurgeSlow {
                chunks,
                duration_ms,
                max_runtime,
            });
        }
    }
}

/// Whether a choice can be handed back to the server.
pub(super) fn can_reset(current: &Current, facts: &Facts<'_>) -> bool {
    facts.capabilities.resets_compression_settings && current.aggregate.is_none()
}

fn begins_at_once(step: &Step, facts: &Facts<'_>) -> Option<PolicyKind> {
    let (kind, start) = match step {
        Step::AddPolicy(add) if !add.schedule.paused => (add.kind, add.first_start),
        Step::AlterPolicy(alter) if alter.paused != Some(true) => match alter.next_start {
            NextStartChange::At(at) => (alter.kind, at),
            _ => return None,
        },
        _ => return None,
    };
    (start.as_second() - facts.now.as_second() < AT_ONCE_S).then_some(kind)
}

/// Whether chunks are dropped before they would be compressed, as far as that can be compared.
fn not_before(compress: Threshold, drop: Threshold) -> bool {
    match (compress, drop) {
        (Threshold::After(a), Threshold::After(b)) => comparable(a, b) && a.sort_key() >= b.sort_key(),
        (Threshold::CreatedBefore(a), Threshold::CreatedBefore(b)) => {
            a.approximate_microseconds() >= b.approximate_microseconds()
        }
        _ => false,
    }
}

/// Whether a refresh begins before the age at which chunks are handled.
fn reaches_into(window: &RefreshWindow, age: Threshold) -> bool {
    match window.start_offset {
        None => true,
        Some(start) => comparable(start, age.span()) && start.sort_key() > age.span().sort_key(),
    }
}

/// The server wants two buckets in a window, where both of its ends are said.
fn is_too_small(window: &RefreshWindow, bucket: Option<TimeSpan>) -> bool {
    let (Some(start), Some(end)) = (window.start_offset, window.end_offset) else {
        return false;
    };
    if !comparable(start, end) {
        return false;
    }
    let length = start.sort_key().saturating_sub(end.sort_key());
    match bucket {
        Some(bucket) => length < bucket.sort_key().saturating_mul(2),
        None => length <= 0,
    }
}

fn comparable(a: TimeSpan, b: TimeSpan) -> bool {
    matches!(
        (a, b),
        (TimeSpan::Interval(_), TimeSpan::Interval(_)) | (TimeSpan::Number(_), TimeSpan::Number(_))
    )
}

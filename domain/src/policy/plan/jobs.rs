//! What is done about the job of a policy: added, altered in place, or removed.

use super::{Planning, Wanted};
use crate::job::NextStart;
use crate::policy::current::ActualJob;
use crate::policy::effect::Effect;
use crate::policy::model::PolicyKind;
use crate::policy::schedule::{Schedule, not_before};
use crate::policy::step::{AddPolicy, AlterPolicy, ConfigChange, NextStartChange, Starts, Step, Work};
use crate::timestamp::{Timestamp, moved};

impl Planning<'_> {
    /// What is done about a policy's job.
    pub(super) fn job<T: Copy>(
        &mut self,
        kind: PolicyKind,
        actual: Option<&ActualJob<T>>,
        work_of: impl Fn(T) -> Work,
        wanted: Wanted<'_>,
    ) -> Option<Step> {
        match (actual, wanted) {
            (None, None) => None,
            (None, Some((work, schedule))) => Some(Step::AddPolicy(self.added(kind, work, schedule))),
            (Some(job), None) => {
                self.moved_starts.set(kind, moment_of(job.next_start));
                self.effects.push(Effect::JobRemoved { kind, job_id: job.id });
                Some(Step::RemovePolicy { kind, job_id: job.id })
            }
            (Some(job), Some((work, schedule))) => self
                .altered(kind, job, work_of(job.work), work, schedule)
                .map(Step::AlterPolicy),
        }
    }

    fn added(&mut self, kind: PolicyKind, work: Work, schedule: &Schedule) -> AddPolicy {
        let now = self.facts.now;
        let first_start = match self.desired.next_starts.of(kind) {
            Some(at) => not_before(at, schedule.interval, now),
            None => schedule.first_start(now),
        };
        let mut schedule = schedule.clone();
        if schedule.fixed {
            schedule.initial_start.get_or_insert(first_start);
        }
        self.effects.push(Effect::NewJob {
            kind,
            first_start,
            every: schedule.interval,
            paused: schedule.paused,
        });
        self.runs_first(kind, (!schedule.paused).then_some(first_start));
        AddPolicy {
            kind,
            work,
            schedule,
            first_start,
        }
    }

    fn altered<T>(
        &mut self,
        kind: PolicyKind,
        job: &ActualJob<T>,
        from: Work,
        to: Work,
        wanted: &Schedule,
    ) -> Option<AlterPolicy> {
        let now = self.facts.now;
        let actual = &job.schedule;
        let unchanged = AlterPolicy::of(kind, job.id, wanted.timezone.clone());
        let mut alter = unchanged.clone();
        alter.interval = (wanted.interval != actual.interval).then_some(wanted.interval);
        alter.max_runtime = (wanted.max_runtime != actual.max_runtime).then_some(wanted.max_runtime);
        alter.paused = (wanted.paused != actual.paused).then_some(wanted.paused);
        alter.config = (from != to).then_some(ConfigChange { from, to });
        if wanted.moves_starts_of(actual) {
            alter.starts = Some(if wanted.fixed {
                Starts::FixedFrom(wanted.initial_start.unwrap_or_else(|| wanted.first_start(now)))
            } else {
                Starts::AfterEnd
            });
        }
        alter.next_start = self.next_start(kind, job, wanted, &alter);
        let is_changed = alter != unchanged || wanted.timezone != actual.timezone;

        let is_moved = alter.next_start != NextStartChange::Kept;
        let next_start = match alter.next_start {
            NextStartChange::Kept => job.next_start,
            NextStartChange::At(at) | NextStartChange::AtLatest(at) => NextStart::At(at),
        };
        // Taking back another interval, or other times, would move it.
        if is_moved || alter.interval.is_some() || alter.starts.is_some() {
            self.moved_starts.set(kind, moment_of(job.next_start));
        }
        let first_run = match next_start {
            NextStart::At(at) => Some(at.max(now)),
            NextStart::NotYet => Some(now),
            NextStart::RunningOrStuck => Some(moved(now, wanted.interval).unwrap_or(now)),
            // Of a paused job a snapshot does not know when it would have started.
            NextStart::Never => actual.paused.then_some(now),
        };
        self.runs_first(kind, first_run.filter(|_| !wanted.paused));
        is_changed.then(|| {
            self.effects.push(Effect::JobKept {
                kind,
                job_id: job.id,
                next_start,
                moved: is_moved,
            });
            alter
        })
    }

    /// When an altered job starts next.
    fn next_start<T>(
        &self,
        kind: PolicyKind,
        job: &ActualJob<T>,
        wanted: &Schedule,
        alter: &AlterPolicy,
    ) -> NextStartChange {
        let now = self.facts.now;
        let next_of = |from: Timestamp| NextStartChange::At(not_before(from, wanted.interval, now));
        let latest = moved(now, wanted.interval).unwrap_or(now);
        let fixed_from = match (wanted.fixed, alter.starts, alter.interval) {
            (true, Some(Starts::FixedFrom(from)), _) => Some(from),
            (true, _, Some(_)) => job.schedule.initial_start,
            _ => None,
        };
        let change = if let Some(from) = self.desired.next_starts.of(kind).or(fixed_from) {
            next_of(from)
        } else if alter.paused == Some(false) {
            // What waited while it was paused must not start within seconds either.
            match job.next_start {
                NextStart::At(at) if at >= now => NextStartChange::Kept,
                _ => NextStartChange::At(wanted.first_start(now)),
            }
        } else {
            match job.next_start {
                // Never later than the new interval says, never sooner than it was.
                NextStart::At(at) if alter.interval.is_some() && at > latest => {
                    NextStartChange::AtLatest(latest)
                }
                _ => NextStartChange::Kept,
            }
        };
        match change {
            NextStartChange::At(at) if job.next_start == NextStart::At(at) => NextStartChange::Kept,
            change => change,
        }
    }

    fn runs_first(&mut self, kind: PolicyKind, at: Option<Timestamp>) {
        match kind {
            PolicyKind::Compression => self.first_runs.compression = at,
            PolicyKind::Retention => self.first_runs.retention = at,
            PolicyKind::Refresh => {}
        }
    }
}

fn moment_of(next_start: NextStart) -> Option<Timestamp> {
    match next_start {
        NextStart::At(at) => Some(at),
        _ => None,
    }
}

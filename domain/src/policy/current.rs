//! What the server has now.

use serde::{Deserialize, Serialize};

use crate::compression_settings::CompressionSettings;
use crate::continuous_aggregate::ContinuousAggregate;
use crate::hypertable::{Hypertable, TimeSpan};
use crate::job::{Job, NextStart, PolicyThreshold};
use crate::policy::difference::{Difference, NOTHING, difference_of_policies};
use crate::policy::field::Field;
use crate::policy::integer_time::is_integer_type;
use crate::policy::model::{
    AgePolicy, Compression, PolicyKind, Refresh, RefreshWindow, TablePolicy, Threshold,
};
use crate::policy::schedule::Schedule;
use crate::snapshot::Snapshot;
use crate::table_name::TableName;
use crate::time_axis::TimeAxis;
use crate::visible::Visible;

/// The actual policy of a table: what a person sets, and what only the server has. Its fields are plain, so that it can be
/// made of a snapshot and of rows that were read in the transaction of a change alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// The hypertable; of a continuous aggregate the one its results lie in.
    pub table: TableName,
    /// The continuous aggregate, where it is one.
    pub aggregate: Option<Aggregate>,
    /// The role that owns it, and that new jobs run as.
    pub owner: String,
    /// Column of the time dimension.
    pub time_column: String,
    /// What its time axis is made of.
    pub time_axis: TimeAxis,
    /// Length of the chunks to be created from now on; `None` where the dimension has no fixed one.
    pub chunk_interval: Option<TimeSpan>,
    /// How chunks are compressed; `None` where compression is off.
    pub compression: Option<CompressionSettings>,
    /// The job that compresses.
    pub compression_job: Option<ActualJob<Threshold>>,
    /// The job that drops.
    pub retention_job: Option<ActualJob<Threshold>>,
    /// The jobs that refresh, by number; newer servers allow several.
    pub refresh_jobs: Vec<ActualJob<RefreshWindow>>,
    /// What the console's own runner drops, where the edition has no jobs.
    pub console_retention: Option<AgePolicy>,
}

/// What a continuous aggregate has beside the hypertable its results lie in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The view people read.
    pub view: TableName,
    /// Width of a bucket; `None` where it is not a plain one.
    pub bucket_width: Option<TimeSpan>,
}

/// A policy's job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActualJob<T> {
    /// Its number.
    pub id: i32,
    /// The role it runs as.
    pub owner: String,
    /// What it handles.
    pub work: T,
    /// When it runs.
    pub schedule: Schedule,
    /// When it starts next. A snapshot does not know it of a paused job and says never.
    pub next_start: NextStart,
    /// Whether a process of it is at work, as far as that can be seen.
    pub is_running: bool,
    /// Its whole configuration, as the server writes it. Changing it replaces all of it, so keys that the console does not
    /// know have to be kept.
    pub config: String,
}

/// Why a table's policy cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NotPlannable {
    /// The snapshot has no such table.
    #[error("there is no hypertable or continuous aggregate {0}")]
    NoSuchTable(TableName),
    /// A job's configuration cannot be read.
    #[error(
        "job {job_id} says in its configuration {config:?} nothing that the console can read as the policy of {table}; \
         correct it with alter_job, or remove the job with delete_job({job_id})"
    )]
    UnreadableJob {
        /// The job.
        job_id: i32,
        /// Its table.
        table: TableName,
        /// Its configuration.
        config: String,
    },
}

impl Current {
    /// Of a hypertable, or of a continuous aggregate by the name of either its view or its hypertable. What the console's
    /// own runner drops is not in a snapshot.
    pub fn of(
        snapshot: &Snapshot,
        table: &TableName,
        console_retention: Option<AgePolicy>,
    ) -> Result<Self, NotPlannable> {
        let aggregate = snapshot
            .continuous_aggregates
            .iter()
            .find(|aggregate| aggregate.view == *table || aggregate.materialization == *table);
        let name = aggregate.map_or(table, |aggregate| &aggregate.materialization);
        let hypertable = snapshot
            .hypertable(name)
            .ok_or_else(|| NotPlannable::NoSuchTable(table.clone()))?;
        Self::of_parts(hypertable, aggregate, &snapshot.jobs, console_retention)
    }

    /// The same of what was read of one table alone: its hypertable, the continuous aggregate that lies in it, and its jobs;
    /// jobs of other tables may be among them.
    pub fn of_parts(
        hypertable: &Hypertable,
        aggregate: Option<&ContinuousAggregate>,
        all_jobs: &[Job],
        console_retention: Option<AgePolicy>,
    ) -> Result<Self, NotPlannable> {
        let name = &hypertable.table_name();
        let table = aggregate.map_or(name, |aggregate| &aggregate.view);
        let jobs = |kind: PolicyKind| {
            all_jobs.iter().filter(move |job| {
                job.kind == kind.job_kind()
                    && job.procedure == kind.procedure()
                    && job.table.as_ref() == Some(name)
            })
        };
        let unreadable = |job: &Job| NotPlannable::UnreadableJob {
            job_id: job.id,
            table: table.clone(),
            config: job.config.clone().unwrap_or_default(),
        };
        let by_age = |kind: PolicyKind| -> Result<Option<ActualJob<Threshold>>, NotPlannable> {
            let Some(job) = jobs(kind).next() else {
                return Ok(None);
            };
            let threshold = job
                .threshold
                .and_then(threshold_of)
                .ok_or_else(|| unreadable(job))?;
            Ok(Some(ActualJob::of(job, threshold)))
        };
        let mut refresh_jobs = Vec::new();
        for job in jobs(PolicyKind::Refresh) {
            let window = aggregate
                .and_then(|aggregate| aggregate.refresh.iter().find(|of| of.job_id == job.id))
                .map(|of| RefreshWindow {
                    start_offset: of.start_offset,
                    end_offset: of.end_offset,
                })
                .ok_or_else(|| unreadable(job))?;
            refresh_jobs.push(ActualJob::of(job, window));
        }
        Ok(Self {
            table: name.clone(),
            aggregate: aggregate.map(|aggregate| Aggregate {
                view: aggregate.view.clone(),
                bucket_width: aggregate.bucket_width,
            }),
            owner: aggregate.map_or_else(|| hypertable.owner.clone(), |of| of.owner.clone()),
            time_column: hypertable.time_column.clone(),
            time_axis: axis_of(hypertable),
            chunk_interval: hypertable.chunk_interval,
            compression: hypertable
                .compression_enabled
                .then(|| hypertable.compression_settings.clone().unwrap_or_default()),
            compression_job: by_age(PolicyKind::Compression)?,
            retention_job: by_age(PolicyKind::Retention)?,
            refresh_jobs,
            console_retention,
        })
    }

    /// What statements about its policies name: the table, or the view of a continuous aggregate.
    pub fn relation(&self) -> &TableName {
        self.aggregate.as_ref().map_or(&self.table, |of| &of.view)
    }

    /// What of it a person sets. Of several refresh policies none is said: they are left alone.
    pub fn policy(&self) -> TablePolicy {
        let by_age = |job: &ActualJob<Threshold>| AgePolicy {
            threshold: job.work,
            schedule: job.schedule.clone(),
        };
        TablePolicy {
            chunk_interval: self.chunk_interval,
            compression: match &self.compression {
                None => Compression::Off,
                Some(settings) => Compression::On {
                    settings: settings.clone(),
                    policy: self.compression_job.as_ref().map(by_age),
                },
            },
            retention: match &self.retention_job {
                Some(job) => Some(by_age(job)),
                None => self.console_retention.clone(),
            },
            refresh: self.refresh_job().map(|job| Refresh {
                window: job.work,
                schedule: job.schedule.clone(),
            }),
        }
    }

    /// The job that refreshes, where there is exactly one.
    pub fn refresh_job(&self) -> Option<&ActualJob<RefreshWindow>> {
        match self.refresh_jobs.as_slice() {
            [job] => Some(job),
            _ => None,
        }
    }

    /// Whether a run of a policy's job is under way.
    pub(super) fn is_running(&self, kind: PolicyKind) -> bool {
        match kind {
            PolicyKind::Compression => self.compression_job.as_ref().is_some_and(|job| job.is_running),
            PolicyKind::Retention => self.retention_job.as_ref().is_some_and(|job| job.is_running),
            PolicyKind::Refresh => self.refresh_jobs.iter().any(|job| job.is_running),
        }
    }

    /// A short text that is the same as long as nothing changed that a plan depends on: when a job starts next and whether
    /// it runs may change. For telling whether what an application finds is what its preview saw.
    pub fn fingerprint(&self) -> String {
        let mut text = self.relation().as_identifier();
        for fact in self.facts() {
            // Lengths keep one value from reading like two.
            let part = format!("\n{}{}={}", fact.0.name(), fact.1.len(), fact.1);
            text.push_str(&part);
        }
        fnv_1a(text.as_bytes())
    }

    /// What changed between two readings of one table, in the order of the form: why a change that was previewed for `self`
    /// is refused when `found` is there instead.
    pub fn changes_to(&self, found: &Self) -> Vec<Difference> {
        let mut rows = difference_of_policies(&self.policy(), &found.policy(), false);
        let (before, after) = (self.facts_of_server(), found.facts_of_server());
        for (field, _) in before.iter().chain(&after) {
            let of = |facts: &[(Field, String)]| {
                let texts = facts.iter().filter(|(of, _)| of == field);
                let texts: Vec<&str> = texts.map(|(_, text)| text.as_str()).collect();
                if texts.is_empty() {
                    NOTHING.to_owned()
                } else {
                    texts.join("; ")
                }
            };
            let row = Difference {
                field: *field,
                current: of(&before),
                desired: of(&after),
            };
            if row.current != row.desired && !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows
    }

    /// Everything a plan depends on, in words.
    fn facts(&self) -> Vec<(Field, String)> {
        let nothing = TablePolicy::default();
        let of_policy = difference_of_policies(&nothing, &self.policy(), true);
        of_policy
            .into_iter()
            .map(|row| (row.field, row.desired))
            .chain(self.facts_of_server())
            .collect()
    }

    /// What only the server has.
    fn facts_of_server(&self) -> Vec<(Field, String)> {
        let jobs = [
            (
                PolicyKind::Compression,
                self.compression_job.as_ref().map(ActualJob::identity),
            ),
            (
                PolicyKind::Retention,
                self.retention_job.as_ref().map(ActualJob::identity),
            ),
        ];
        let refreshes = self.refresh_jobs.iter();
        let refreshes = refreshes.map(|job| (PolicyKind::Refresh, Some(job.identity())));
        let mut facts = vec![(Field::Owner, self.owner.clone())];
        if let Some(retention) = &self.console_retention {
            let text = format!("the console itself, {}", retention.threshold);
            facts.push((Field::Job(PolicyKind::Retention), text));
        }
        for (kind, job) in jobs.into_iter().chain(refreshes) {
            let Some((id, owner, config)) = job else { continue };
            facts.push((Field::Job(kind), format!("{id}, run as {owner}")));
            facts.push((Field::Config(kind), config.to_owned()));
        }
        facts
    }
}

impl<T> ActualJob<T> {
    fn of(job: &Job, work: T) -> Self {
        Self {
            id: job.id,
            owner: job.owner.clone(),
            work,
            schedule: Schedule {
                interval: job.schedule_interval,
                fixed: job.fixed_schedule,
                initial_start: job.initial_start,
                timezone: job.timezone.clone(),
                max_runtime: job.max_runtime,
                paused: !job.scheduled,
            },
            next_start: job.next_start,
            is_running: job.is_running == Visible::Shown(true),
            config: job.config.clone().unwrap_or_default(),
        }
    }

    fn identity(&self) -> (i32, &str, &str) {
        (self.id, &self.owner, &self.config)
    }
}

fn threshold_of(threshold: PolicyThreshold) -> Option<Threshold> {
    match (threshold.from_creation, threshold.after) {
        (false, after) => Some(Threshold::After(after)),
        (true, TimeSpan::Interval(interval)) => Some(Threshold::CreatedBefore(interval)),
        (true, TimeSpan::Number(_)) => None,
    }
}

fn axis_of(table: &Hypertable) -> TimeAxis {
    match table.chunk_interval {
        Some(TimeSpan::Number(_)) => TimeAxis::Numbers,
        None if is_integer_type(&table.time_type) => TimeAxis::Numbers,
        Some(TimeSpan::Interval(_)) | None => TimeAxis::Moments,
    }
}

/// FNV-1a with 128 bits: short, and the same on every machine. It tells accidents apart, not attacks: whoever could make
/// two policies look alike would deceive only themselves.
fn fnv_1a(bytes: &[u8]) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = bytes
        .iter()
        .fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

//! A model of the server, with its traps as they were measured on TimescaleDB 2.29: what the properties apply plans to.

use std::collections::BTreeMap;

use super::*;

/// Where the server leaves what nobody passes back.
const LOST: NextStart = NextStart::RunningOrStuck;

/// A server with one table.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) facts: Facts<'static>,
    base: Current,
    chunk_interval: Option<TimeSpan>,
    compression: Option<CompressionSettings>,
    jobs: BTreeMap<PolicyKind, ServerJob>,
    next_id: i32,
}

#[derive(Debug, Clone)]
pub(super) struct ServerJob {
    pub(super) id: i32,
    pub(super) schedule: Schedule,
    pub(super) next_start: NextStart,
    pub(super) config: BTreeMap<String, String>,
    /// Stands for all statistics.
    pub(super) runs: u32,
    work: Work,
}

/// What `alter_job` is given; `None` for what is not passed.
#[derive(Default)]
struct AlterJob {
    schedule_interval: Option<Interval>,
    max_runtime: Option<Interval>,
    scheduled: Option<bool>,
    config: Option<(BTreeMap<String, String>, Work)>,
    fixed_schedule: Option<bool>,
    initial_start: Option<Timestamp>,
    timezone: Option<String>,
    next_start: Option<Timestamp>,
}

impl Server {
    /// A server that has what was read.
    pub(super) fn of(current: &Current, facts: Facts<'static>) -> Self {
        let mut jobs = BTreeMap::new();
        let age = |job: &ActualJob<Threshold>| ServerJob::of(job, Work::Age(job.work));
        if let Some(job) = &current.compression_job {
            jobs.insert(PolicyKind::Compression, age(job));
        }
        if let Some(job) = &current.retention_job {
            jobs.insert(PolicyKind::Retention, age(job));
        }
        if let Some(job) = current.refresh_job() {
            jobs.insert(PolicyKind::Refresh, ServerJob::of(job, Work::Window(job.work)));
        }
        Self {
            facts,
            base: current.clone(),
            chunk_interval: current.chunk_interval,
            compression: current.compression.clone(),
            jobs,
            next_id: 2000,
        }
    }

    pub(super) fn job(&self, kind: PolicyKind) -> Option<&ServerJob> {
        self.jobs.get(&kind)
    }

    /// What reading it gives.
    pub(super) fn read(&self) -> Current {
        let age = |kind: PolicyKind| {
            let job = self.jobs.get(&kind)?;
            let Work::Age(threshold) = job.work else {
                panic!("{kind:?} handles {:?}", job.work)
            };
            Some(job.read(threshold))
        };
        let refresh = self.jobs.get(&PolicyKind::Refresh).map(|job| match job.work {
            Work::Window(window) => job.read(window),
            Work::Age(_) => panic!("a refresh by age"),
        });
        Current {
            chunk_interval: self.chunk_interval,
            compression: self.compression.clone(),
            compression_job: age(PolicyKind::Compression),
            retention_job: age(PolicyKind::Retention),
            refresh_jobs: refresh.into_iter().collect(),
            ..self.base.clone()
        }
    }

    /// Does what a plan says, as one transaction.
    pub(super) fn apply(&mut self, plan: &Plan) {
        for planned in &plan.steps {
            self.step(&planned.step);
        }
    }

    fn step(&mut self, step: &Step) {
        let can_reset = self.facts.capabilities.resets_compression_settings;
        match step {
            // Kept in microseconds.
            Step::SetChunkInterval(TimeSpan::Interval(length)) => {
                let length = Interval::from_microseconds(length.approximate_microseconds());
                self.chunk_interval = Some(TimeSpan::Interval(length));
            }
            Step::SetChunkInterval(length) => self.chunk_interval = Some(*length),
            Step::AddPolicy(add) => self.add(add),
            Step::AlterPolicy(alter) => self.alter(alter),
            Step::RemovePolicy { kind, job_id } => {
                let job = self.jobs.remove(kind).expect("a policy to remove");
                assert_eq!(job.id, *job_id);
            }
            Step::EnableCompression(settings) => {
                assert_eq!(self.compression, None, "enabled already");
                let mut settings = settings.clone();
                let chooses_now = !can_reset || self.base.aggregate.is_some();
                if chooses_now && settings.segment_by == SegmentBy::ServerChooses {
                    settings.segment_by = SegmentBy::Columns(vec!["picked".to_owned()]);
                }
                if chooses_now && settings.order_by.is_empty() {
                    settings.order_by = vec![descending(&self.base.time_column)];
                }
                self.compression = Some(settings);
            }
            Step::SetCompression(change) => {
                let settings = self.compression.as_mut().expect("compression");
                if let Some(segment_by) = &change.segment_by {
                    assert_ne!(*segment_by, SegmentBy::ServerChooses);
                    settings.segment_by = segment_by.clone();
                }
                if let Some(order_by) = &change.order_by {
                    assert!(!order_by.is_empty(), "ordering column can not be empty");
                    settings.order_by = order_by.clone();
                }
            }
            Step::ResetCompression {
                segment_by, order_by, ..
            } => {
                assert!(can_reset && self.base.aggregate.is_none(), "cannot be reset");
                let settings = self.compression.as_mut().expect("compression");
                if *segment_by {
                    settings.segment_by = SegmentBy::ServerChooses;
                }
                if *order_by {
                    settings.order_by.clear();
                }
            }
            Step::DisableCompression => {
                assert!(
                    !self.jobs.contains_key(&PolicyKind::Compression),
                    "a policy is left dangling"
                );
                self.compression.take().expect("compression");
            }
            Step::ConsoleRetention { .. } => panic!("the server has jobs"),
        }
    }

    fn add(&mut self, add: &AddPolicy) {
        assert!(!self.jobs.contains_key(&add.kind), "policy already exists");
        if add.kind == PolicyKind::Compression {
            assert!(self.compression.is_some(), "columnstore not enabled");
        }
        self.next_id += 1;
        // An initial start makes it fixed, and is its next start.
        let initial_start = add.schedule.fixed.then_some(add.schedule.initial_start).flatten();
        let job = ServerJob {
            id: self.next_id,
            schedule: Schedule {
                fixed: initial_start.is_some(),
                initial_start,
                max_runtime: Schedule::default_for(add.kind, None).max_runtime,
                paused: false,
                ..add.schedule.clone()
            },
            next_start: initial_start.map_or(NextStart::NotYet, NextStart::At),
            config: config_of(add.kind, add.work),
            runs: 0,
            work: add.work,
        };
        self.jobs.insert(add.kind, job);
        self.alter_job(
            add.kind,
            AlterJob {
                max_runtime: Some(add.schedule.max_runtime),
                scheduled: add.schedule.paused.then_some(false),
                timezone: add.schedule.timezone.clone(),
                next_start: Some(add.first_start),
                ..AlterJob::default()
            },
        );
    }

    fn alter(&mut self, alter: &AlterPolicy) {
        let job = &self.jobs[&alter.kind];
        assert_eq!(job.id, alter.job_id);
        let there = match job.next_start {
            NextStart::At(at) => Some(at),
            _ => None,
        };
        let config = alter.config.map(|change| {
            let before = config_of(alter.kind, change.from);
            let mut config = job.config.clone();
            config.retain(|key, _| !before.contains_key(key));
            config.extend(config_of(alter.kind, change.to));
            (config, change.to)
        });
        let (fixed_schedule, initial_start) = match alter.starts {
            None => (None, None),
            Some(Starts::AfterEnd) => (Some(false), None),
            Some(Starts::FixedFrom(from)) => (Some(true), Some(from)),
        };
        let next_start = match alter.next_start {
            NextStartChange::Kept => there,
            NextStartChange::At(at) => Some(at),
            NextStartChange::AtLatest(at) => Some(there.map_or(at, |there| there.min(at))),
        };
        self.alter_job(
            alter.kind,
            AlterJob {
                schedule_interval: alter.interval,
                max_runtime: alter.max_runtime,
                scheduled: alter.paused.map(|paused| !paused),
                config,
                fixed_schedule,
                initial_start,
                timezone: alter.timezone.clone(),
                next_start,
            },
        );
    }

    fn alter_job(&mut self, kind: PolicyKind, given: AlterJob) {
        let job = self.jobs.get_mut(&kind).expect("a job");
        if let Some(interval) = given.schedule_interval {
            job.schedule.interval = interval;
            // Counted from its last end, which a job that never ran has not.
            if job.next_start != NextStart::NotYet {
                job.next_start = LOST;
            }
        }
        if let Some(max_runtime) = given.max_runtime {
            job.schedule.max_runtime = max_runtime;
        }
        if let Some(scheduled) = given.scheduled {
            job.schedule.paused = !scheduled;
        }
        if let Some((config, work)) = given.config {
            // The whole of it.
            job.config = config;
            job.work = work;
        }
        let moves =
            given.fixed_schedule.is_some() || given.initial_start.is_some() || given.timezone.is_some();
        if let Some(fixed) = given.fixed_schedule {
            job.schedule.fixed = fixed;
            if fixed && given.initial_start.is_none() {
                job.schedule.initial_start = Some(now());
            }
        }
        if let Some(from) = given.initial_start {
            job.schedule.initial_start = Some(from);
        }
        // What is not passed is cleared.
        job.schedule.timezone = given.timezone;
        if moves && job.next_start != NextStart::NotYet {
            job.next_start = NextStart::At(later("13 minutes"));
        }
        if let Some(at) = given.next_start {
            job.next_start = NextStart::At(at);
        }
    }
}

impl ServerJob {
    fn of<T>(job: &ActualJob<T>, work: Work) -> Self {
        let kind = match work {
            Work::Age(_) if job.id == 1000 => PolicyKind::Compression,
            Work::Age(_) => PolicyKind::Retention,
            Work::Window(_) => PolicyKind::Refresh,
        };
        let mut config = config_of(kind, work);
        config.insert("of_its_own".to_owned(), "true".to_owned());
        Self {
            id: job.id,
            schedule: job.schedule.clone(),
            next_start: job.next_start,
            config,
            runs: 7,
            work,
        }
    }

    fn read<T>(&self, work: T) -> ActualJob<T> {
        ActualJob {
            id: self.id,
            owner: "mes_app".to_owned(),
            work,
            schedule: self.schedule.clone(),
            next_start: self.next_start,
            is_running: false,
            config: format!("{:?}", self.config),
        }
    }
}

fn config_of(kind: PolicyKind, work: Work) -> BTreeMap<String, String> {
    let verb = kind.as_str();
    let text = |span: Option<TimeSpan>| span.map_or_else(|| "null".to_owned(), |span| span.to_string());
    let pairs = match work {
        Work::Age(Threshold::After(age)) => vec![(format!("{verb} after"), text(Some(age)))],
        Work::Age(Threshold::CreatedBefore(age)) => vec![(format!("{verb} created before"), age.to_string())],
        Work::Window(window) => vec![
            ("start_offset".to_owned(), text(window.start_offset)),
            ("end_offset".to_owned(), text(window.end_offset)),
        ],
    };
    pairs.into_iter().collect()
}

//! The server's limits: workers, connections, cache, transaction ids, the version of the extension.

use crate::timestamp::Timestamp;

use crate::fact::{Concern, Fact, FactGroup, Finding};
use crate::quantity::{age, age_ms, moment, percent, thousands};
use crate::server_health::{BackgroundWorkers, CacheReads, TransactionIds};
use crate::snapshot::{Connections, ServerFacts, Snapshot};
use crate::visible::Visible;

/// `max_worker_processes` beyond TimescaleDB's and parallel workers: PostgreSQL's own.
/// <https://docs.timescale.com/self-hosted/latest/configuration/about-configuration/#workers>
const OWN_WORKERS: u32 = 3;
/// Share of the connections from which on it is tight.
const MANY_CONNECTIONS_PERCENT: u32 = 90;
/// Share of the transaction ids from which on an outage is near.
const MANY_IDS_PERCENT: f64 = 75.0;

pub(super) fn groups(snapshot: &Snapshot, now: Timestamp) -> Vec<FactGroup> {
    let health = &snapshot.health;
    vec![
        workers(health.workers),
        connections(snapshot.server.connections),
        cache(health.cache, health.recent_cache, health.statistics_reset_at, now),
        transaction_ids(health.transaction_ids),
        extension(&snapshot.server, health.newer_version.as_deref()),
    ]
}

fn figure(value: u32) -> String {
    thousands(u64::from(value))
}

fn workers(workers: BackgroundWorkers) -> FactGroup {
    let mut facts = Vec::new();
    match workers.running {
        Visible::Shown(running) => {
            facts.push(
                Fact::new(
                    "Schedulers and jobs that run",
                    format!(
                        "{} of {}",
                        figure(running.schedulers + running.jobs),
                        figure(workers.timescaledb_limit)
                    ),
                )
                .hint(format!(
                    "{} schedulers and {} jobs in all databases; timescaledb.max_background_workers is {}",
                    running.schedulers, running.jobs, workers.timescaledb_limit
                )),
            );
            facts.push(
                Fact::new(
                    "Workers altogether",
                    format!("{} of {}", figure(running.all), figure(workers.server_limit)),
                )
                .hint(format!(
                    "max_worker_processes is {}; {} are workers of parallel queries",
                    workers.server_limit, running.parallel
                )),
            );
        }
        Visible::Hidden(hidden) => {
            let not_seen = |label| Fact::new(label, "not visible to this role").hint(hidden.remedy());
            facts.push(not_seen("Schedulers and jobs that run"));
            facts.push(
                Fact::new("TimescaleDB may use", figure(workers.timescaledb_limit))
                    .hint("timescaledb.max_background_workers"),
            );
            facts.push(Fact::new("All may use", figure(workers.server_limit)).hint("max_worker_processes"));
        }
    }
    facts.push(
        Fact::new("Scheduled jobs here", figure(workers.scheduled_jobs))
            .hint("Jobs of this database that are not paused"),
    );
    facts.push(
        Fact::new("Databases", figure(workers.databases)).hint("Each with TimescaleDB has a scheduler"),
    );
    FactGroup {
        title: "Background workers".to_owned(),
        facts,
        findings: worker_findings(workers),
    }
}

fn worker_findings(workers: BackgroundWorkers) -> Vec<Finding> {
    let mut findings = Vec::new();
    let limit = workers.timescaledb_limit;
    let schedulers = match workers.running {
        Visible::Shown(running) => running.schedulers,
        Visible::Hidden(_) => 1,
    };
    let at_once = schedulers + workers.scheduled_jobs;
    match workers.running {
        Visible::Shown(running) if running.schedulers + running.jobs >= limit => findings.push(Finding::new(
            Concern::Problem,
            format!("All {} workers of TimescaleDB are in use: a job that is due waits.", figure(limit)),
            "Raise timescaledb.max_background_workers and max_worker_processes (needs a restart), or run fewer \
             jobs at once.",
        )),
        _ if limit <= schedulers && workers.scheduled_jobs > 0 => findings.push(Finding::new(
            Concern::Problem,
            format!("timescaledb.max_background_workers is {limit}: the schedulers leave no worker for a job."),
            format!("Raise it to {at_once} (needs a restart)."),
        )),
        _ if at_once > limit => findings.push(Finding::note(format!(
            "If all {} jobs start at once, they and the {} want {at_once} workers and get {}: some wait for others.",
            figure(workers.scheduled_jobs),
            if schedulers == 1 { "scheduler".to_owned() } else { format!("{schedulers} schedulers") },
            figure(limit),
        ))),
        _ => {}
    }
    let wanted = OWN_WORKERS + limit + workers.parallel_limit;
    if workers.server_limit < wanted {
        findings.push(Finding::new(
            if workers.server_limit < schedulers + 1 {
                Concern::Problem
            } else {
                Concern::Note
            },
            format!(
                "max_worker_processes is {}. TimescaleDB ({limit}), parallel queries ({}) and PostgreSQL itself \
                 ({OWN_WORKERS}) may want {wanted} together: then jobs start late.",
                workers.server_limit, workers.parallel_limit
            ),
            format!("Raise it to {wanted} (needs a restart)."),
        ));
    }
    findings
}

fn connections(connections: Connections) -> FactGroup {
    let Connections {
        open, active, max, ..
    } = connections;
    FactGroup {
        title: "Connections".to_owned(),
        facts: vec![
            Fact::new("Open", format!("{} of {}", figure(open), figure(max)))
                .hint("Client connections to the whole server; max_connections"),
            match active {
                Some(active) => Fact::new("Busy with a statement", figure(active)),
                None => Fact::new("Busy with a statement", "not visible to this role")
                    .hint(crate::visible::Hidden::OtherSessions.remedy()),
            },
        ],
        findings: if u64::from(open) * 100 >= u64::from(max) * u64::from(MANY_CONNECTIONS_PERCENT) {
            vec![Finding::new(
                Concern::Warning,
                format!("{} of {} connections are open.", figure(open), figure(max)),
                "Put a connection pool in front of the server, or raise max_connections (needs a restart).",
            )]
        } else {
            Vec::new()
        },
    }
}

fn cache(
    since_reset: CacheReads,
    recent: Option<CacheReads>,
    reset_at: Option<Timestamp>,
    now: Timestamp,
) -> FactGroup {
    let ratio = |label: &str, reads: Option<CacheReads>, none: &str| match reads
        .and_then(|reads| Some((reads, reads.hit_percent()?)))
    {
        Some((reads, share)) => Fact::new(label, percent(share)).hint(format!(
            "{} blocks were in the cache, {} were read",
            thousands(reads.hits),
            thousands(reads.reads)
        )),
        None => Fact::new(label, none),
    };
    let since = match reset_at {
        Some(_) => "Since the statistics were reset",
        None => "Since the statistics began",
    };
    FactGroup {
        title: "Found in the cache".to_owned(),
        facts: [
            ratio("Since the reading before", recent, "nothing was read"),
            ratio(since, Some(since_reset), "nothing was read"),
        ]
        .into_iter()
        .chain(
            reset_at.map(|at| Fact::new("Reset", format!("{} ago", age(age_ms(now, at)))).hint(moment(at))),
        )
        .collect(),
        findings: Vec::new(),
    }
}

fn transaction_ids(ids: TransactionIds) -> FactGroup {
    let oldest = ids.age.max(ids.multixact_age);
    let used = ids.used_percent();
    let finding = if used >= MANY_IDS_PERCENT {
        Some(Finding::new(
            Concern::Problem,
            format!(
                "{} of the transaction ids are used up. At the limit the server takes no more changes.",
                percent(used)
            ),
            "End what holds back VACUUM (long and prepared transactions, replication slots), then VACUUM the oldest \
             tables.",
        ))
    } else if oldest > ids.forced_vacuum_age {
        Some(Finding::new(
            Concern::Note,
            "The oldest transaction id is older than autovacuum_freeze_max_age: VACUUM is forced now.",
            "If its age goes on growing, something holds VACUUM back: a long or prepared transaction, or a slot.",
        ))
    } else {
        None
    };
    FactGroup {
        title: "Transaction ids".to_owned(),
        facts: vec![
            Fact::new("Age of the oldest", thousands(ids.age)),
            Fact::new("Age of the oldest multixact", thousands(ids.multixact_age)),
            Fact::new("VACUUM is forced at", thousands(ids.forced_vacuum_age))
                .hint("autovacuum_freeze_max_age"),
            Fact::new(
                "Used up",
                if used > 0.0 && used < 0.1 {
                    "under 0.1%".to_owned()
                } else {
                    percent(used)
                },
            )
            .hint(format!(
                "of {}, where the server stops",
                thousands(TransactionIds::LIMIT)
            )),
        ],
        findings: finding.into_iter().collect(),
    }
}

fn extension(server: &ServerFacts, newer: Option<&str>) -> FactGroup {
    FactGroup {
        title: "Versions".to_owned(),
        facts: vec![
            Fact::new("TimescaleDB", server.timescaledb_version.clone()).hint(server.edition.as_str()),
            Fact::new("PostgreSQL", server.postgres_version.clone()),
        ],
        findings: newer
            .map(|newer| {
                Finding::new(
                    Concern::Warning,
                    format!(
                        "TimescaleDB {newer} is installed, and this database still uses {}.",
                        server.timescaledb_version
                    ),
                    "Load it as the first statement of a new session, in a quiet time:",
                )
                .statement("ALTER EXTENSION timescaledb UPDATE;")
            })
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_health::RunningWorkers;
    use crate::snapshot::example;

    /// Of a server with room for everybody.
    fn budget(limit: u32, schedulers: u32, jobs: u32, scheduled_jobs: u32) -> BackgroundWorkers {
        BackgroundWorkers {
            timescaledb_limit: limit,
            server_limit: OWN_WORKERS + limit + 8,
            parallel_limit: 8,
            running: Visible::Shown(RunningWorkers {
                schedulers,
                jobs,
                parallel: 0,
                all: schedulers + jobs + 2,
            }),
            databases: 2,
            scheduled_jobs,
        }
    }

    fn concerns(workers: BackgroundWorkers) -> Vec<Concern> {
        worker_findings(workers)
            .iter()
            .map(|finding| finding.concern)
            .collect()
    }

    #[test]
    fn workers_are_a_concern_only_where_they_do_not_suffice() {
        assert_eq!(concerns(budget(16, 1, 2, 10)), []);
        assert_eq!(concerns(budget(8, 1, 2, 10)), [Concern::Note]);
        assert_eq!(concerns(budget(4, 1, 3, 10)), [Concern::Problem]);
        let small = BackgroundWorkers {
            server_limit: 8,
            ..budget(16, 1, 0, 4)
        };
        assert_eq!(concerns(small), [Concern::Note]);
        assert!(
            worker_findings(small)[0]
                .sentence
                .contains("may want 27 together")
        );
    }

    #[test]
    fn all_is_calm_on_a_server_where_nothing_is_wrong() {
        let groups = groups(&example::empty(), Timestamp::UNIX_EPOCH);
        assert!(groups.iter().all(|group| group.findings.is_empty()));
        assert!(groups.iter().all(|group| !group.facts.is_empty()));
    }

    #[test]
    fn transaction_ids_near_their_end_are_a_problem() {
        let of = |age| {
            transaction_ids(TransactionIds {
                age,
                multixact_age: 0,
                forced_vacuum_age: 200_000_000,
            })
            .findings
            .first()
            .map(|finding| finding.concern)
        };
        assert_eq!(of(200_000_000), None);
        assert_eq!(of(200_000_001), Some(Concern::Note));
        assert_eq!(of(TransactionIds::LIMIT), Some(Concern::Problem));
    }

    #[test]
    fn a_newer_version_comes_with_the_statement_that_loads_it() {
        let server = example::empty().server;
        assert!(extension(&server, None).findings.is_empty());
        let group = extension(&server, Some("2.30.0"));
        assert_eq!(
            group.findings[0].statement.as_deref(),
            Some("ALTER EXTENSION timescaledb UPDATE;")
        );
    }

    #[test]
    fn connections_are_tight_near_their_limit() {
        let findings = |open| {
            connections(Connections {
                open,
                active: None,
                console: 1,
                max: 100,
            })
            .findings
            .len()
        };
        assert_eq!((findings(89), findings(90)), (0, 1));
    }
}

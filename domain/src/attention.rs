//! What needs somebody's attention, the gravest first.

use serde::{Deserialize, Serialize};

use crate::job::JobKind;
use crate::judgement::{Light, PolicyVerdict};
use crate::quantity::{age, bytes, counted};
use crate::reading::Seen;
use crate::retention_run::{RetentionOutcome, RetentionStatus};
use crate::table_name::TableName;

/// At most this many are listed; how many more there are is said.
pub const MOST_LISTED: usize = 8;
/// Sessions that wait for a lock this long are worth a look, in milliseconds.
const LONG_WAIT_MS: u64 = 10_000;
/// WAL that a replication slot keeps from being removed, in bytes, from which on it is worth a look: 10 GB.
const MUCH_WAL_BYTES: u64 = 10 << 30;
/// Share of the transaction ids that are used up, in percent, from which on it is worth a look.
const MANY_IDS_PERCENT: f64 = 40.0;

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// How grave it is.
    pub light: Light,
    /// What it is, in a few words.
    pub title: String,
    /// Why, and what to do.
    pub reason: String,
    /// Where there is more to see.
    pub about: About,
}

/// What something is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The policies of a hypertable.
    Table(TableName),
    /// A job.
    Job(i32),
    /// What sessions do, and how the server is.
    Activity,
}

/// Everything that needs attention, the gravest first.
pub fn attention(seen: Seen<'_>) -> Vec<Attention> {
    let of_tables = seen.judgement.tables().iter().flat_map(|table| {
        table
            .policies
            .iter()
            .filter(|policy| wants(policy.light))
            .map(move |policy| of_policy(policy, Some((&table.table, &table.display_name))))
    });
    let of_jobs = seen
        .judgement
        .other_jobs()
        .iter()
        .filter(|policy| wants(policy.light))
        .map(|policy| of_policy(policy, None));
    let mut all: Vec<Attention> = of_tables.chain(of_jobs).chain(of_server(seen)).collect();
    all.sort_by_key(|attention| std::cmp::Reverse(attention.light));
    all
}

/// The console's own retention of a table, where its last run failed.
pub fn of_console_retention(status: &RetentionStatus) -> Option<Attention> {
    let run = status
        .last_run
        .as_ref()
        .filter(|run| run.outcome == Some(RetentionOutcome::Failed))?;
    Some(Attention {
        light: Light::Failing,
        title: format!("The console's retention of {} fails", status.table),
        reason: format!(
            "{} failed in a row. {}",
            counted(u64::from(status.failures_in_a_row), "run", "runs"),
            run.failure
        ),
        about: About::Table(status.table.clone()),
    })
}

fn wants(light: Light) -> bool {
    matches!(
        light,
        Light::Failing | Light::Late | Light::Paused | Light::Unknown
    )
}

fn of_policy(policy: &PolicyVerdict, table: Option<(&TableName, &String)>) -> Attention {
    let what = match table {
        Some((_, name)) => format!("{} of {name}", policy.kind.as_str()),
        None if policy.kind == JobKind::Custom => format!("Job {}", policy.job_id),
        None => policy.kind.as_str().to_owned(),
    };
    let title = match policy.light {
        Light::Failing => format!("{what} fails"),
        Light::Paused => format!("{what} is paused"),
        Light::Late if policy.overdue.chunks > 0 => {
            let overdue = counted(policy.overdue.chunks, "chunk", "chunks");
            let are = if policy.overdue.chunks == 1 { "is" } else { "are" };
            match table {
                Some((_, name)) => format!("{overdue} of {name} {are} overdue"),
                None => format!("{overdue} {are} overdue"),
            }
        }
        Light::Late => format!("{what} is late"),
        _ => format!("Nobody can tell whether {what} works"),
    };
    let advice = policy
        .advice
        .as_ref()
        .map(|advice| format!(" {advice}"))
        .unwrap_or_default();
    Attention {
        light: policy.light,
        title,
        reason: format!("{}{advice}", policy.reason),
        about: match table {
            Some((table, _)) if policy.light == Light::Late => About::Table(table.clone()),
            _ => About::Job(policy.job_id),
        },
    }
}

fn of_server(seen: Seen<'_>) -> impl Iterator<Item = Attention> {
    let snapshot = seen.snapshot;
    let health = &snapshot.health;
    let waits: Vec<u64> = snapshot
        .activity
        .waits
        .iter()
        .filter_map(|wait| wait.waiting_ms)
        .filter(|waiting_ms| *waiting_ms >= LONG_WAIT_MS)
        .collect();
    let waiting = (!waits.is_empty()).then(|| Attention {
        light: Light::Late,
        title: format!("{} for a lock", waiting_sessions(waits.len() as u64)),
        reason: format!(
            "The longest for {}. Whoever holds it is named on the page about activity.",
            age(waits.iter().copied().max().unwrap_or(0))
        ),
        about: About::Activity,
    });
    let slot = health
        .replication_slots
        .iter()
        .find(|slot| slot.held_bytes.is_some_and(|held| held >= MUCH_WAL_BYTES))
        .map(|slot| Attention {
            light: Light::Late,
            title: format!("The replication slot {} holds back WAL", slot.name),
            reason: format!(
                "{} cannot be removed until it is read{}",
                bytes(slot.held_bytes.unwrap_or(0)),
                if slot.active {
                    "."
                } else {
                    ", and nobody reads from it. Drop the slot if nobody will."
                }
            ),
            about: About::Activity,
        });
    let used = health.transaction_ids.used_percent();
    let ids = (used >= MANY_IDS_PERCENT).then(|| Attention {
        light: if used >= 2.0 * MANY_IDS_PERCENT {
            Light::Failing
        } else {
            Light::Late
        },
        title: format!("{used:.0}% of the transaction ids are used up"),
        reason: "VACUUM does not keep up. See what holds it back: long transactions, prepared transactions, \
                 replication slots."
            .to_owned(),
        about: About::Activity,
    });
    waiting.into_iter().chain(slot).chain(ids)
}

fn waiting_sessions(count: u64) -> String {
    if count == 1 {
        "1 session waits".to_owned()
    } else {
        format!("{count} sessions wait")
    }
}

#[cfg(test)]
mod tests {
    use crate::timestamp::Timestamp;

    use super::*;
    use crate::activity::LockWait;
    use crate::judgement::{Due, Judgement, Overdue, TableVerdict};
    use crate::snapshot::example;
    use crate::visible::{Hidden, Visible};

    fn verdict(light: Light, chunks: u64) -> PolicyVerdict {
        PolicyVerdict {
            kind: JobKind::Retention,
            job_id: 1001,
            light,
            reason: "Why.".into(),
            advice: Some("What to do.".into()),
            due: Due::default(),
            overdue: Overdue {
                chunks,
                ..Overdue::default()
            },
            lag: None,
        }
    }

    fn judged(policies: Vec<PolicyVerdict>) -> Judgement {
        Judgement::new(
            vec![TableVerdict {
                table: TableName::new("public", "oee"),
                display_name: "oee".into(),
                light: Light::Unknown,
                reason: String::new(),
                advice: None,
                oldest_kept: None,
                policies,
            }],
            Vec::new(),
        )
    }

    fn titles(judgement: &Judgement, waits: Vec<LockWait>) -> Vec<String> {
        let mut snapshot = example::empty();
        snapshot.activity.waits = waits;
        attention(Seen {
            snapshot: &snapshot,
            judgement,
            now: Timestamp::UNIX_EPOCH,
        })
        .into_iter()
        .map(|attention| attention.title)
        .collect()
    }

    #[test]
    fn the_gravest_comes_first_and_what_is_on_time_is_not_named() {
        let judgement = judged(vec![
            verdict(Light::OnTime, 0),
            verdict(Light::Late, 3),
            verdict(Light::Failing, 0),
            verdict(Light::Paused, 0),
        ]);
        assert_eq!(
            titles(&judgement, Vec::new()),
            [
                "Retention of oee fails",
                "3 chunks of oee are overdue",
                "Retention of oee is paused"
            ]
        );
    }

    #[test]
    fn a_session_that_has_waited_for_long_is_named_and_one_that_just_began_is_not() {
        let wait = |waiting_ms| LockWait {
            pid: 1,
            session: Visible::Hidden(Hidden::OtherSessions),
            table: None,
            chunk: None,
            mode: "AccessExclusiveLock".into(),
            waiting_ms: Some(waiting_ms),
            blocked_by: vec![2],
        };
        let judgement = judged(Vec::new());
        assert_eq!(titles(&judgement, vec![wait(9_999)]), Vec::<String>::new());
        assert_eq!(
            titles(&judgement, vec![wait(9_999), wait(12_000)]),
            ["1 session waits for a lock"]
        );
    }
}

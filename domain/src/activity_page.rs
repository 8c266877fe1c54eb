//! What the page about activity shows: who waits for whom, what is open for long, and how far the server is from its
//! limits.

mod server;
mod waits;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::activity::{HeldTable, LongTransaction, PreparedTransaction, SessionFacts};
use crate::fact::{FactGroup, Finding};
use crate::quantity::bytes;
use crate::reading::Seen;
use crate::server_health::ReplicationSlot;
use crate::table_name::TableName;
use crate::visible::Visible;
use crate::when::When;

/// The Activity page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// Who waits for a lock, below who holds it.
    pub waits: Vec<WaitRow>,
    /// Sessions that wait.
    pub waiting: u64,
    /// Transactions that have been open for a minute or more, the oldest first.
    pub long_transactions: Visible<Vec<TransactionRow>>,
    /// Prepared transactions, the oldest first.
    pub prepared_transactions: Vec<TransactionRow>,
    /// Workers, connections, cache, transaction ids, versions.
    pub server: Vec<FactGroup>,
    /// Replication slots, the one that holds most WAL first.
    pub slots: Vec<SlotRow>,
}

/// A session in the tree of those who wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRow {
    /// How far below the one who holds up all of them; 0 for that one.
    pub depth: u8,
    /// `Process 4711`, or `A prepared transaction`.
    pub name: String,
    /// Who it is; `None` where nothing is known of it.
    pub session: Option<SessionFacts>,
    /// Why nothing is known of it, where that is known.
    pub unknown: Option<String>,
    /// What it waits for; `None` for one that only holds.
    pub wait: Option<WaitWords>,
}

/// What somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitWords {
    /// The lock, for example `AccessExclusiveLock`.
    pub mode: String,
    /// On what; `None` for a lock on no table.
    pub table: Option<LockedTable>,
    /// The chunk, where the lock is on one.
    pub chunk: Option<TableName>,
    /// How long it has waited; `None` where the server does not say.
    pub waiting: Option<String>,
    /// Who is ahead of it: `4711, a prepared transaction`.
    pub behind: String,
}

/// A table with a lock on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedTable {
    /// The table.
    pub name: TableName,
    /// Whether it has a page.
    pub is_hypertable: bool,
}

/// A transaction that has been open for long, or is prepared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionRow {
    /// `Process 4711`, or the identifier of a prepared one.
    pub name: String,
    /// Who it is.
    pub session: SessionFacts,
    /// Since when it is open.
    pub since: When,
    /// The hypertables it holds locks on.
    pub holds: Vec<HeldTable>,
    /// Whether it keeps VACUUM from removing dead rows.
    pub holds_back_vacuum: bool,
}

/// A replication slot in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRow {
    /// Its name.
    pub name: String,
    /// `physical` or `logical`.
    pub kind: String,
    /// Whether somebody reads from it.
    pub active: bool,
    /// WAL the server keeps for it, in bytes; `None` while it has none reserved.
    pub held_bytes: Option<u64>,
    /// `reserved`, `extended`, `unreserved` or `lost`; `None` while it has none reserved.
    pub wal_status: Option<String>,
    /// What is to be said about it.
    pub finding: Option<Finding>,
}

impl ActivityPage {
    /// What was read of activity.
    pub fn of(seen: Seen<'_>) -> Self {
        let activity = &seen.snapshot.activity;
        Self {
            waits: waits::tree(seen),
            waiting: activity.waits.len() as u64,
            long_transactions: match &activity.long_transactions {
                Visible::Shown(open) => Visible::Shown(
                    open.iter()
                        .map(|one| TransactionRow::open(one, seen.now))
                        .collect(),
                ),
                Visible::Hidden(hidden) => Visible::Hidden(*hidden),
            },
            prepared_transactions: activity
                .prepared_transactions
                .iter()
                .map(|one| TransactionRow::prepared(one, seen.now))
                .collect(),
            server: server::groups(seen.snapshot, seen.now),
            slots: seen
                .snapshot
                .health
                .replication_slots
                .iter()
                .map(SlotRow::of)
                .collect(),
        }
    }
}

impl TransactionRow {
    fn open(open: &LongTransaction, now: Timestamp) -> Self {
        Self {
            name: process(open.pid),
            session: open.session.clone(),
            since: When::from_now(now, open.since),
            holds: open.holds.clone(),
            holds_back_vacuum: open.holds_back_vacuum,
        }
    }

    fn prepared(prepared: &PreparedTransaction, now: Timestamp) -> Self {
        Self {
            name: prepared.gid.clone(),
            session: SessionFacts {
                role: prepared.owner.clone(),
                state: "prepared".to_owned(),
                ..SessionFacts::default()
            },
            since: When::from_now(now, prepared.since),
            holds: prepared.holds.clone(),
            holds_back_vacuum: true,
        }
    }
}

/// WAL that a slot nobody reads from may hold before it is worth a warning.
const MUCH_WAL_BYTES: u64 = 1 << 30;

impl SlotRow {
    fn of(slot: &ReplicationSlot) -> Self {
        use crate::fact::Concern;

        let held = slot.held_bytes.unwrap_or(0);
        let finding = match slot.wal_status.as_deref() {
            Some("lost") => Some(Finding::new(
                Concern::Problem,
                "WAL that its reader needs is gone.",
                "Build the replica or subscription anew, and drop the slot.",
            )),
            Some("unreserved") => Some(Finding::new(
                Concern::Problem,
                "WAL that its reader needs is removed at the next checkpoint.",
                "Let its reader catch up now, or raise max_slot_wal_keep_size.",
            )),
            _ if !slot.active && held >= MUCH_WAL_BYTES => Some(Finding::new(
                Concern::Warning,
                format!("Nobody reads from it, and it holds {} of WAL.", bytes(held)),
                "Start its reader, or drop the slot if nobody needs it: the disk fills up.",
            )),
            _ => None,
        };
        Self {
            name: slot.name.clone(),
            kind: slot.kind.clone(),
            active: slot.active,
            held_bytes: slot.held_bytes,
            wal_status: slot.wal_status.clone(),
            finding,
        }
    }
}

fn process(pid: i32) -> String {
    format!("Process {pid}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Concern;

    fn slot(active: bool, held_bytes: u64, wal_status: &str) -> Option<Concern> {
        SlotRow::of(&ReplicationSlot {
            name: "replica".into(),
            kind: "physical".into(),
            active,
            held_bytes: Some(held_bytes),
            wal_status: Some(wal_status.into()),
        })
        .finding
        .map(|finding| finding.concern)
    }

    #[test]
    fn a_slot_that_nobody_reads_is_a_concern_once_it_holds_much() {
        assert_eq!(slot(true, MUCH_WAL_BYTES, "extended"), None);
        assert_eq!(slot(false, MUCH_WAL_BYTES - 1, "reserved"), None);
        assert_eq!(slot(false, MUCH_WAL_BYTES, "reserved"), Some(Concern::Warning));
        assert_eq!(slot(true, 0, "lost"), Some(Concern::Problem));
    }

    #[test]
    fn a_prepared_transaction_always_holds_back_vacuum() {
        let row = TransactionRow::prepared(
            &PreparedTransaction {
                gid: "order 7".into(),
                owner: "mes_app".into(),
                since: Timestamp::UNIX_EPOCH,
                holds: Vec::new(),
            },
            Timestamp::from_second(3 * 3600).expect("in range"),
        );
        assert!(row.holds_back_vacuum);
        assert_eq!(row.since.words, "3 h ago");
    }
}

//! What other sessions do that policies and people wait for.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::table_name::TableName;
use crate::visible::Visible;

/// Locks and long transactions at one moment. The lists are bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Sessions that wait for a lock, the longest wait first.
    pub waits: Vec<LockWait>,
    /// Transactions that have been open for a minute or more, the oldest first.
    pub long_transactions: Visible<Vec<LongTransaction>>,
    /// Prepared transactions, the oldest first: they stay until somebody ends them, restarts included.
    pub prepared_transactions: Vec<PreparedTransaction>,
}

/// A session that waits for a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockWait {
    /// Its process.
    pub pid: i32,
    /// Who it is.
    pub session: Visible<SessionFacts>,
    /// The hypertable, also where the lock is on one of its chunks, or the plain table; `None` for a lock on no table.
    pub table: Option<TableName>,
    /// The chunk, where the lock is on one.
    pub chunk: Option<TableName>,
    /// The lock it wants, for example `AccessExclusiveLock`.
    pub mode: String,
    /// How long it has waited, in milliseconds; `None` where the server does not say.
    pub waiting_ms: Option<u64>,
    /// Processes that hold what it wants, or are ahead of it; 0 stands for a prepared transaction.
    pub blocked_by: Vec<i32>,
}

/// A transaction that has been open for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongTransaction {
    /// Its process.
    pub pid: i32,
    /// Who it is.
    pub session: SessionFacts,
    /// When it began.
    pub since: Timestamp,
    /// Hypertables it holds locks on. Policies that drop, compress or reorder those wait for it.
    pub holds: Vec<HeldTable>,
    /// Whether it keeps VACUUM from removing dead rows.
    pub holds_back_vacuum: bool,
}

/// A prepared transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedTransaction {
    /// Its identifier.
    pub gid: String,
    /// The role that prepared it.
    pub owner: String,
    /// When it was prepared.
    pub since: Timestamp,
    /// Hypertables it holds locks on.
    pub holds: Vec<HeldTable>,
}

/// Who a session is and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Its role.
    pub role: String,
    /// Its application name.
    pub application_name: String,
    /// For example `active` or `idle in transaction`.
    pub state: String,
    /// The beginning of its newest statement.
    pub query: String,
    /// Whether it is a background worker rather than a client.
    pub is_worker: bool,
}

/// A hypertable that a transaction holds locks on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTable {
    /// The hypertable.
    pub table: TableName,
    /// Locked relations: the hypertable itself and its chunks.
    pub relations: u32,
    /// Its strongest lock, for example `RowExclusiveLock`.
    pub mode: String,
}

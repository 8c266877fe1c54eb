//! What a plan is made with, beside what is and what should be.

use serde::{Deserialize, Serialize};

use crate::hypertable::{Chunk, CompressionTotals, Hypertable, TimeSpan};
use crate::policy::current::Current;
use crate::policy::model::{RefreshWindow, Threshold};
use crate::snapshot::{Edition, Snapshot};
use crate::table_name::TableName;
use crate::timestamp::Timestamp;
use crate::visible::Visible;

/// Facts around a table. What is `None` is not known, and nothing is concluded from it.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The time now.
    pub now: Timestamp,
    /// What the server offers.
    pub edition: Edition,
    /// What its version can do.
    pub capabilities: Capabilities,
    /// Who would apply the plan.
    pub applicant: Option<Applicant>,
    /// Whether the table's owner may log in; its jobs run as that role.
    pub owner_can_login: Option<bool>,
    /// Locks the server has room for: `max_locks_per_transaction * (max_connections + max_prepared_transactions)`.
    pub lock_slots: Option<u64>,
    /// Names of the table's columns.
    pub columns: Option<Vec<String>>,
    /// Indexes of the table: each chunk has as many.
    pub indexes: Option<u32>,
    /// Continuous aggregates that are made of this table.
    pub dependents: Vec<Dependent>,
    /// Of a continuous aggregate: when the rows it is made of are dropped.
    pub source_drops: Option<Threshold>,
    /// The table's chunks.
    pub chunks: &'a [Chunk],
    /// What compression achieved so far.
    pub compression: Option<CompressionTotals>,
    /// What now is on integer time.
    pub integer_now: Option<i64>,
    /// On integer time: whether the table, or what a continuous aggregate is made of, has an `integer_now_func`.
    pub has_integer_now_func: Option<bool>,
    /// When the console's own runner drops next, where it does.
    pub console_next_start: Option<Timestamp>,
}

/// What depends on the server's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// `ALTER TABLE … RESET (timescaledb.compress_segmentby)`: hands a choice back to the server. From 2.22 on; before,
    /// and for continuous aggregates, what the server chose is written down when compression is enabled, and stays.
    pub resets_compression_settings: bool,
    /// Retention by creation of chunks whose time is a date. From 2.26.3 on; before, such a policy can be added, but
    /// neither changed nor run (`could not find drop_after in config for job`).
    pub drops_by_creation: bool,
    /// The database's owner may change policies of tables that are others'. From 2.28 on.
    pub obeys_database_owner: bool,
}

/// Who would apply a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// The role of the connection that changes things.
    pub role: String,
    /// Whether it may: it is or has the role that owns the table, or is a superuser; from 2.28 on the database's owner may,
    /// too.
    pub may_change: bool,
}

/// A continuous aggregate that is made of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependent {
    /// Its view.
    pub view: TableName,
    /// What its policies refresh.
    pub windows: Vec<RefreshWindow>,
}

impl Capabilities {
    /// By the version of the extension, for example `2.19.3`: nothing in the catalogs tells of these. An unreadable version
    /// has nothing that is new.
    pub fn of_version(version: &str) -> Self {
        let number = |part: &str| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().unwrap_or(0)
        };
        let mut parts = version.split('.').map(number).chain([0, 0, 0]);
        let version = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
        Self {
            resets_compression_settings: version >= [2, 22, 0],
            drops_by_creation: version >= [2, 26, 3],
            obeys_database_owner: version >= [2, 28, 0],
        }
    }
}

impl<'a> Facts<'a> {
    /// What a snapshot knows of a table; who would apply a plan, locks, columns and indexes are for others to add.
    pub fn of(snapshot: &'a Snapshot, current: &Current, now: Timestamp) -> Self {
        let table = snapshot.hypertable(&current.table);
        let aggregates = &snapshot.continuous_aggregates;
        // An aggregate has no now of its own: it counts by the table it is made of.
        let source_of = |table: &Hypertable| {
            let of = aggregates
                .iter()
                .find(|of| of.materialization == table.table_name())?;
            snapshot.hypertable(&of.source)
        };
        let mut clock = table;
        for _ in aggregates {
            clock = clock.and_then(source_of).or(clock);
        }
        let dependents = aggregates
            .iter()
            .filter(|aggregate| aggregate.source == current.table)
            .map(|aggregate| Dependent {
                view: aggregate.view.clone(),
                windows: aggregate
                    .refresh
                    .iter()
                    .map(|policy| RefreshWindow {
                        start_offset: policy.start_offset,
                        end_offset: policy.end_offset,
                    })
                    .collect(),
            })
            .collect();
        Self {
            edition: snapshot.server.edition,
            capabilities: Capabilities::of_version(&snapshot.server.timescaledb_version),
            owner_can_login: snapshot
                .jobs
                .iter()
                .find(|job| job.owner == current.owner)
                .map(|job| job.owner_can_login),
            dependents,
            source_drops: table
                .and_then(source_of)
                .and_then(|source| source.drop_after)
                .map(Threshold::After),
            chunks: snapshot.chunks_of(&current.table),
            compression: table.and_then(|table| table.compression),
            integer_now: clock
                .and_then(|clock| clock.integer_now.as_ref())
                .and_then(Visible::shown)
                .copied(),
            has_integer_now_func: clock
                .filter(|clock| matches!(clock.chunk_interval, Some(TimeSpan::Number(_))))
                .map(|clock| clock.integer_now.is_some()),
            console_next_start: None,
            ..Self::nothing(now)
        }
    }

    /// Nothing but the time, of a server that can do everything.
    pub fn nothing(now: Timestamp) -> Self {
        Self {
            now,
            edition: Edition::Community,
            capabilities: Capabilities {
                resets_compression_settings: true,
                drops_by_creation: true,
                obeys_database_owner: true,
            },
            applicant: None,
            owner_can_login: None,
            lock_slots: None,
            columns: None,
            indexes: None,
            dependents: Vec::new(),
            source_drops: None,
            chunks: &[],
            compression: None,
            integer_now: None,
            has_integer_now_func: None,
            console_next_start: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_what_it_can_do() {
        for (version, resets, drops, owner) in [
            ("2.19.3", false, false, false),
            ("2.21.4", false, false, false),
            ("2.22.0", true, false, false),
            ("2.26.2", true, false, false),
            ("2.26.3", true, true, false),
            ("2.27", true, true, false),
            ("2.28.0", true, true, true),
            ("2.32.0-dev", true, true, true),
            ("3.0.0", true, true, true),
            ("", false, false, false),
        ] {
            let expected = Capabilities {
                resets_compression_settings: resets,
                drops_by_creation: drops,
                obeys_database_owner: owner,
            };
            assert_eq!(Capabilities::of_version(version), expected, "{version}");
        }
    }
}

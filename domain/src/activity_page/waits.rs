//! Who waits for whom, as a tree: those who hold up others first, those who wait for them below.

use super::{LockedTable, WaitRow, WaitWords, process};
use crate::activity::{Activity, LockWait};
use crate::quantity::age;
use crate::reading::Seen;
use crate::snapshot::Snapshot;
use crate::visible::{Hidden, Visible};

/// What stands for a prepared transaction where processes are named.
const PREPARED: i32 = 0;
/// Deeper than this nothing is indented any more.
const DEEPEST: u8 = 4;

pub(super) fn tree(seen: Seen<'_>) -> Vec<WaitRow> {
    let snapshot = seen.snapshot;
    let waits = &snapshot.activity.waits;
    let mut holders: Vec<i32> = Vec::new();
    for pid in waits.iter().flat_map(|wait| &wait.blocked_by) {
        if !holders.contains(pid) && waits.iter().all(|wait| wait.pid != *pid) {
            holders.push(*pid);
        }
    }
    let mut tree = Tree {
        snapshot,
        placed: vec![false; waits.len()],
        rows: Vec::new(),
    };
    for pid in holders {
        tree.rows.push(holder(&snapshot.activity, pid));
        tree.place_behind(pid, 1);
    }
    // Who waits for each other in a circle, until the server ends one of them; and who is let go just now.
    for index in 0..waits.len() {
        if !tree.placed[index] {
            tree.place(index, 0);
        }
    }
    tree.rows
}

struct Tree<'a> {
    snapshot: &'a Snapshot,
    /// Which of the waits have their row.
    placed: Vec<bool>,
    rows: Vec<WaitRow>,
}

impl Tree<'_> {
    fn place_behind(&mut self, pid: i32, depth: u8) {
        let waits = &self.snapshot.activity.waits;
        for (index, wait) in waits.iter().enumerate() {
            if !self.placed[index] && wait.blocked_by.contains(&pid) {
                self.place(index, depth);
            }
        }
    }

    fn place(&mut self, index: usize, depth: u8) {
        let wait = &self.snapshot.activity.waits[index];
        self.placed[index] = true;
        self.rows.push(waiter(self.snapshot, wait, depth));
        self.place_behind(wait.pid, (depth + 1).min(DEEPEST));
    }
}

fn name(pid: i32) -> String {
    if pid == PREPARED {
        "A prepared transaction".to_owned()
    } else {
        process(pid)
    }
}

/// One who holds up others and waits for nobody.
fn holder(activity: &Activity, pid: i32) -> WaitRow {
    let (session, unknown) = match &activity.long_transactions {
        _ if pid == PREPARED => (None, Some("See the prepared transactions below.".to_owned())),
        Visible::Shown(open) => {
            let session = open
                .iter()
                .find(|one| one.pid == pid)
                .map(|one| one.session.clone());
            let unknown = session
                .is_none()
                .then(|| "Its transaction began less than a minute ago.".to_owned());
            (session, unknown)
        }
        Visible::Hidden(hidden) => (None, Some(hidden.remedy().to_owned())),
    };
    WaitRow {
        depth: 0,
        name: name(pid),
        session,
        unknown,
        wait: None,
    }
}

fn waiter(snapshot: &Snapshot, wait: &LockWait, depth: u8) -> WaitRow {
    let behind: Vec<String> = wait
        .blocked_by
        .iter()
        .map(|pid| match *pid {
            PREPARED => "a prepared transaction".to_owned(),
            pid => pid.to_string(),
        })
        .collect();
    WaitRow {
        depth,
        name: name(wait.pid),
        session: wait.session.shown().cloned(),
        unknown: wait.session.hidden().map(Hidden::remedy).map(str::to_owned),
        wait: Some(WaitWords {
            mode: wait.mode.clone(),
            table: wait.table.clone().map(|name| LockedTable {
                is_hypertable: snapshot.hypertable(&name).is_some(),
                name,
            }),
            chunk: wait.chunk.clone(),
            waiting: wait.waiting_ms.map(age),
            behind: behind.join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::timestamp::Timestamp;

    use super::*;
    use crate::activity::{LongTransaction, SessionFacts};
    use crate::judgement::Judgement;
    use crate::snapshot::example;
    use crate::table_name::TableName;

    fn wait(pid: i32, blocked_by: &[i32]) -> LockWait {
        LockWait {
            pid,
            session: Visible::Shown(SessionFacts::default()),
            table: Some(TableName::new("public", "metric_hist")),
            chunk: None,
            mode: "AccessExclusiveLock".into(),
            waiting_ms: Some(65_000),
            blocked_by: blocked_by.to_vec(),
        }
    }

    fn rows(waits: Vec<LockWait>, long_transactions: Visible<Vec<LongTransaction>>) -> Vec<WaitRow> {
        let snapshot = Snapshot {
            activity: Activity {
                waits,
                long_transactions,
                prepared_transactions: Vec::new(),
            },
            ..example::empty()
        };
        tree(Seen {
            snapshot: &snapshot,
            judgement: &Judgement::default(),
            now: Timestamp::UNIX_EPOCH,
        })
    }

    fn places(rows: &[WaitRow]) -> Vec<(u8, &str)> {
        rows.iter().map(|row| (row.depth, row.name.as_str())).collect()
    }

    #[test]
    fn nobody_waits_behind_nobody() {
        assert_eq!(rows(Vec::new(), Visible::Shown(Vec::new())), []);
    }

    #[test]
    fn those_who_wait_stand_below_the_one_who_holds_them_up() {
        let rows = rows(
            vec![wait(2, &[1]), wait(3, &[2]), wait(4, &[1, 2]), wait(9, &[8])],
            Visible::Shown(Vec::new()),
        );
        assert_eq!(
            places(&rows),
            [
                (0, "Process 1"),
                (1, "Process 2"),
                (2, "Process 3"),
                (2, "Process 4"),
                (0, "Process 8"),
                (1, "Process 9"),
            ]
        );
        let last = rows[3].wait.as_ref().expect("it waits");
        assert_eq!(last.behind, "1, 2");
        assert_eq!(last.waiting.as_deref(), Some("1 min"));
        assert!(rows[0].wait.is_none());
    }

    #[test]
    fn who_waits_in_a_circle_is_shown_once() {
        let rows = rows(vec![wait(1, &[2]), wait(2, &[1])], Visible::Shown(Vec::new()));
        assert_eq!(places(&rows), [(0, "Process 1"), (1, "Process 2")]);
    }

    #[test]
    fn what_is_known_of_a_holder_is_told_and_why_nothing_is_too() {
        let session = SessionFacts {
            role: "mes_app".into(),
            ..SessionFacts::default()
        };
        let open = LongTransaction {
            pid: 1,
            session: session.clone(),
            since: Timestamp::UNIX_EPOCH,
            holds: Vec::new(),
            holds_back_vacuum: true,
        };
        let known = rows(vec![wait(2, &[1])], Visible::Shown(vec![open]));
        assert_eq!(known[0].session, Some(session));
        let hidden = rows(vec![wait(2, &[1])], Visible::Hidden(Hidden::OtherSessions));
        assert_eq!(hidden[0].unknown.as_deref(), Some(Hidden::OtherSessions.remedy()));
        let prepared = rows(vec![wait(2, &[0])], Visible::Shown(Vec::new()));
        assert_eq!(prepared[0].name, "A prepared transaction");
    }
}

//! The console is killed at any point of a change: never half applied, and the audit tells the truth.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use backend::console::Console;
use backend::policies::Wanted;
use domain::audit::Outcome;
use domain::declared::Declared;
use domain::policy::{Field, PolicyFields};
use domain::policy_change::{ChangeState, PolicyChange};
use domain::snapshot::Edition;

use super::support::Server;
use super::workshop::{
    COMPRESS_AFTER, DROP_AFTER, FACTORY, LONG, READINGS, Workshop, application, apply_and_wait, audit,
    console, database, edition, granted, named, preview, wanted,
};

/// What says to the test's own program, started again, that it is the console that is killed.
const CHILD: &str = "TIDEMARK_TEST_KILLED_CONSOLE";
pub const ROUNDS: u32 = 50;

/// Several fields at once, in one of two ways.
pub fn both_ways(edition: Edition) -> [Wanted; 2] {
    let fields =
        |interval: &'static str, drop: &'static str, segments: &'static str, compress: &'static str| {
            let mut fields = vec![(Field::ChunkInterval, interval), (DROP_AFTER, drop)];
            if edition == Edition::Community {
                fields.extend([
                    (Field::Compression, "on"),
                    (Field::SegmentBy, segments),
                    (COMPRESS_AFTER, compress),
                ]);
            }
            wanted("readings", &fields)
        };
    [
        fields("2 days", "60 days", "line", "20 days"),
        fields("3 days", "never", "line, meter", "30 days"),
    ]
}

/// Which of the two ways it is; `None` where it is neither, which never happens.
pub fn way(found: &PolicyFields, ways: &[Wanted; 2], edition: Edition) -> Option<usize> {
    let mut compared = vec![Field::ChunkInterval, DROP_AFTER];
    if edition == Edition::Community {
        compared.extend([Field::SegmentBy, COMPRESS_AFTER]);
    }
    ways.iter().position(|way| {
        compared
            .iter()
            .all(|field| found.get(*field) == way.fields.get(*field))
    })
}

/// The test's program, started again as the console that is killed.
struct KilledConsole {
    child: Child,
    says: BufReader<std::process::ChildStdout>,
}

impl KilledConsole {
    fn start(state_url: &str, database_url: &str, round: u32) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "killed::the_console_that_is_killed",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, format!("{state_url} {database_url} {round}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a second process");
        let says = BufReader::new(child.stdout.take().expect("its output"));
        let mut killed = Self { child, says };
        killed.hear("READY");
        killed
    }

    fn hear(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(
                self.says.read_line(&mut line).expect("a line") > 0,
                "it ended before {word}"
            );
        }
    }

    fn go(&mut self) {
        let mut input = self.child.stdin.as_ref().expect("its input");
        input.write_all(b"go\n").expect("written");
    }

    /// Kill -9.
    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

/// Nothing, but in a process that [`KilledConsole::start`] started.
#[tokio::test]
async fn the_console_that_is_killed() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let mut told = told.split(' ');
    let mut next = || told.next().expect("told");
    let (state_url, database_url) = (next(), next());
    let round: usize = next().parse().expect("a number");
    let (console, _) = console(state_url, database_url, database_url, Declared::default()).await;
    let ways = both_ways(edition(&console, &named("readings")).await);
    let preview = preview(&console, &ways[round % 2]).await;
    println!("READY");
    std::io::stdin().read_line(&mut String::new()).expect("a line");
    let number = console
        .apply_policy(&granted(), FACTORY, application(&preview))
        .await;
    number.expect("begun");
    println!("BEGUN");
    tokio::time::sleep(LONG).await;
}

/// Waits until nothing is left without an end, and gives the newest change.
async fn settled(console: &Console) -> Option<PolicyChange> {
    let began = Instant::now();
    loop {
        match console.settle_left_changes().await {
            Ok(0) => break,
            _ => assert!(began.elapsed() < LONG, "it is never settled"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let changes = console.policy_changes(&granted(), FACTORY, None, None, 1).await;
    changes.expect("a list").into_iter().next()
}

/// What the policy is, what the change's line says and what the audit says are one.
pub async fn tells_the_truth(
    console: &Console,
    change: &PolicyChange,
    was: usize,
    is: Option<usize>,
    round: u32,
) {
    let is = is.unwrap_or_else(|| panic!("round {round}: half applied: {change:#?}"));
    match &change.state {
        ChangeState::Applied => assert_ne!(is, was, "round {round}: {change:#?}"),
        ChangeState::Failed(_) => assert_eq!(is, was, "round {round}: {change:#?}"),
        _ => panic!("round {round}: {change:#?}"),
    }
    let line = audit(console).await.into_iter().next().expect("a line");
    let expected = if is == was {
        Outcome::Failed
    } else {
        Outcome::Succeeded
    };
    assert_eq!(line.outcome, Some(expected), "round {round}: {line:#?}");
    if let Some(settled) = &change.settled {
        assert!(line.detail.contains(settled.as_str()), "round {round}: {line:#?}");
    }
}

#[derive(Default, Debug)]
pub struct Tally {
    not_begun: u32,
    nothing_done: u32,
    settled_as_done: u32,
    done: u32,
}

impl Tally {
    pub fn count(&mut self, change: Option<&PolicyChange>) {
        *match change {
            None => &mut self.not_begun,
            Some(change) if !change.state.was_applied() => &mut self.nothing_done,
            Some(change) if change.settled.is_some() => &mut self.settled_as_done,
            Some(_) => &mut self.done,
        } += 1;
    }

    /// Rounds that all end on one side say nothing of what lies between.
    pub fn assert_both_sides(&self) {
        assert!(
            self.not_begun + self.nothing_done > 0 && self.settled_as_done + self.done > 0,
            "{self:?}"
        );
    }
}

/// A point of time in a round, spread evenly over what a change takes.
pub fn point(round: u32, takes: Duration) -> Duration {
    takes * ((round * 37) % ROUNDS) / ROUNDS
}

async fn console_is_killed(server: Server, test: &str) {
    let Some(database) = database(server, test).await else {
        return;
    };
    database.execute(READINGS).await;
    // One with its state in a file, one with its state on a server.
    let workshop = match server {
        Server::Any => Workshop::of(&database).await,
        Server::Community => Workshop::of_replicas(&database).await,
    };
    let table = named("readings");
    let edition = edition(&workshop.console, &table).await;
    let ways = both_ways(edition);
    workshop.applied(&ways[1]).await;
    let began = Instant::now();
    workshop.applied(&ways[0]).await;
    let takes = began.elapsed();
    workshop.applied(&ways[1]).await;
    let mut is = 1;
    let mut last = 3;
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        // Towards what it is not, and whatever came of it.
        let mut child = KilledConsole::start(
            &workshop.state_url,
            &database.url(),
            1 - u32::try_from(is).unwrap_or(0),
        );
        child.go();
        // Half of the rounds anywhere, the others while the database is at work.
        if round % 2 == 0 {
            tokio::time::sleep(point(round, takes)).await;
        } else {
            child.hear("BEGUN");
            tokio::time::sleep(point(round, Duration::from_millis(60))).await;
        }
        child.kill();
        let change = settled(&workshop.console).await.filter(|change| change.id > last);
        let now = way(&workshop.fields(&table).await, &ways, edition);
        tally.count(change.as_ref());
        match &change {
            None => assert_eq!(now, Some(is), "round {round}: changed without a line"),
            Some(change) => {
                tells_the_truth(&workshop.console, change, is, now, round).await;
                last = change.id;
            }
        }
        is = now.expect("one of the two");
    }
    eprintln!("{test}: a change takes {takes:?}: {tally:?}");
    tally.assert_both_sides();
}

#[tokio::test]
async fn a_console_that_is_killed_anywhere_leaves_the_policy_before_or_after_and_says_which() {
    Box::pin(console_is_killed(
        Server::Any,
        "a_console_that_is_killed_anywhere_leaves_the_policy_before_or_after_and_says_which",
    ))
    .await;
}

#[tokio::test]
async fn a_console_that_is_killed_leaves_the_servers_own_policies_before_or_after() {
    Box::pin(console_is_killed(
        Server::Community,
        "a_console_that_is_killed_leaves_the_servers_own_policies_before_or_after",
    ))
    .await;
}

#[tokio::test]
async fn what_a_killed_console_left_is_settled_before_the_next_change_of_the_table() {
    let test = "what_a_killed_console_left_is_settled_before_the_next_change_of_the_table";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let (one, table) = (&workshop.console, named("readings"));
    let ways = both_ways(edition(one, &table).await);
    // Somebody holds what the change needs, and the console is killed while it waits.
    let mut holder = database.connect().await;
    super::support::execute(
        &mut holder,
        "begin; update _timescaledb_catalog.dimension set interval_length = interval_length",
    )
    .await;
    let mut child = KilledConsole::start(&workshop.state_url, &database.url(), 0);
    child.go();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Another console sees it, and leaves it alone: it is being worked on.
    assert_eq!(one.settle_left_changes().await.expect("asked"), 1);
    child.kill();
    super::support::execute(&mut holder, "rollback").await;

    let seen = preview(one, &ways[1]).await;
    let change = apply_and_wait(one, application(&seen)).await.expect("applied");
    assert_eq!(change.state, ChangeState::Applied);
    let changes = one
        .policy_changes(&granted(), FACTORY, None, None, 10)
        .await
        .expect("a list");
    assert_eq!(changes.len(), 2);
    assert!(matches!(changes[1].state, ChangeState::Failed(_)), "{changes:#?}");
    assert_eq!(
        changes[1].settled.as_deref(),
        Some("The console was stopped while it applied this; the database says that nothing of it was done.")
    );
}

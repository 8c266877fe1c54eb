//! The database is killed at any point of a change: never half applied, and the console says which once it is back.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use backend::policies::settle_policy_changes;
use url::Url;

use super::killed::{ROUNDS, Tally, both_ways, point, tells_the_truth, way};
use super::refused::{failure, instead};
use super::support::{Server, TestDatabase, server_url};
use super::workshop::{FACTORY, LONG, READINGS, Workshop, application, edition, granted, named, preview};

/// A server of this test's own.
struct CrashCluster;

impl CrashCluster {
    fn script(arguments: &[&str]) -> String {
        let output = Command::new("scripts/database.sh")
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .output()
            .expect("scripts/database.sh");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn start() -> (Self, Url) {
        Self::script(&["clean", "crash"]);
        Self::script(&["start", "crash"]);
        let url = Self::script(&["url", "crash"]).parse().expect("a URL");
        (Self, url)
    }

    async fn start_again() {
        tokio::task::spawn_blocking(|| Self::script(&["start", "crash"]))
            .await
            .expect("run");
    }

    /// The process that all others of the server are children of.
    async fn process(database: &TestDatabase) -> String {
        let mut connection = database.connect().await;
        let file: String = sqlx::query_scalar("select pg_read_file('postmaster.pid')")
            .fetch_one(&mut connection)
            .await
            .expect("the file of its number");
        file.lines().next().expect("a number").trim().to_owned()
    }

    /// What `pg_ctl -m immediate stop` does, without the time its shell takes to start; by the script where the server
    /// lives in a container.
    async fn kill(process: &str) {
        let proc = Path::new("/proc").join(process);
        let is_here = std::fs::read_to_string(proc.join("comm")).is_ok_and(|name| name.trim() == "postgres");
        if is_here {
            let killed = Command::new("kill")
                .args(["-QUIT", process])
                .status()
                .expect("kill");
            assert!(killed.success());
            while proc.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } else {
            tokio::task::spawn_blocking(|| Self::script(&["kill", "crash"]))
                .await
                .expect("run");
        }
    }
}

impl Drop for CrashCluster {
    fn drop(&mut self) {
        Self::script(&["clean", "crash"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_anywhere_has_the_policy_before_or_after_and_the_console_says_which() {
    let test = "a_database_that_is_killed_anywhere_has_the_policy_before_or_after_and_the_console_says_which";
    // The servers of the other tests stand for the means to start one.
    if server_url(Server::Any, test).is_none() {
        return;
    }
    let (cluster, url) = CrashCluster::start();
    let database = TestDatabase::timescale(&url).await;
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let settling = tokio::spawn(settle_policy_changes(workshop.console.clone(), stopped));
    let table = named("readings");
    let edition = edition(&workshop.console, &table).await;
    let ways = both_ways(edition);
    workshop.applied(&ways[1]).await;
    let started = Instant::now();
    workshop.applied(&ways[0]).await;
    let takes = started.elapsed();
    let mut is = 0;
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let seen = preview(&workshop.console, &ways[1 - is]).await;
        let process = CrashCluster::process(&database).await;
        let console = workshop.console.clone();
        let applying = async move {
            console
                .apply_policy(&granted(), FACTORY, application(&seen))
                .await
        };
        let number = if round % 5 == 0 {
            // Anywhere.
            let beginning = tokio::spawn(applying);
            tokio::time::sleep(point(round, takes)).await;
            CrashCluster::kill(&process).await;
            beginning.await.expect("begun or refused")
        } else {
            // While the database is at work.
            let number = applying.await;
            tokio::time::sleep(point(round, Duration::from_millis(40))).await;
            CrashCluster::kill(&process).await;
            number
        };
        CrashCluster::start_again().await;
        let change = match number {
            Err(_) => None,
            Ok(id) => {
                let over = workshop
                    .console
                    .await_policy_change(&granted(), FACTORY, id, LONG)
                    .await;
                Some(over.expect("there"))
            }
        };
        let now = way(&workshop.fields(&table).await, &ways, edition);
        tally.count(change.as_ref());
        match &change {
            None => assert_eq!(now, Some(is), "round {round}: changed without a line"),
            Some(change) => tells_the_truth(&workshop.console, change, is, now, round).await,
        }
        is = now.expect("one of the two");
    }
    eprintln!("{test}: a change takes {takes:?}: {tally:?}");
    tally.assert_both_sides();

    // What would disturb others on a server that is shared: the lock table is full.
    database
        .execute("select set_chunk_time_interval('readings', interval '5 days')")
        .await;
    database
        .execute(&instead(
            "perform count(pg_advisory_xact_lock(i)) from generate_series(1, 10000000) i;",
        ))
        .await;
    let why = Box::pin(failure(&database, &workshop)).await;
    assert!(
        why.contains("53200") && why.contains("Raise max_locks_per_transaction"),
        "{why}"
    );
    let _ = stop.send(true);
    settling.await.expect("stopped");
    drop(database);
    drop(cluster);
}

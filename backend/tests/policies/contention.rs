//! Somebody else holds the table, or changes it at the same moment.

use std::time::{Duration, Instant};

use backend::policies::{PolicyRefused, Wanted};
use domain::audit::Outcome;
use domain::policy::{Difference, Field};
use domain::policy_change::{ChangeState, PolicyChange};

use super::support::{Server, execute};
use super::workshop::{
    DROP_AFTER, FACTORY, READINGS, Workshop, application, apply_and_wait, database, granted, named, preview,
    wanted,
};

/// Whoever waits for somebody who never ends gives up within this.
const GIVES_UP_WITHIN: Duration = Duration::from_secs(30);

/// A change whose last step needs the whole table, while a session that did this has not ended.
async fn gives_up(holding: &str, test: &str) {
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let before = workshop.fields(&named("readings")).await;
    let mut holder = database.connect().await;
    execute(&mut holder, "set application_name = 'the nightly report'; begin").await;
    execute(&mut holder, holding).await;
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut holder)
        .await
        .expect("a number");

    let began = Instant::now();
    let change = workshop
        .apply(&wanted(
            "readings",
            &[
                (Field::ChunkInterval, "2 days"),
                (DROP_AFTER, "20 days"),
                (Field::Compression, "on"),
            ],
        ))
        .await;
    assert!(began.elapsed() < GIVES_UP_WITHIN, "{:?}", began.elapsed());
    let ChangeState::Failed(why) = &change.state else {
        panic!("{change:#?}")
    };
    for words in [
        "Nothing was changed.",
        &format!("session {pid} of postgres (the nightly report), whose last statement began at"),
        "end it with pg_terminate_backend",
        "55P03",
    ] {
        assert!(why.contains(words), "{why}");
    }
    let line = &workshop.audit().await[0];
    assert_eq!(
        (line.outcome, line.detail.as_str()),
        (Some(Outcome::Failed), why.as_str())
    );
    assert_eq!(workshop.fields(&named("readings")).await, before);
    execute(&mut holder, "rollback").await;
}

#[tokio::test]
async fn a_reader_that_does_not_end_keeps_a_change_out_and_is_named() {
    Box::pin(gives_up(
        "select count(*) from readings",
        "a_reader_that_does_not_end_keeps_a_change_out_and_is_named",
    ))
    .await;
}

#[tokio::test]
async fn a_writer_that_does_not_end_keeps_a_change_out_and_is_named() {
    Box::pin(gives_up(
        "insert into readings values (now(), 1, 1, 1)",
        "a_writer_that_does_not_end_keeps_a_change_out_and_is_named",
    ))
    .await;
}

#[tokio::test]
async fn a_reader_that_ends_soon_only_delays_a_change() {
    let Some(database) = database(Server::Community, "a_reader_that_ends_soon_only_delays_a_change").await
    else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let mut holder = database.connect().await;
    execute(&mut holder, "begin; select count(*) from readings").await;
    let preview = workshop
        .preview(&wanted("readings", &[(Field::Compression, "on")]))
        .await;
    let console = &workshop.console;
    let id = console
        .apply_policy(&granted(), FACTORY, application(&preview))
        .await
        .expect("begun");
    let mut waited_for = String::new();
    for _ in 0..300 {
        let change = console
            .policy_change(&granted(), FACTORY, id)
            .await
            .expect("there");
        if let ChangeState::Running(progress) = change.state
            && progress.attempt > 1
            && let Some(holder) = progress.waits_for
        {
            waited_for = holder;
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(waited_for.contains("of postgres"), "{waited_for:?}");
    execute(&mut holder, "rollback").await;
    let change = console
        .await_policy_change(&granted(), FACTORY, id, GIVES_UP_WITHIN)
        .await
        .expect("over");
    assert_eq!(change.state, ChangeState::Applied);
}

#[tokio::test]
async fn what_whoever_had_the_table_changed_meanwhile_is_not_overwritten() {
    let test = "what_whoever_had_the_table_changed_meanwhile_is_not_overwritten";
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    workshop
        .applied(&wanted(
            "readings",
            &[(Field::Compression, "on"), (Field::SegmentBy, "line")],
        ))
        .await;
    let mut other = database.connect().await;
    execute(
        &mut other,
        "begin; alter table readings set (timescaledb.compress_segmentby = 'meter')",
    )
    .await;
    // Not committed yet: it is compared with what was there before, and has to wait for the table.
    let preview = workshop
        .preview(&wanted("readings", &[(Field::SegmentBy, "line, meter")]))
        .await;
    let console = &workshop.console;
    let id = console
        .apply_policy(&granted(), FACTORY, application(&preview))
        .await
        .expect("begun");
    loop {
        let change = console
            .policy_change(&granted(), FACTORY, id)
            .await
            .expect("there");
        match change.state {
            ChangeState::Running(progress) if progress.step > 0 && progress.waits_for.is_some() => break,
            ChangeState::Running(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            over => panic!("{over:?}"),
        }
    }
    execute(&mut other, "commit").await;
    let change = console
        .await_policy_change(&granted(), FACTORY, id, GIVES_UP_WITHIN)
        .await
        .expect("over");
    let ChangeState::Refused(why, rows) = &change.state else {
        panic!("{change:#?}")
    };
    assert!(why.contains("Segment by: line became meter"), "{why}");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        workshop.fields(&named("readings")).await.get(Field::SegmentBy),
        Some("meter")
    );
}

#[tokio::test]
async fn while_one_change_of_a_table_is_under_way_another_is_refused_and_told_whose_it_is() {
    let test = "while_one_change_of_a_table_is_under_way_another_is_refused_and_told_whose_it_is";
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let mut holder = database.connect().await;
    execute(&mut holder, "begin; select count(*) from readings").await;
    let console = &workshop.console;
    let slow = workshop
        .preview(&wanted("readings", &[(Field::Compression, "on")]))
        .await;
    let quick = workshop
        .preview(&wanted("readings", &[(Field::ChunkInterval, "2 days")]))
        .await;
    let id = console
        .apply_policy(&granted(), FACTORY, application(&slow))
        .await
        .expect("begun");
    let refused = apply_and_wait(console, application(&quick))
        .await
        .expect_err("refused");
    assert!(matches!(refused, PolicyRefused::Busy(_)), "{refused}");
    let whose = format!("number {id}, by the command line");
    assert!(refused.to_string().contains(&whose), "{refused}");
    execute(&mut holder, "rollback").await;
    console
        .await_policy_change(&granted(), FACTORY, id, GIVES_UP_WITHIN)
        .await
        .expect("over");
}

/// What one of two who were at it at once was told.
enum Told {
    Applied(Box<PolicyChange>),
    Differences(Vec<Difference>),
}

async fn tell(
    console: &backend::console::Console,
    wanted: &Wanted,
    preview: &backend::policies::Preview,
) -> Told {
    assert_eq!(preview.wanted, *wanted);
    match apply_and_wait(console, application(preview)).await {
        Ok(change) => match change.state {
            ChangeState::Applied => Told::Applied(Box::new(change)),
            ChangeState::Refused(_, differences) => Told::Differences(differences),
            other => panic!("{other:?}"),
        },
        Err(PolicyRefused::Changed(differences)) => Told::Differences(differences),
        Err(other) => panic!("{other}"),
    }
}

/// Two consoles, two plans for the same policy, at the same moment: one of them does it, the other is told.
async fn races(server: Server, test: &str, rounds: i32) {
    let Some(database) = database(server, test).await else {
        return;
    };
    database.execute(READINGS).await;
    // Two over one file, or two replicas over a server.
    let workshop = match server {
        Server::Any => Workshop::of(&database).await,
        Server::Community => Workshop::of_replicas(&database).await,
    };
    let other = workshop.another(&database).await;
    let (mut first_won, mut second_won) = (0, 0);
    for round in 0..rounds {
        // Never what is there already.
        let hours = format!("{} hours", 25 + 24 * round);
        let days = format!("{} days", 50 + round);
        let (one, two) = (
            wanted("readings", &[(Field::ChunkInterval, &hours)]),
            wanted("readings", &[(DROP_AFTER, &days)]),
        );
        let (seen_one, seen_two) = (
            preview(&workshop.console, &one).await,
            preview(&other, &two).await,
        );
        assert_eq!(
            seen_one.now.current.fingerprint(),
            seen_two.now.current.fingerprint()
        );
        let told = tokio::join!(
            tell(&workshop.console, &one, &seen_one),
            tell(&other, &two, &seen_two)
        );
        let found = workshop.fields(&named("readings")).await;
        let (won, lost, kept) = match told {
            (Told::Applied(_), Told::Differences(differences)) => {
                first_won += 1;
                (
                    Field::ChunkInterval,
                    differences,
                    seen_one.now.fields.get(DROP_AFTER).map(str::to_owned),
                )
            }
            (Told::Differences(differences), Told::Applied(_)) => {
                second_won += 1;
                (
                    DROP_AFTER,
                    differences,
                    seen_one.now.fields.get(Field::ChunkInterval).map(str::to_owned),
                )
            }
            (Told::Applied(one), Told::Applied(two)) => panic!("round {round}: both won: {one:#?} {two:#?}"),
            _ => panic!("round {round}: nobody won"),
        };
        assert!(lost.iter().any(|row| row.field == won), "round {round}: {lost:?}");
        let loser = if won == DROP_AFTER {
            Field::ChunkInterval
        } else {
            DROP_AFTER
        };
        assert_eq!(found.get(loser).map(str::to_owned), kept, "round {round}");
    }
    eprintln!("{test}: the first won {first_won} times, the second {second_won} times");
}

#[tokio::test]
async fn of_two_who_change_a_policy_at_once_one_wins_and_the_other_is_told_the_difference() {
    Box::pin(races(
        Server::Any,
        "of_two_who_change_a_policy_at_once_one_wins_and_the_other_is_told_the_difference",
        100,
    ))
    .await;
}

#[tokio::test]
async fn of_two_who_change_the_servers_own_policies_at_once_one_wins() {
    Box::pin(races(
        Server::Community,
        "of_two_who_change_the_servers_own_policies_at_once_one_wins",
        100,
    ))
    .await;
}

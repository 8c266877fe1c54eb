//! Whatever the server refuses is told in a sentence that somebody can act on.

use domain::audit::Outcome;
use domain::policy::{Field, PolicyKind};
use domain::policy_change::ChangeState;

use super::support::{Server, TestDatabase, execute};
use super::workshop::{DROP_AFTER, FACTORY, READINGS, Workshop, database, granted, named, wanted};

/// Replaces the function that a change of the chunk interval calls.
fn instead(body: &str) -> String {
    format!(
        "create or replace function set_chunk_time_interval(hypertable regclass, chunk_time_interval anyelement,
           dimension_name name default null) returns void language plpgsql as $instead$ begin {body} end $instead$"
    )
}

fn raise(sqlstate: &str, message: &str) -> String {
    instead(&format!(
        "raise exception using errcode = '{sqlstate}', message = '{message}';"
    ))
}

/// What a change of the chunk interval failed with; nothing was changed.
async fn failure(database: &TestDatabase, workshop: &Workshop) -> String {
    let interval = "select interval_length from _timescaledb_catalog.dimension order by id limit 1";
    let before = database.number(interval).await;
    let change = workshop
        .apply(&wanted("readings", &[(Field::ChunkInterval, "2 days")]))
        .await;
    let ChangeState::Failed(why) = change.state else {
        panic!("{change:#?}")
    };
    assert_eq!(database.number(interval).await, before);
    let line = &workshop.audit().await[0];
    assert_eq!(
        (line.outcome, line.detail.as_str()),
        (Some(Outcome::Failed), why.as_str())
    );
    why
}

async fn every_refusal_is_a_sentence(server: Server, test: &str) {
    let Some(database) = database(server, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    for (sqlstate, message, action) in [
        ("53200", "out of shared memory", "Raise max_locks_per_transaction"),
        (
            "0A000",
            "functionality not supported under the current \"apache\" license",
            "Use the Community edition",
        ),
        ("0A000", "operation not supported", "or update TimescaleDB"),
        ("28000", "role is not permitted to log in", "ALTER ROLE … LOGIN"),
        ("22023", "invalid interval", "Correct that value in the form"),
        (
            "57014",
            "canceling statement due to statement timeout",
            "less busy",
        ),
        (
            "25006",
            "cannot execute in a read-only transaction",
            "Let change_url lead to the primary",
        ),
        (
            "P0001",
            "a trigger of somebody says no",
            "The server says: a trigger of somebody says no (P0001)",
        ),
    ] {
        database.execute(&raise(sqlstate, message)).await;
        let why = Box::pin(failure(&database, &workshop)).await;
        assert!(why.starts_with("Nothing was changed. "), "{why}");
        assert!(
            why.contains(message) && why.contains(sqlstate) && why.contains(action),
            "{why}"
        );
    }

    // The session ends in the middle of it, and the server is there again at once.
    database
        .execute(&instead("perform pg_terminate_backend(pg_backend_pid());"))
        .await;
    let why = Box::pin(failure(&database, &workshop)).await;
    assert!(
        why.contains("The connection to the database cannot be made, or was lost"),
        "{why}"
    );
    assert!(why.contains("57P01"), "{why}");
}

#[tokio::test]
async fn every_refusal_of_the_server_is_a_sentence_to_act_on() {
    Box::pin(every_refusal_is_a_sentence(
        Server::Any,
        "every_refusal_of_the_server_is_a_sentence_to_act_on",
    ))
    .await;
}

#[tokio::test]
async fn every_refusal_of_a_community_server_is_a_sentence_to_act_on() {
    Box::pin(every_refusal_is_a_sentence(
        Server::Community,
        "every_refusal_of_a_community_server_is_a_sentence_to_act_on",
    ))
    .await;
}

#[tokio::test]
async fn missing_rights_name_the_role_and_the_owner() {
    let Some(database) = database(Server::Any, "missing_rights_name_the_role_and_the_owner").await else {
        return;
    };
    database.execute(READINGS).await;
    let owner = format!("{}_owner", database.name);
    database
        .execute(&format!(
            "create role {owner} login password 'pw'; alter table readings owner to {owner};
             revoke execute on all functions in schema public from public"
        ))
        .await;
    let workshop = Workshop::changing_with(&database, &database.url_as(&owner, "pw")).await;
    let why = Box::pin(failure(&database, &workshop)).await;
    for words in [
        "permission denied for function set_chunk_time_interval",
        "42501",
        &format!("The role {owner} may not do this"),
        &format!("Grant {owner} to it"),
    ] {
        assert!(why.contains(words), "{why}");
    }
    // A role that may not even log in.
    database.execute(&format!("alter role {owner} nologin")).await;
    let refused = workshop
        .console
        .policy(&granted(), FACTORY, &named("readings"))
        .await;
    let why = refused.expect_err("refused").to_string();
    assert!(
        why.contains("28000") && why.contains("let the role log in (ALTER ROLE … LOGIN)"),
        "{why}"
    );
    database
        .execute(&format!(
            "alter table readings owner to postgres; drop role {owner}"
        ))
        .await;
}

#[tokio::test]
async fn a_lock_on_the_catalog_is_told_with_who_holds_it() {
    let Some(database) = database(Server::Any, "a_lock_on_the_catalog_is_told_with_who_holds_it").await
    else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let mut holder = database.connect().await;
    execute(
        &mut holder,
        "begin; update _timescaledb_catalog.dimension set interval_length = interval_length",
    )
    .await;
    let why = Box::pin(failure(&database, &workshop)).await;
    assert!(
        why.contains("55P03") && why.contains("readings is held by session"),
        "{why}"
    );
    assert!(why.contains("whose transaction is still open"), "{why}");
    execute(&mut holder, "rollback").await;
}

#[tokio::test]
async fn a_time_zone_that_the_server_does_not_know_is_told() {
    let Some(database) = database(
        Server::Community,
        "a_time_zone_that_the_server_does_not_know_is_told",
    )
    .await
    else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let fields = [
        (DROP_AFTER, "60 days"),
        (Field::Timezone(PolicyKind::Retention), "Nowhere/Land"),
    ];
    let change = workshop.apply(&wanted("readings", &fields)).await;
    let ChangeState::Failed(why) = change.state else {
        panic!("{change:#?}")
    };
    assert!(
        why.contains("22023") && why.contains("Correct that value"),
        "{why}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_says_what_to_start_or_correct() {
    let Some(database) = database(
        Server::Any,
        "a_server_that_is_not_there_says_what_to_start_or_correct",
    )
    .await
    else {
        return;
    };
    let nowhere = "postgres://anna:hunter2@127.0.0.1:1/factory";
    let workshop = Workshop::changing_with(&database, nowhere).await;
    let refused = workshop
        .console
        .policy(&granted(), FACTORY, &named("readings"))
        .await;
    let why = refused.expect_err("refused").to_string();
    assert!(
        why.contains("Start the server, or correct the host and port"),
        "{why}"
    );
    assert!(!why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_transaction_that_is_broken_while_it_commits_is_settled_by_what_the_database_says() {
    let test = "a_transaction_that_is_broken_while_it_commits_is_settled_by_what_the_database_says";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    // At the end of the transaction, after everything was done.
    database
        .execute(&format!(
            "create table marks (mark int);
             create function break() returns trigger language plpgsql as
               $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
             create constraint trigger breaks after insert on marks deferrable initially deferred
               for each row execute function break();
             {}",
            instead("insert into public.marks values (1);")
        ))
        .await;
    let workshop = Workshop::of(&database).await;
    let preview = workshop
        .preview(&wanted("readings", &[(Field::ChunkInterval, "2 days")]))
        .await;
    let console = &workshop.console;
    let id = console
        .apply_policy(&granted(), FACTORY, super::workshop::application(&preview))
        .await
        .expect("begun");
    let soon = std::time::Duration::from_secs(2);
    let change = console
        .await_policy_change(&granted(), FACTORY, id, soon)
        .await
        .expect("there");
    let ChangeState::Unknown(why) = &change.state else {
        panic!("{change:#?}")
    };
    assert!(why.contains("is not known yet") && !change.is_over(), "{why}");
    assert_eq!(workshop.audit().await[0].outcome, None);

    assert_eq!(console.settle_left_changes().await.expect("settled"), 0);
    let change = console
        .policy_change(&granted(), FACTORY, id)
        .await
        .expect("there");
    assert!(matches!(change.state, ChangeState::Failed(_)), "{change:#?}");
    assert_eq!(
        change.settled.as_deref(),
        Some(
            "The connection was lost while this was applied; the database says that nothing of it was done."
        )
    );
    assert_eq!(workshop.audit().await[0].outcome, Some(Outcome::Failed));
}

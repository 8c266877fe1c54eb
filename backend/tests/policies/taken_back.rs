//! Taking a change back: one preview and one application of what it was before.

use backend::policies::{ApplyPolicy, PolicyRefused};
use domain::audit::Action;
use domain::policy::{Field, PolicyKind};
use domain::policy_change::ChangeState;
use domain::snapshot::Edition;

use super::support::Server;
use super::workshop::{
    COMPRESS_AFTER, DROP_AFTER, FACTORY, READINGS, Workshop, application, apply_and_wait, database, granted,
    named, planned, wanted,
};

async fn undo(workshop: &Workshop, id: i64) -> domain::policy_change::PolicyChange {
    let preview = workshop
        .console
        .undo_preview(&granted(), FACTORY, id)
        .await
        .expect("a preview");
    let apply = ApplyPolicy {
        undoes: Some(id),
        ..application(&preview)
    };
    apply_and_wait(&workshop.console, apply).await.expect("applied")
}

#[tokio::test]
async fn taking_a_change_back_restores_the_policy_and_both_say_so() {
    let test = "taking_a_change_back_restores_the_policy_and_both_say_so";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    restores(&Workshop::of(&database).await).await;
    restores(&Workshop::of_replicas(&database).await).await;
}

async fn restores(workshop: &Workshop) {
    let table = named("readings");
    let before = workshop.fields(&table).await;
    let mut fields = vec![(Field::ChunkInterval, "2 days"), (DROP_AFTER, "20 days")];
    if super::workshop::edition(&workshop.console, &table).await == Edition::Community {
        fields.extend([
            (Field::Compression, "on"),
            (Field::SegmentBy, "line"),
            (COMPRESS_AFTER, "5 days"),
        ]);
    }
    let change = workshop.applied(&wanted("readings", &fields)).await;
    let after = workshop.fields(&table).await;
    assert_ne!(after, before);

    let undone = undo(workshop, change.id).await;
    assert_eq!(
        (undone.state.clone(), undone.undoes),
        (ChangeState::Applied, Some(change.id))
    );
    assert_eq!(workshop.fields(&table).await, before);
    let change = workshop
        .console
        .policy_change(&granted(), FACTORY, change.id)
        .await
        .expect("there");
    assert_eq!(change.undone_by, Some(undone.id));
    assert!(!change.can_be_undone() && undone.can_be_undone());
    assert_eq!(workshop.audit().await[0].action, Action::UndoPolicy);
    let again = workshop
        .console
        .undo_preview(&granted(), FACTORY, change.id)
        .await
        .expect_err("undone already");
    assert!(matches!(&again, PolicyRefused::NotUndoable(..)), "{again}");
    assert!(
        again.to_string().ends_with("take that one back instead"),
        "{again}"
    );

    // And back again: that deletes data, so the name has to be typed.
    assert!(undone.statements.len() >= 2);
    let redone = undo(workshop, undone.id).await;
    assert_eq!(redone.state, ChangeState::Applied);
    assert!(redone.drops_data);
    assert_eq!(workshop.fields(&table).await, after);
    undo(workshop, redone.id).await;
}

#[tokio::test]
async fn a_policy_that_comes_back_has_a_new_job_and_the_preview_says_so() {
    let test = "a_policy_that_comes_back_has_a_new_job_and_the_preview_says_so";
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(READINGS).await;
    database
        .execute(
            "select add_retention_policy('readings', interval '90 days', initial_start => date_trunc('hour', now()) + interval '3 days',
               timezone => 'Europe/Berlin')",
        )
        .await;
    let workshop = Workshop::of(&database).await;
    let table = named("readings");
    let before = workshop
        .console
        .policy(&granted(), FACTORY, &table)
        .await
        .expect("a policy");
    let change = workshop
        .applied(&wanted("readings", &[(DROP_AFTER, "never")]))
        .await;

    let preview = workshop
        .console
        .undo_preview(&granted(), FACTORY, change.id)
        .await
        .expect("a preview");
    let effects: Vec<String> = planned(&preview)
        .plan
        .effects
        .iter()
        .map(domain::policy::Effect::sentence)
        .collect();
    assert!(
        effects[0].contains("a new job, with a number of its own and no statistics"),
        "{effects:?}"
    );
    let undone = undo(&workshop, change.id).await;
    assert_eq!(undone.state, ChangeState::Applied);
    let after = workshop
        .console
        .policy(&granted(), FACTORY, &table)
        .await
        .expect("a policy");
    assert_eq!(after.fields, before.fields);
    let (old, new) = (
        before.current.retention_job.expect("a job"),
        after.current.retention_job.expect("a job"),
    );
    assert_ne!(old.id, new.id);
    assert_eq!(old.next_start, new.next_start);
    assert_eq!(
        after.fields.get(Field::Timezone(PolicyKind::Retention)),
        Some("Europe/Berlin")
    );
}

#[tokio::test]
async fn what_leads_elsewhere_than_back_is_a_change_like_any_other() {
    let test = "what_leads_elsewhere_than_back_is_a_change_like_any_other";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let change = workshop
        .applied(&wanted("readings", &[(Field::ChunkInterval, "2 days")]))
        .await;
    // The form of taking it back was edited before it was sent.
    let preview = workshop
        .preview(&wanted("readings", &[(Field::ChunkInterval, "3 days")]))
        .await;
    let apply = ApplyPolicy {
        undoes: Some(change.id),
        ..application(&preview)
    };
    let other = apply_and_wait(&workshop.console, apply).await.expect("applied");
    assert_eq!((other.state, other.undoes), (ChangeState::Applied, None));
    let change = workshop
        .console
        .policy_change(&granted(), FACTORY, change.id)
        .await
        .expect("there");
    assert!(change.can_be_undone());
    assert_eq!(
        workshop.audit().await[0].action,
        domain::audit::Action::ApplyPolicy
    );
}

#[tokio::test]
async fn what_the_console_drops_next_stays_when_only_the_age_changes_and_comes_back() {
    let test = "what_the_console_drops_next_stays_when_only_the_age_changes_and_comes_back";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let table = named("readings");
    if super::workshop::edition(&workshop.console, &table).await == Edition::Community {
        return;
    }
    let every = Field::Every(domain::policy::PolicyKind::Retention);
    workshop
        .applied(&wanted("readings", &[(DROP_AFTER, "20 days"), (every, "1 day")]))
        .await;
    let next = async || {
        let statuses = workshop
            .console
            .retention_statuses(&granted(), FACTORY)
            .await
            .expect("statuses");
        let status = statuses.into_iter().find(|of| of.table == table);
        status.expect("one of this table").next_start
    };
    let first = next().await;
    workshop
        .applied(&wanted("readings", &[(DROP_AFTER, "25 days")]))
        .await;
    assert_eq!(next().await, first);
    let change = workshop.applied(&wanted("readings", &[(every, "2 days")])).await;
    assert_ne!(next().await, first);
    undo(&workshop, change.id).await;
    assert_eq!(next().await, first);
}

#[tokio::test]
async fn only_what_was_done_to_the_same_table_is_taken_back() {
    let test = "only_what_was_done_to_the_same_table_is_taken_back";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    database
        .execute(
            "create table other (ts timestamptz not null); select create_hypertable('other', by_range('ts'))",
        )
        .await;
    let workshop = Workshop::of(&database).await;
    let change = workshop
        .applied(&wanted("other", &[(Field::ChunkInterval, "2 days")]))
        .await;
    let preview = workshop
        .preview(&wanted("readings", &[(Field::ChunkInterval, "2 days")]))
        .await;
    let apply = ApplyPolicy {
        undoes: Some(change.id),
        ..application(&preview)
    };
    let refused = apply_and_wait(&workshop.console, apply)
        .await
        .expect_err("another table");
    assert_eq!(
        refused.to_string(),
        format!(
            "change {} cannot be taken back: it was a change of other",
            change.id
        )
    );
}

//! What is refused before anything is done.

use backend::auth::Granted;
use backend::policies::{ApplyPolicy, PolicyRefused};
use domain::policy::Field;
use domain::role::Permission;
use domain::snapshot::Edition;

use super::support::Server;
use super::workshop::{
    DROP_AFTER, FACTORY, READINGS, Workshop, application, apply_and_wait, database, granted, named, wanted,
};

#[tokio::test]
async fn what_cannot_be_applied_is_refused_before_anything_is_done() {
    let test = "what_cannot_be_applied_is_refused_before_anything_is_done";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let console = &workshop.console;
    let refused = async |change: ApplyPolicy| apply_and_wait(console, change).await.expect_err("refused");

    let preview = workshop
        .preview(&wanted("readings", &[(DROP_AFTER, "20 days")]))
        .await;
    let apply = application(&preview);
    let untyped = refused(ApplyPolicy {
        typed_name: "reading".to_owned(),
        ..apply.clone()
    })
    .await;
    assert!(
        matches!(&untyped, PolicyRefused::TypedName(table) if *table == named("readings")),
        "{untyped}"
    );
    let nothing = refused(ApplyPolicy {
        wanted: wanted("readings", &[]),
        ..apply.clone()
    })
    .await;
    assert!(matches!(nothing, PolicyRefused::NothingToDo), "{nothing}");
    let unreadable = refused(ApplyPolicy {
        wanted: wanted("readings", &[(DROP_AFTER, "soon")]),
        ..apply.clone()
    })
    .await;
    assert!(
        matches!(&unreadable, PolicyRefused::Fields(errors) if errors[0].name == "drop_after"),
        "{unreadable}"
    );
    let unknown = refused(ApplyPolicy {
        wanted: wanted("elsewhere", &[]),
        ..apply.clone()
    })
    .await;
    assert!(matches!(unknown, PolicyRefused::UnknownTable(_)), "{unknown}");
    let long = refused(ApplyPolicy {
        reason: "x".repeat(1001),
        ..apply.clone()
    })
    .await;
    assert!(matches!(long, PolicyRefused::ReasonTooLong(1000)), "{long}");
    let no_change = refused(ApplyPolicy {
        undoes: Some(77),
        ..apply.clone()
    })
    .await;
    assert!(
        matches!(no_change, PolicyRefused::UnknownChange(77)),
        "{no_change}"
    );
    let blocked = if preview.now.edition == Edition::Apache {
        refused(ApplyPolicy {
            wanted: wanted("readings", &[(Field::Compression, "on")]),
            ..apply.clone()
        })
        .await
    } else {
        let fields = [(Field::Compression, "on"), (Field::SegmentBy, "nothing_like_it")];
        refused(ApplyPolicy {
            wanted: wanted("readings", &fields),
            ..apply.clone()
        })
        .await
    };
    assert!(
        matches!(&blocked, PolicyRefused::Blocked(sentences) if sentences.len() == 1),
        "{blocked}"
    );
    let elsewhere = Granted::of_command_line(Permission::ViewDetails);
    let wrong = console
        .apply_policy(&elsewhere, FACTORY, apply)
        .await
        .expect_err("refused");
    assert!(matches!(wrong, PolicyRefused::WrongGrant(_)), "{wrong}");

    assert_eq!(
        console
            .policy_changes(&granted(), FACTORY, None, None, 10)
            .await
            .expect("a list"),
        []
    );
    assert_eq!(workshop.audit().await, []);
    assert_eq!(workshop.fields(&named("readings")).await, preview.now.fields);
}

#[tokio::test]
async fn whoever_was_slower_is_told_what_was_changed_in_the_meantime() {
    let test = "whoever_was_slower_is_told_what_was_changed_in_the_meantime";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let other = workshop.another(&database).await;
    let preview = workshop
        .preview(&wanted("readings", &[(DROP_AFTER, "20 days")]))
        .await;
    database
        .execute("select set_chunk_time_interval('readings', interval '3 days')")
        .await;
    // This console, and one that never saw the preview but read the database before.
    for console in [&workshop.console, &other] {
        let refused = apply_and_wait(console, application(&preview))
            .await
            .expect_err("refused");
        let PolicyRefused::Changed(differences) = &refused else {
            panic!("{refused}")
        };
        let row = differences.first().expect("a difference");
        assert_eq!(
            (row.field, row.current.as_str(), row.desired.as_str()),
            (Field::ChunkInterval, "1 day", "3 days")
        );
        assert!(
            refused
                .to_string()
                .contains("Chunk interval: 1 day became 3 days"),
            "{refused}"
        );
    }
}

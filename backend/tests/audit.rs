//! The audit trail, on SQLite and on PostgreSQL.

mod support;

use backend::audit::{AuditNotShown, remove_old_events};
use backend::auth::{Caller, Denied, Principal};
use domain::audit::{Action, AuditQuery, Outcome, OutcomeFilter};
use domain::role::{Permission, Role};
use support::state::fixtures;

#[tokio::test]
async fn a_refused_request_is_one_row_and_reads_are_counted_by_person_address_and_resource() {
    for mut fixture in fixtures("a_refusal_is_one_row_and_reads_are_counted").await {
        fixture.add_user("vera", Role::Viewer).await;
        fixture.add_user("admin", Role::Admin).await;
        let vera = fixture.signed_in("vera").await;
        for _ in 0..3 {
            let request = fixture.caller(&vera).await;
            // A page asks for several things at once.
            for _ in 0..2 {
                let denied = fixture
                    .console
                    .demand(&request, Permission::ManageUsers, "users")
                    .await;
                assert_eq!(denied.err(), Some(Denied::Forbidden(Permission::ManageUsers)));
            }
        }
        let granted = fixture.granted("admin", Permission::ManageUsers).await;
        for _ in 0..50 {
            fixture.console.users(&granted).await.expect("listed");
        }
        fixture.console.tokens(&granted).await.expect("listed");
        let nobody = Caller::new(Principal::Anonymous, "192.0.2.3".into());
        let denied = fixture
            .console
            .demand(&nobody, Permission::ManageUsers, "users")
            .await;
        assert_eq!(denied.err(), Some(Denied::NotSignedIn));

        let events = fixture.audit().await;
        let refusals: Vec<_> = events
            .iter()
            .filter(|event| event.action == Action::Refuse)
            .collect();
        assert_eq!(
            refusals.len(),
            3,
            "who is not signed in is not refused, but sent to sign in"
        );
        assert_eq!(
            (
                refusals[0].actor.as_str(),
                refusals[0].target.as_str(),
                refusals[0].detail.as_str()
            ),
            ("vera", "users", "needs manage_users")
        );
        let mut reads: Vec<_> = events
            .iter()
            .filter(|event| event.action == Action::Read)
            .map(|event| (event.target.as_str(), event.count))
            .collect();
        reads.sort_unstable();
        assert_eq!(reads, [("tokens", 1), ("users", 50)]);
    }
}

#[tokio::test]
async fn who_collects_refusals_gets_so_many_rows_in_a_minute_and_a_count_of_the_rest() {
    for mut fixture in fixtures("who_collects_refusals").await {
        fixture.add_user("vera", Role::Viewer).await;
        let vera = fixture.signed_in("vera").await;
        for _ in 0..100 {
            let request = fixture.caller(&vera).await;
            let denied = fixture
                .console
                .demand(&request, Permission::ManageUsers, "users")
                .await;
            assert_eq!(denied.err(), Some(Denied::Forbidden(Permission::ManageUsers)));
        }
        fixture.clock.advance(60);
        let request = fixture.caller(&vera).await;
        let _ = fixture
            .console
            .demand(&request, Permission::ManageUsers, "users")
            .await;
        let refusals: Vec<u64> = fixture
            .audit()
            .await
            .iter()
            .filter(|event| event.action == Action::Refuse)
            .map(|event| event.count)
            .collect();
        assert_eq!(refusals.iter().sum::<u64>(), 101, "none is lost");
        assert_eq!(
            refusals.len(),
            22,
            "twenty rows, one that counts, and one of the next minute"
        );
    }
}

#[tokio::test]
async fn lines_stand_in_the_order_of_time_those_that_count_too() {
    for fixture in fixtures("lines_stand_in_the_order_of_time").await {
        // Written in this order: what counts is written when its minute is over.
        for (number, at) in [100, 300, 200, 300].into_iter().enumerate() {
            fixture
                .execute(&format!(
                    "insert into audit (at_ms, actor_kind, actor, address, action, database_name, target, before_facts, \
                     after_facts, outcome, detail, event_count, last_at_ms) values ({at}, 'user', 'anna', '192.0.2.1', \
                     'access.read', '', 'line {number}', '', '', 'succeeded', '', 1, {at})"
                ))
                .await
                .expect("inserted");
        }
        let all = fixture.audit_now().await;
        let targets: Vec<_> = all.iter().map(|event| event.target.as_str()).collect();
        assert_eq!(targets, ["line 3", "line 1", "line 2", "line 0"]);
        for (index, event) in all.iter().enumerate() {
            let rest = AuditQuery {
                before_id: Some(event.id),
                ..AuditQuery::default()
            };
            assert_eq!(fixture.find(&rest).await, all[index + 1..]);
        }
    }
}

#[tokio::test]
async fn the_trail_can_be_neither_changed_nor_removed() {
    for fixture in fixtures("the_trail_can_be_neither_changed_nor_removed").await {
        fixture.add_user("anna", Role::Viewer).await;
        let before = fixture.audit_now().await;
        let mut statements = vec![
            "update audit set actor = 'somebody else'",
            "update audit set detail = '' where outcome is null",
            "delete from audit",
        ];
        if fixture.database.is_some() {
            statements.push("truncate audit");
        }
        for statement in statements {
            let refused = fixture.execute(statement).await.expect_err(statement).to_string();
            assert!(refused.contains("append-only"), "{statement}: {refused}");
        }
        assert_eq!(fixture.audit_now().await, before);
    }
}

#[tokio::test]
async fn what_is_older_than_the_configuration_says_is_removed_and_that_is_written_down() {
    for fixture in fixtures("what_is_older_is_removed").await {
        fixture.add_user("anna", Role::Viewer).await;
        fixture.clock.advance(364 * 24 * 3600);
        assert_eq!(remove_old_events(&fixture.console).await.expect("runs"), 0);
        fixture.add_user("berta", Role::Viewer).await;
        fixture.clock.advance(2 * 24 * 3600);
        assert_eq!(
            remove_old_events(&fixture.console).await.expect("runs"),
            2,
            "the intent and its outcome"
        );
        let events = fixture.audit_now().await;
        assert_eq!(
            events
                .iter()
                .map(|event| (event.action, event.target.as_str()))
                .collect::<Vec<_>>(),
            [
                (Action::RemoveOldEvents, "audit"),
                (Action::AddUser, "user berta")
            ]
        );
        fixture
            .execute("delete from audit")
            .await
            .expect_err("the rest stays as it is");
    }
}

#[tokio::test]
async fn lines_are_found_by_person_action_target_outcome_and_time() {
    for fixture in fixtures("lines_are_found").await {
        fixture.add_user("anna", Role::Admin).await;
        fixture.add_user("berta_b", Role::Viewer).await;
        fixture.clock.advance(3600);
        let middle = fixture.console.now();
        let granted = fixture.granted("anna", Permission::ManageUsers).await;
        fixture
            .console
            .change_role(&granted, &"berta_b".parse().expect("a name"), Role::Operator)
            .await
            .expect("changed");
        let found = async |query: AuditQuery| {
            fixture
                .find(&query)
                .await
                .into_iter()
                .map(|event| event.action)
                .collect::<Vec<_>>()
        };
        let any = AuditQuery::default();
        assert_eq!(
            found(AuditQuery {
                actor: "ANN".into(),
                ..any.clone()
            })
            .await,
            [Action::ChangeRole, Action::SignIn]
        );
        assert_eq!(
            found(AuditQuery {
                action: Some(Action::AddUser),
                ..any.clone()
            })
            .await,
            [Action::AddUser, Action::AddUser]
        );
        assert_eq!(
            found(AuditQuery {
                target: "berta_".into(),
                ..any.clone()
            })
            .await,
            [Action::ChangeRole, Action::AddUser]
        );
        assert!(
            found(AuditQuery {
                target: "berta%".into(),
                ..any.clone()
            })
            .await
            .is_empty(),
            "what a pattern would mean is taken as it is written"
        );
        assert_eq!(
            found(AuditQuery {
                from: Some(middle),
                ..any.clone()
            })
            .await
            .len(),
            2
        );
        assert_eq!(
            found(AuditQuery {
                until: Some(middle),
                ..any.clone()
            })
            .await
            .len(),
            2
        );
        assert!(
            found(AuditQuery {
                outcome: Some(OutcomeFilter::Is(Outcome::Failed)),
                ..any.clone()
            })
            .await
            .is_empty()
        );
        let all = fixture.find(&any).await;
        let rest = AuditQuery {
            before_id: Some(all[1].id),
            ..any
        };
        assert_eq!(fixture.find(&rest).await, all[2..]);
    }
}

#[tokio::test]
async fn a_change_whose_end_is_not_known_says_so() {
    for fixture in fixtures("a_change_whose_end_is_not_known_says_so").await {
        // As a console leaves it that is killed between the intent and the change.
        fixture.execute("insert into audit (at_ms, actor_kind, actor, address, action, database_name, target, before_facts, \
             after_facts, detail, event_count, last_at_ms) values (1, 'user', 'anna', '192.0.2.1', 'user.disable', '', \
             'user vera', '', '', '', 1, 1)",
        )
        .await
        .expect("inserted");
        let events = fixture.audit_now().await;
        assert_eq!((events[0].action, events[0].outcome), (Action::DisableUser, None));
        fixture.add_user("anna", Role::Viewer).await;
        let found = fixture
            .find(&AuditQuery {
                outcome: Some(OutcomeFilter::Unknown),
                ..AuditQuery::default()
            })
            .await;
        assert_eq!(found, events, "it is found among those that ended");
    }
}

#[tokio::test]
async fn an_export_ends_when_its_session_does() {
    for fixture in fixtures("an_export_ends_when_its_session_does").await {
        fixture.add_user("admin", Role::Admin).await;
        fixture.add_user("other", Role::Admin).await;
        let lines: Vec<_> = (0..600)
            .map(|number| {
                format!(
                    "insert into audit (at_ms, actor_kind, actor, address, action, database_name, target, \
                     before_facts, after_facts, outcome, detail, event_count, last_at_ms) values ({number}, 'user', \
                     'anna', '192.0.2.1', 'session.sign_in', '', '', '', '', 'succeeded', '', 1, {number})"
                )
            })
            .collect();
        fixture.execute(&lines.join(";")).await.expect("inserted");
        let granted = fixture.granted("other", Permission::ViewAudit).await;
        let begin = async || {
            fixture
                .console
                .begin_audit_export(granted.clone(), AuditQuery::default())
                .await
                .expect("begun")
        };
        let mut whole = begin().await;
        while !whole.next().await.expect("granted").is_empty() {}
        whole.finish().await.expect("written down");
        let mut export = begin().await;
        assert_eq!(export.next().await.expect("granted").len(), 500);
        fixture
            .console
            .change_role(
                &fixture.command_line(),
                &"other".parse().expect("a name"),
                Role::Viewer,
            )
            .await
            .expect("changed");
        let ended = export.next().await.expect_err("another role");
        assert!(matches!(ended, AuditNotShown::Revoked));
        export.break_off(&ended).await;
        let outcomes: Vec<_> = fixture
            .audit_now()
            .await
            .into_iter()
            .filter(|event| event.action == Action::Export)
            .map(|event| (event.outcome, event.detail))
            .collect();
        assert_eq!(outcomes[0].0, Some(Outcome::Failed));
        assert_eq!(outcomes[1].0, Some(Outcome::Succeeded));
        assert!(outcomes[1].1.ends_with(" lines"), "{outcomes:?}");
    }
}

//! What administrators and people do to accounts, on SQLite and on PostgreSQL.

mod support;

use backend::accounts::{ChangeRefused, OpenLink, TokenRequest};
use backend::auth::{Caller, Denied, Principal, WrongGrant};
use domain::account::{UnfitPassword, UserName, UserState};
use domain::audit::{Action, ActorKind, Outcome};
use domain::role::{Permission, PermissionSet, Role};
use domain::token::{TOKEN_PREFIX, TokenState};
use jiff::SignedDuration;
use support::state::{Fixture, PASSWORD, client, fixtures};

const NEW_PASSWORD: &str = "a quite different sentence";

fn name(text: &str) -> UserName {
    text.parse().expect("a name")
}

async fn state_of(fixture: &Fixture, user: &str) -> UserState {
    fixture
        .console
        .managed_user(&fixture.command_line(), &name(user))
        .await
        .expect("there")
        .user
        .state
}

#[tokio::test]
async fn an_invited_user_chooses_a_password_once_and_is_signed_in() {
    for fixture in fixtures("an_invited_user_chooses_a_password_once").await {
        let console = &fixture.console;
        fixture.add_user("admin", Role::Admin).await;
        let granted = fixture.granted("admin", Permission::ManageUsers).await;
        let token = console
            .invite_user(&granted, name("vera"), Role::Viewer)
            .await
            .expect("invited");
        assert_eq!(state_of(&fixture, "vera").await, UserState::WithoutPassword);
        let Some(OpenLink::Invitation(account)) = console.open_link(token.expose()).await.expect("read")
        else {
            panic!("an invitation")
        };
        assert_eq!((account.name.as_str(), account.role), ("vera", Role::Viewer));

        for (password, unfit) in [
            ("short", UnfitPassword::TooShort),
            ("1qaz2wsx3edc", UnfitPassword::TooCommon),
        ] {
            let refused = console
                .use_password_link(
                    &fixture.session(),
                    &client("192.0.2.5"),
                    token.expose(),
                    &password.into(),
                )
                .await;
            assert!(
                matches!(&refused, Err(ChangeRefused::Password(reason)) if *reason == unfit),
                "{refused:?}"
            );
        }
        let session = fixture.session();
        console
            .use_password_link(
                &session,
                &client("192.0.2.5"),
                token.expose(),
                &NEW_PASSWORD.into(),
            )
            .await
            .expect("chosen");
        session.save().await.expect("saved");
        assert!(fixture.is_signed_in(&session).await);
        assert_eq!(state_of(&fixture, "vera").await, UserState::Active);
        let again = console
            .use_password_link(
                &fixture.session(),
                &client("192.0.2.5"),
                token.expose(),
                &PASSWORD.into(),
            )
            .await;
        assert!(matches!(again, Err(ChangeRefused::LinkInvalid)));
    }
}

#[tokio::test]
async fn an_invitation_ends_after_three_days_and_a_new_link_voids_the_old() {
    for fixture in fixtures("an_invitation_ends_after_three_days").await {
        let console = &fixture.console;
        let granted = fixture.command_line();
        let first = console
            .invite_user(&granted, name("vera"), Role::Viewer)
            .await
            .expect("invited");
        let second = console
            .reset_password(&granted, &name("vera"))
            .await
            .expect("renewed");
        assert_eq!(console.open_link(first.expose()).await.expect("read"), None);
        assert!(matches!(
            console.open_link(second.expose()).await.expect("read"),
            Some(OpenLink::Invitation(_))
        ));
        let third = console
            .invite_user(&granted, name("otto"), Role::Viewer)
            .await
            .expect("invited");
        fixture.clock.advance(72 * 3600 - 1);
        assert!(console.open_link(third.expose()).await.expect("read").is_some());
        fixture.clock.advance(2);
        assert_eq!(console.open_link(third.expose()).await.expect("read"), None);
    }
}

#[tokio::test]
async fn a_reset_link_ends_after_a_day() {
    for fixture in fixtures("a_reset_link_ends_after_a_day").await {
        fixture.add_user("admin", Role::Admin).await;
        fixture.add_user("vera", Role::Viewer).await;
        let link = fixture
            .console
            .reset_password(&fixture.command_line(), &name("vera"))
            .await
            .expect("reset");
        let is_open = async || fixture.console.open_link(link.expose()).await.expect("read");
        fixture.clock.advance(24 * 3600 - 1);
        assert!(matches!(is_open().await, Some(OpenLink::Reset(_))));
        fixture.clock.advance(2);
        assert_eq!(is_open().await, None);
    }
}

/// The password was checked, then taken away, and only then the session is written.
#[tokio::test]
async fn a_sign_in_that_a_reset_overtakes_is_worth_nothing() {
    for fixture in fixtures("a_sign_in_that_a_reset_overtakes").await {
        fixture.add_user("admin", Role::Admin).await;
        fixture.add_user("vera", Role::Viewer).await;
        let session = fixture.session();
        fixture
            .console
            .sign_in(&session, &client("192.0.2.1"), "vera", &PASSWORD.into())
            .await
            .expect("signed in");
        fixture.clock.advance(1);
        fixture
            .console
            .reset_password(&fixture.command_line(), &name("vera"))
            .await
            .expect("reset");
        session.save().await.expect("saved");
        assert!(!fixture.is_signed_in(&session).await);
    }
}

#[tokio::test]
async fn an_administrator_signs_a_user_out_everywhere() {
    for fixture in fixtures("an_administrator_signs_a_user_out").await {
        fixture.add_user("vera", Role::Viewer).await;
        let session = fixture.signed_in("vera").await;
        let granted = fixture.command_line();
        fixture
            .console
            .end_user_sessions(&granted, &name("vera"))
            .await
            .expect("ended");
        assert!(!fixture.is_signed_in(&session).await);
        fixture.signed_in("vera").await;
        let unknown = fixture.console.end_user_sessions(&granted, &name("nobody")).await;
        assert!(matches!(unknown, Err(ChangeRefused::Unknown(_))));
    }
}

#[tokio::test]
async fn an_administrator_signs_everybody_out_and_oneself_too() {
    for fixture in fixtures("an_administrator_signs_everybody_out").await {
        fixture.add_user("admin", Role::Admin).await;
        fixture.add_user("vera", Role::Viewer).await;
        let vera = fixture.signed_in("vera").await;
        let admin = fixture.signed_in("admin").await;
        let granted = fixture.grant(&admin, Permission::ManageUsers).await;
        let wrong = "wrong horse battery".into();
        let refused = fixture
            .console
            .end_everyones_sessions(&granted, &client("192.0.2.1"), &wrong)
            .await;
        assert!(matches!(refused, Err(ChangeRefused::WrongPassword)));
        let own = fixture.console.end_user_sessions(&granted, &name("admin")).await;
        assert!(
            matches!(own, Err(ChangeRefused::OwnAccount)),
            "one's own end with one's password"
        );
        assert!(fixture.is_signed_in(&vera).await && fixture.is_signed_in(&admin).await);
        let ended = fixture
            .console
            .end_everyones_sessions(&granted, &client("192.0.2.1"), &PASSWORD.into())
            .await
            .expect("ended");
        assert_eq!(ended, 2);
        assert!(!fixture.is_signed_in(&vera).await && !fixture.is_signed_in(&admin).await);
        let again = fixture.signed_in("vera").await;
        assert!(fixture.is_signed_in(&again).await, "nobody is shut out");
    }
}

#[tokio::test]
async fn whoever_was_demoted_or_signed_out_meanwhile_changes_nothing_any_more() {
    for fixture in fixtures("whoever_was_demoted_meanwhile").await {
        fixture.add_user("one", Role::Admin).await;
        fixture.add_user("two", Role::Admin).await;
        fixture.add_user("vera", Role::Viewer).await;
        let console = &fixture.console;
        let demoted = fixture.granted("one", Permission::ManageUsers).await;
        let signed_out = fixture.granted("two", Permission::ManageUsers).await;
        let cli = fixture.command_line();
        console
            .change_role(&cli, &name("one"), Role::Operator)
            .await
            .expect("changed");
        console
            .end_user_sessions(&cli, &name("two"))
            .await
            .expect("ended");
        for granted in [demoted, signed_out] {
            let wrong =
                |outcome: Result<(), ChangeRefused>| matches!(outcome, Err(ChangeRefused::WrongGrant(_)));
            assert!(wrong(
                console.change_role(&granted, &name("vera"), Role::Admin).await
            ));
            assert!(wrong(console.disable_user(&granted, &name("vera")).await));
            let invited = console.invite_user(&granted, name("new"), Role::Admin).await;
            assert!(wrong(invited.map(drop)));
            let token = console.create_token(&granted, request("new", Role::Admin)).await;
            assert!(wrong(token.map(drop)));
            let everyone = console
                .end_everyones_sessions(&granted, &client("192.0.2.1"), &PASSWORD.into())
                .await;
            assert!(wrong(everyone.map(drop)));
        }
        let vera = fixture
            .state
            .find_user(&name("vera"))
            .await
            .expect("read")
            .expect("there");
        assert_eq!((vera.account.role, vera.disabled_at), (Role::Viewer, None));
    }
}

#[tokio::test]
async fn a_link_is_no_way_to_make_the_console_hash_without_end() {
    for fixture in fixtures("a_link_is_no_way_to_make_the_console_hash").await {
        let token = fixture
            .console
            .invite_user(&fixture.command_line(), name("anna"), Role::Viewer)
            .await
            .expect("invited");
        // As many at once as one likes: the budget is what so many hashes cost.
        let tries = (0..30).map(|_| async {
            let session = fixture.session();
            let (from, password) = (client("192.0.2.1"), PASSWORD.into());
            fixture
                .console
                .use_password_link(&session, &from, token.expose(), &password)
                .await
        });
        let outcomes = futures::future::join_all(tries).await;
        let limited = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(ChangeRefused::TooManyAttempts { .. })))
            .count();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(limited >= 20 - 1, "{limited}");
    }
}

#[tokio::test]
async fn role_reset_and_disable_end_the_users_sessions_at_once() {
    for fixture in fixtures("role_reset_and_disable_end_the_users_sessions").await {
        let console = &fixture.console;
        let granted = fixture.command_line();
        fixture.add_user("admin", Role::Admin).await;
        fixture.add_user("vera", Role::Viewer).await;

        let session = fixture.signed_in("vera").await;
        console
            .change_role(&granted, &name("vera"), Role::Operator)
            .await
            .expect("changed");
        assert!(!fixture.is_signed_in(&session).await);

        let session = fixture.signed_in("vera").await;
        let token = console
            .reset_password(&granted, &name("vera"))
            .await
            .expect("reset");
        assert!(!fixture.is_signed_in(&session).await);
        console
            .sign_in(&fixture.session(), &client("192.0.2.1"), "vera", &PASSWORD.into())
            .await
            .expect_err("the old password is gone");
        let session = fixture.session();
        console
            .use_password_link(&session, &client("192.0.2.1"), token.expose(), &PASSWORD.into())
            .await
            .expect("chosen");
        session.save().await.expect("saved");
        assert!(fixture.is_signed_in(&session).await);

        console
            .disable_user(&granted, &name("vera"))
            .await
            .expect("disabled");
        assert!(!fixture.is_signed_in(&session).await);
        console
            .sign_in(&fixture.session(), &client("192.0.2.1"), "vera", &PASSWORD.into())
            .await
            .expect_err("disabled");
        console
            .enable_user(&granted, &name("vera"))
            .await
            .expect("enabled");
        assert!(
            !fixture.is_signed_in(&session).await,
            "what has ended stays ended"
        );
        fixture.signed_in("vera").await;
    }
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    for fixture in fixtures("the_last_administrator_stays_one").await {
        let console = &fixture.console;
        let granted = fixture.command_line();
        fixture.add_user("one", Role::Admin).await;
        // One who has no password yet, and one who is shut out, cannot help.
        console
            .invite_user(&granted, name("invited"), Role::Admin)
            .await
            .expect("invited");
        fixture.add_user("shut", Role::Admin).await;
        console
            .disable_user(&granted, &name("shut"))
            .await
            .expect("disabled");

        let demoted = console.change_role(&granted, &name("one"), Role::Viewer).await;
        assert!(
            matches!(demoted, Err(ChangeRefused::LastAdministrator)),
            "{demoted:?}"
        );
        let disabled = console.disable_user(&granted, &name("one")).await;
        assert!(
            matches!(disabled, Err(ChangeRefused::LastAdministrator)),
            "{disabled:?}"
        );
        let reset = console.reset_password(&granted, &name("one")).await;
        assert!(matches!(reset, Err(ChangeRefused::LastAdministrator)));
        assert_eq!(state_of(&fixture, "one").await, UserState::Active);
        fixture.signed_in("one").await;
    }
}

#[tokio::test]
async fn two_administrators_cannot_demote_disable_or_reset_each_other_at_the_same_moment() {
    for fixture in fixtures("two_administrators_cannot_demote_each_other").await {
        let console = &fixture.console;
        fixture.add_user("one", Role::Admin).await;
        fixture.add_user("two", Role::Admin).await;
        let (one, two) = (name("one"), name("two"));
        for round in 0..12 {
            let by_one = fixture.granted("one", Permission::ManageUsers).await;
            let by_two = fixture.granted("two", Permission::ManageUsers).await;
            match round % 3 {
                0 => {
                    let (a, b) = tokio::join!(
                        console.change_role(&by_one, &two, Role::Viewer),
                        console.change_role(&by_two, &one, Role::Viewer),
                    );
                    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
                }
                1 => {
                    let (a, b) = tokio::join!(
                        console.disable_user(&by_one, &two),
                        console.change_role(&by_two, &one, Role::Operator),
                    );
                    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
                }
                _ => {
                    let (a, b) = tokio::join!(
                        console.reset_password(&by_one, &two),
                        console.disable_user(&by_two, &one),
                    );
                    assert_eq!(
                        usize::from(a.is_ok()) + usize::from(b.is_ok()),
                        1,
                        "{:?} {b:?}",
                        a.map(drop)
                    );
                }
            }
            // Both are administrators again for the next round.
            let cli = fixture.command_line();
            for user in [&one, &two] {
                let _ = console.enable_user(&cli, user).await;
                console
                    .set_password(&cli, user, &PASSWORD.into())
                    .await
                    .expect("set");
                let _ = console.change_role(&cli, user, Role::Admin).await;
            }
        }
    }
}

#[tokio::test]
async fn nobody_disables_or_resets_oneself() {
    for fixture in fixtures("nobody_disables_or_resets_oneself").await {
        fixture.add_user("one", Role::Admin).await;
        fixture.add_user("two", Role::Admin).await;
        let granted = fixture.granted("one", Permission::ManageUsers).await;
        let disabled = fixture.console.disable_user(&granted, &name("one")).await;
        assert!(matches!(disabled, Err(ChangeRefused::OwnAccount)));
        let reset = fixture.console.reset_password(&granted, &name("one")).await;
        assert!(matches!(reset, Err(ChangeRefused::OwnAccount)));
    }
}

#[tokio::test]
async fn a_grant_for_one_thing_is_no_grant_for_another() {
    for fixture in fixtures("a_grant_for_one_thing_is_no_grant_for_another").await {
        fixture.add_user("one", Role::Admin).await;
        let granted = fixture.granted("one", Permission::ViewStatus).await;
        let refused = fixture
            .console
            .invite_user(&granted, name("vera"), Role::Admin)
            .await;
        assert!(matches!(
            refused,
            Err(ChangeRefused::WrongGrant(WrongGrant(Permission::ManageUsers)))
        ));
    }
}

#[tokio::test]
async fn changing_ones_password_asks_for_the_old_one_renews_the_session_and_ends_the_others() {
    for fixture in fixtures("changing_ones_password").await {
        let console = &fixture.console;
        fixture.add_user("anna", Role::Viewer).await;
        let here = fixture.signed_in("anna").await;
        let there = fixture.signed_in("anna").await;
        let granted = fixture.grant(&here, Permission::ManageOwnAccount).await;
        let session = fixture.session_of(here.id());
        let from = client("192.0.2.1");
        let wrong = console
            .change_own_password(
                &granted,
                &session,
                &from,
                &"not it at all".into(),
                &NEW_PASSWORD.into(),
            )
            .await;
        assert!(matches!(wrong, Err(ChangeRefused::WrongPassword)));
        assert!(fixture.is_signed_in(&there).await, "a wrong try changes nothing");
        console
            .change_own_password(&granted, &session, &from, &PASSWORD.into(), &NEW_PASSWORD.into())
            .await
            .expect("changed");
        session.save().await.expect("saved");
        assert_ne!(session.id(), here.id());
        assert!(fixture.is_signed_in(&session).await, "this one goes on");
        assert!(!fixture.is_signed_in(&here).await, "its old id is worth nothing");
        assert!(!fixture.is_signed_in(&there).await);
        console
            .sign_in(&fixture.session(), &from, "anna", &PASSWORD.into())
            .await
            .expect_err("the old password is gone");
    }
}

#[tokio::test]
async fn a_borrowed_session_is_no_way_to_guess_the_password() {
    for fixture in fixtures("a_borrowed_session_is_no_way_to_guess").await {
        fixture.add_user("anna", Role::Viewer).await;
        let session = fixture.signed_in("anna").await;
        let granted = fixture.grant(&session, Permission::ManageOwnAccount).await;
        let guess = async |old: String| {
            fixture
                .console
                .change_own_password(
                    &granted,
                    &session,
                    &client("192.0.2.1"),
                    &old.into(),
                    &NEW_PASSWORD.into(),
                )
                .await
        };
        for number in 0..10 {
            let refused = guess(format!("guess number {number}")).await;
            assert!(matches!(refused, Err(ChangeRefused::WrongPassword)));
        }
        let refused = guess(PASSWORD.to_owned()).await;
        assert!(matches!(refused, Err(ChangeRefused::TooManyAttempts { .. })));
        // Whose account it is ends that session from another one.
        let other = fixture.signed_in("anna").await;
        let own = fixture.grant(&other, Permission::ManageOwnAccount).await;
        fixture
            .console
            .end_all_own_sessions(
                &own,
                &client("192.0.2.1"),
                &PASSWORD.into(),
                &fixture.session_of(other.id()),
            )
            .await
            .expect("ended");
    }
}

#[tokio::test]
async fn sessions_are_listed_with_address_and_browser_and_end_one_by_one_or_all() {
    for fixture in fixtures("sessions_are_listed").await {
        let console = &fixture.console;
        fixture.add_user("anna", Role::Viewer).await;
        fixture.add_user("otto", Role::Viewer).await;
        let foreign = fixture.signed_in("otto").await;
        let here = fixture.signed_in("anna").await;
        let there = fixture.signed_in("anna").await;
        let granted = fixture.grant(&here, Permission::ManageOwnAccount).await;
        let sessions = console.own_sessions(&granted).await.expect("listed");
        assert_eq!(sessions.len(), 2);
        assert!(sessions[0].is_current && !sessions[1].is_current);
        assert_eq!(
            (sessions[1].address.as_str(), sessions[1].browser.as_str()),
            ("192.0.2.1", "Firefox on Linux")
        );
        let others = fixture.grant(&foreign, Permission::ManageOwnAccount).await;
        let foreign_id = console.own_sessions(&others).await.expect("listed")[0].id;
        let (from, password) = (client("192.0.2.1"), PASSWORD.into());
        let refused = console
            .end_own_session(&granted, &from, &password, foreign_id)
            .await;
        assert!(
            matches!(refused, Err(ChangeRefused::Unknown(_))),
            "nobody ends another's"
        );
        let wrong = "wrong horse battery".into();
        let refused = console
            .end_own_session(&granted, &from, &wrong, sessions[1].id)
            .await;
        assert!(matches!(refused, Err(ChangeRefused::WrongPassword)));
        let session = fixture.session_of(here.id());
        let refused = console
            .end_all_own_sessions(&granted, &from, &wrong, &session)
            .await;
        assert!(matches!(refused, Err(ChangeRefused::WrongPassword)));
        assert!(fixture.is_signed_in(&there).await && fixture.is_signed_in(&here).await);
        console
            .end_own_session(&granted, &from, &password, sessions[1].id)
            .await
            .expect("ended");
        assert!(!fixture.is_signed_in(&there).await);
        assert!(fixture.is_signed_in(&here).await);

        let there = fixture.signed_in("anna").await;
        console
            .end_all_own_sessions(&granted, &from, &password, &fixture.session_of(here.id()))
            .await
            .expect("ended");
        assert!(!fixture.is_signed_in(&here).await && !fixture.is_signed_in(&there).await);
        assert!(fixture.is_signed_in(&foreign).await);
    }
}

fn request(name: &str, role: Role) -> TokenRequest {
    TokenRequest {
        name: name.parse().expect("a token name"),
        role,
        permissions: PermissionSet::default(),
        expires_at: None,
    }
}

#[tokio::test]
async fn a_token_opens_what_its_role_opens_until_it_is_revoked() {
    for fixture in fixtures("a_token_opens_what_its_role_opens").await {
        let console = &fixture.console;
        let granted = fixture.command_line();
        let secret = console
            .create_token(&granted, request("prometheus", Role::Operator))
            .await
            .expect("created");
        assert!(secret.expose().starts_with(TOKEN_PREFIX));
        let principal = console
            .token_principal(secret.expose(), "192.0.2.9")
            .await
            .expect("read");
        let caller = Caller::new(principal, "192.0.2.9".into());
        assert_eq!(
            console
                .demand(&caller, Permission::ManageUsers, "test")
                .await
                .err(),
            Some(Denied::Forbidden(Permission::ManageUsers))
        );
        let listed = console.tokens(&granted).await.expect("listed");
        assert_eq!(listed[0].used_from.as_deref(), Some("192.0.2.9"));
        assert!(secret.expose().starts_with(&listed[0].hint) && listed[0].hint.len() < 10);
        let taken = console
            .create_token(&granted, request("prometheus", Role::Viewer))
            .await;
        assert!(matches!(taken, Err(ChangeRefused::TokenNameTaken)));

        let granted_to_it = console
            .demand(&caller, Permission::ViewDetails, "test")
            .await
            .expect("granted");
        assert!(console.still_grants(&granted_to_it).await.expect("read"));
        console
            .revoke_token(&granted, listed[0].id)
            .await
            .expect("revoked");
        assert_eq!(
            console
                .token_principal(secret.expose(), "192.0.2.9")
                .await
                .expect("read"),
            Principal::Anonymous
        );
        assert!(!console.still_grants(&granted_to_it).await.expect("read"));
        // The name is free again, and the revoked one stays in the list.
        console
            .create_token(&granted, request("prometheus", Role::Viewer))
            .await
            .expect("created");
        let listed = console.tokens(&granted).await.expect("listed");
        assert_eq!(
            listed
                .iter()
                .filter(|token| token.state == TokenState::Revoked)
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn a_token_can_have_fewer_permissions_and_an_end() {
    for fixture in fixtures("a_token_can_have_fewer_permissions").await {
        let console = &fixture.console;
        let granted = fixture.command_line();
        let now = console.now();
        let in_an_hour = now.checked_add(SignedDuration::from_hours(1)).expect("in range");
        let secret = console
            .create_token(
                &granted,
                TokenRequest {
                    permissions: [Permission::ViewStatus].into_iter().collect(),
                    expires_at: Some(in_an_hour),
                    ..request("narrow", Role::Admin)
                },
            )
            .await
            .expect("created");
        let principal = async || {
            console
                .token_principal(secret.expose(), "192.0.2.9")
                .await
                .expect("read")
        };
        assert_eq!(
            principal().await.permissions().iter().collect::<Vec<_>>(),
            [Permission::ViewStatus]
        );
        fixture.clock.advance(3601);
        assert_eq!(principal().await, Principal::Anonymous);
        assert_eq!(
            console.tokens(&granted).await.expect("listed")[0].state,
            TokenState::Expired
        );

        let nothing = TokenRequest {
            permissions: [Permission::ManageUsers].into_iter().collect(),
            ..request("nothing", Role::Viewer)
        };
        assert!(matches!(
            console.create_token(&granted, nothing).await,
            Err(ChangeRefused::NothingAllowed)
        ));
        let past = TokenRequest {
            expires_at: Some(now),
            ..request("past", Role::Viewer)
        };
        assert!(matches!(
            console.create_token(&granted, past).await,
            Err(ChangeRefused::ExpiryPassed)
        ));
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit_trail_with_who_where_what_before_and_after() {
    for mut fixture in fixtures("every_change_is_in_the_audit_trail").await {
        fixture.add_user("admin", Role::Admin).await;
        let granted = fixture.granted("admin", Permission::ManageUsers).await;
        let console = fixture.console.clone();
        console
            .invite_user(&granted, name("vera"), Role::Viewer)
            .await
            .expect("invited");
        console
            .change_role(&granted, &name("vera"), Role::Operator)
            .await
            .expect("changed");
        console
            .disable_user(&granted, &name("vera"))
            .await
            .expect("disabled");
        console
            .enable_user(&granted, &name("vera"))
            .await
            .expect("enabled");
        let _link = console
            .reset_password(&granted, &name("vera"))
            .await
            .expect("reset");
        console
            .create_token(&granted, request("prometheus", Role::Viewer))
            .await
            .expect("created");
        console
            .disable_user(&granted, &name("admin"))
            .await
            .expect_err("oneself");

        let events = fixture.audit().await;
        let of = |action: Action| {
            events
                .iter()
                .find(|event| event.action == action && event.outcome == Some(Outcome::Succeeded))
                .unwrap_or_else(|| panic!("no {action}"))
        };
        for action in [
            Action::InviteUser,
            Action::ChangeRole,
            Action::DisableUser,
            Action::EnableUser,
            Action::ResetPassword,
        ] {
            let event = of(action);
            assert_eq!(
                (
                    event.actor_kind,
                    event.actor.as_str(),
                    event.address.as_str(),
                    event.target.as_str()
                ),
                (ActorKind::User, "admin", "192.0.2.1", "user vera"),
                "{action}"
            );
        }
        let role = of(Action::ChangeRole);
        assert_eq!(
            (role.before["role"].as_str(), role.after["role"].as_str()),
            ("viewer", "operator")
        );
        assert_eq!(of(Action::CreateToken).after["permissions"], "view_status");
        assert_eq!(of(Action::AddUser).actor_kind, ActorKind::CommandLine);
        let failed = events
            .iter()
            .find(|event| event.action == Action::DisableUser && event.outcome == Some(Outcome::Failed))
            .expect("the failure too");
        assert_eq!(failed.detail, "this is not done to one's own account");
    }
}

#[tokio::test]
async fn oneself_and_the_last_administrator_are_known_before_a_change_is_refused() {
    for fixture in fixtures("oneself_and_the_last_administrator").await {
        let console = &fixture.console;
        fixture.add_user("anna", Role::Admin).await;
        fixture.add_user("vera", Role::Viewer).await;
        let anna = fixture.granted("anna", Permission::ManageUsers).await;
        let about = async |user: &str| {
            let managed = console.managed_user(&anna, &name(user)).await.expect("there");
            (managed.is_oneself, managed.is_last_administrator)
        };
        assert_eq!(about("anna").await, (true, true));
        assert_eq!(about("vera").await, (false, false));
        // Who has no password yet cannot take over.
        console
            .invite_user(&anna, name("berta"), Role::Admin)
            .await
            .expect("invited");
        assert_eq!(about("anna").await, (true, true));
        assert_eq!(about("berta").await, (false, false));
        fixture.add_user("clara", Role::Admin).await;
        assert_eq!(about("anna").await, (true, false));
        assert_eq!(about("clara").await, (false, false));
    }
}

#[tokio::test]
async fn a_token_is_named_when_it_is_revoked() {
    for fixture in fixtures("a_token_is_named_when_it_is_revoked").await {
        let console = &fixture.console;
        let granted = fixture.command_line();
        console
            .create_token(&granted, request("prometheus", Role::Viewer))
            .await
            .expect("created");
        let id = console.tokens(&granted).await.expect("listed")[0].id;
        let revoked = console.revoke_token(&granted, id).await.expect("revoked");
        assert_eq!(revoked.as_str(), "prometheus");
        let unknown = console.revoke_token(&granted, id + 1).await;
        assert!(matches!(unknown, Err(ChangeRefused::Unknown(_))), "{unknown:?}");
    }
}

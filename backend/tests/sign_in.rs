//! Signing in under attack: nobody learns a name, nobody is kept out for long.

mod support;

use std::time::{Duration, Instant};

use backend::auth::{Client, SignInRefused};
use domain::audit::{Action, ActorKind, Outcome};
use domain::role::{Permission, Role};
use support::state::{Fixture, PASSWORD, client, fixtures};

async fn attempt(
    fixture: &Fixture,
    client: &Client,
    name: &str,
    password: &str,
) -> Result<(), SignInRefused> {
    let session = fixture.session();
    fixture
        .console
        .sign_in(&session, client, name, &password.into())
        .await
        .map(drop)
}

fn is_limited(outcome: &Result<(), SignInRefused>) -> bool {
    matches!(outcome, Err(SignInRefused::TooManyAttempts { .. }))
}

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_a_name_nobody_can_have_are_refused_alike() {
    for fixture in fixtures("a_wrong_password_an_unknown_name_are_refused_alike").await {
        fixture.add_user("anna", Role::Viewer).await;
        fixture.add_user("shut", Role::Viewer).await;
        fixture
            .console
            .disable_user(&fixture.command_line(), &"shut".parse().expect("a name"))
            .await
            .expect("disabled");
        fixture
            .console
            .invite_user(
                &fixture.command_line(),
                "new".parse().expect("a name"),
                Role::Viewer,
            )
            .await
            .expect("invited");
        for (name, password) in [
            ("anna", "wrong horse battery"),
            ("berta", PASSWORD),
            ("shut", PASSWORD),
            ("new", PASSWORD),
            ("<b>", PASSWORD),
            ("", ""),
        ] {
            let refused = attempt(&fixture, &client("192.0.2.1"), name, password)
                .await
                .expect_err("refused");
            assert_eq!(refused.to_string(), "name or password is wrong", "{name}");
        }
    }
}

#[tokio::test]
async fn a_name_is_limited_whether_it_exists_or_not_and_the_limit_ends_by_itself() {
    for fixture in fixtures("a_name_is_limited_whether_it_exists_or_not").await {
        fixture.add_user("anna", Role::Viewer).await;
        for name in ["anna", "nobody"] {
            // From ever new addresses: the name itself is what is counted.
            for number in 0..10 {
                let from = client(&format!("198.51.100.{number}"));
                let outcome = attempt(&fixture, &from, name, "wrong horse battery").await;
                assert!(!is_limited(&outcome), "{name} {number}");
            }
            let from = client("198.51.100.200");
            let outcome = attempt(&fixture, &from, &name.to_uppercase(), PASSWORD).await;
            let Err(SignInRefused::TooManyAttempts { retry_after_s }) = outcome else {
                panic!("{name} is limited, in upper case too, and with the right password: {outcome:?}")
            };
            assert!((1..=30).contains(&retry_after_s), "{retry_after_s}");
        }
        fixture.clock.advance(31);
        attempt(&fixture, &client("198.51.100.201"), "anna", PASSWORD)
            .await
            .expect("the right password is taken again");
    }
}

#[tokio::test]
async fn an_address_is_limited_and_others_behind_it_wait_for_seconds_only() {
    for fixture in fixtures("an_address_is_limited").await {
        fixture.add_user("anna", Role::Viewer).await;
        let from = client("203.0.113.9");
        for number in 0..30 {
            let outcome = attempt(&fixture, &from, &format!("name{number}"), "wrong horse battery").await;
            assert!(!is_limited(&outcome), "{number}");
        }
        assert!(is_limited(&attempt(&fixture, &from, "anna", PASSWORD).await));
        // Somebody else is not concerned.
        attempt(&fixture, &client("203.0.113.10"), "anna", PASSWORD)
            .await
            .expect("another address");
        fixture.clock.advance(2);
        attempt(&fixture, &from, "anna", PASSWORD)
            .await
            .expect("the same address two seconds later");
    }
}

#[tokio::test]
async fn one_ipv6_network_is_one_address() {
    for fixture in fixtures("one_ipv6_network_is_one_address").await {
        for number in 0..30 {
            let from = client(&format!("2001:db8:1:2::{number:x}"));
            attempt(&fixture, &from, &format!("name{number}"), "wrong horse battery")
                .await
                .expect_err("refused");
        }
        let same = attempt(
            &fixture,
            &client("2001:db8:1:2:ffff::1"),
            "name",
            "wrong horse battery",
        )
        .await;
        assert!(is_limited(&same));
        let other = attempt(
            &fixture,
            &client("2001:db8:1:3::1"),
            "name",
            "wrong horse battery",
        )
        .await;
        assert!(!is_limited(&other));
    }
}

#[tokio::test]
async fn a_browser_that_is_known_signs_in_during_an_attack_and_open_sessions_go_on() {
    for fixture in fixtures("a_browser_that_is_known_signs_in_during_an_attack").await {
        fixture.add_user("anna", Role::Viewer).await;
        let mut own = client("192.0.2.1");
        let session = fixture.session();
        let signed_in = fixture
            .console
            .sign_in(&session, &own, "anna", &PASSWORD.into())
            .await
            .expect("signed in");
        session.save().await.expect("saved");
        own.browser_token = Some(signed_in.browser_token.expose().to_owned());

        // The attack comes from the very same address, and spends both budgets.
        for number in 0..40 {
            let name = if number < 10 {
                "anna".to_owned()
            } else {
                format!("name{number}")
            };
            let _ = attempt(&fixture, &client("192.0.2.1"), &name, "wrong horse battery").await;
        }
        assert!(is_limited(
            &attempt(&fixture, &client("192.0.2.1"), "anna", PASSWORD).await
        ));
        assert!(fixture.is_signed_in(&session).await, "open sessions go on");
        attempt(&fixture, &own, "anna", PASSWORD)
            .await
            .expect("the browser that is known");

        // Its budget is for its own name only, and has an end too.
        let elsewhere = attempt(&fixture, &own, "berta", PASSWORD).await;
        assert!(
            is_limited(&elsewhere),
            "for another name it is a browser like any other"
        );
    }
}

#[tokio::test]
async fn a_known_browser_has_a_budget_of_its_own_and_is_forgotten_with_the_password() {
    for fixture in fixtures("a_known_browser_has_a_budget_of_its_own").await {
        fixture.add_user("anna", Role::Viewer).await;
        let mut own = client("192.0.2.1");
        let signed_in = fixture
            .console
            .sign_in(&fixture.session(), &own, "anna", &PASSWORD.into())
            .await
            .expect("signed in");
        own.browser_token = Some(signed_in.browser_token.expose().to_owned());
        for _ in 0..10 {
            let outcome = attempt(&fixture, &own, "anna", "wrong horse battery").await;
            assert!(!is_limited(&outcome));
        }
        assert!(is_limited(&attempt(&fixture, &own, "anna", PASSWORD).await));
        // A thief of the browser's cookie has not touched the name's budget.
        attempt(&fixture, &client("192.0.2.77"), "anna", PASSWORD)
            .await
            .expect("from anywhere else");

        fixture
            .console
            .set_password(
                &fixture.command_line(),
                &"anna".parse().expect("a name"),
                &PASSWORD.into(),
            )
            .await
            .expect("set");
        let outcome = attempt(&fixture, &own, "anna", PASSWORD).await;
        assert!(
            outcome.is_ok(),
            "no budget of the old cookie counts any more: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn people_who_sign_in_rightly_are_never_limited() {
    for fixture in fixtures("people_who_sign_in_rightly_are_never_limited").await {
        fixture.add_user("anna", Role::Viewer).await;
        for _ in 0..35 {
            attempt(&fixture, &client("192.0.2.1"), "anna", PASSWORD)
                .await
                .expect("signed in");
        }
    }
}

#[tokio::test]
async fn attempts_at_the_same_moment_cannot_spend_the_same_budget_twice() {
    for fixture in fixtures("attempts_at_the_same_moment").await {
        let fixture = std::sync::Arc::new(fixture);
        let tasks: Vec<_> = (0..24)
            .map(|number| {
                let fixture = std::sync::Arc::clone(&fixture);
                tokio::spawn(async move {
                    let from = client(&format!("198.51.100.{number}"));
                    attempt(&fixture, &from, "anna", "wrong horse battery").await
                })
            })
            .collect();
        let mut tried = 0;
        for task in tasks {
            if !is_limited(&task.await.expect("ends")) {
                tried += 1;
            }
        }
        assert_eq!(tried, 10);
    }
}

#[tokio::test]
async fn each_failure_is_a_row_and_what_was_kept_away_is_counted() {
    for mut fixture in fixtures("each_failure_is_a_row").await {
        fixture.add_user("anna", Role::Viewer).await;
        for _ in 0..13 {
            let _ = attempt(&fixture, &client("192.0.2.1"), "anna", "wrong horse battery").await;
        }
        let _ = attempt(
            &fixture,
            &client("192.0.2.1"),
            "my-password-in-the-wrong-field",
            PASSWORD,
        )
        .await;
        let events = fixture.audit().await;
        let failures: Vec<_> = events
            .iter()
            .filter(|event| event.action == Action::SignIn)
            .collect();
        assert_eq!(failures.len(), 11);
        assert!(
            failures
                .iter()
                .all(|event| event.outcome == Some(Outcome::Failed))
        );
        assert_eq!(
            (
                failures[1].actor_kind,
                failures[1].actor.as_str(),
                failures[1].detail.as_str()
            ),
            (ActorKind::Nobody, "anna", "wrong password")
        );
        assert_eq!(
            (failures[0].actor.as_str(), failures[0].detail.as_str()),
            ("", "no such user")
        );
        let kept_away: Vec<_> = events
            .iter()
            .filter(|event| event.action == Action::SignInLimited)
            .collect();
        assert_eq!(kept_away.iter().map(|event| event.count).sum::<u64>(), 3);
        assert_eq!(kept_away.len(), 1);
        assert!(
            events
                .iter()
                .all(|event| !format!("{event:?}").contains("wrong-field"))
        );
    }
}

/// As an earlier version of the console could have made it.
fn weak_hash(memory_kib: u32) -> String {
    use argon2::password_hash::PasswordHasher;

    argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        argon2::Params::new(memory_kib, 1, 1, None).expect("parameters"),
    )
    .hash_password(PASSWORD.as_bytes())
    .expect("a hash")
    .to_string()
}

#[tokio::test]
async fn a_hash_with_weaker_parameters_is_replaced_at_the_next_sign_in() {
    for fixture in fixtures("a_hash_with_weaker_parameters_is_replaced").await {
        fixture.add_user("anna", Role::Viewer).await;
        let weak = weak_hash(8_192);
        fixture
            .execute(&format!(
                "update users set password_hash = '{weak}' where name = 'anna'"
            ))
            .await
            .expect("updated");
        let stored = async || {
            let user = fixture.state.find_user(&"anna".parse().expect("a name")).await;
            user.expect("read")
                .expect("there")
                .password_hash
                .expect("a hash")
                .as_str()
                .to_owned()
        };
        assert_eq!(stored().await, weak);
        attempt(&fixture, &client("192.0.2.1"), "anna", PASSWORD)
            .await
            .expect("signed in");
        let renewed = stored().await;
        assert!(
            renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{renewed}"
        );
        attempt(&fixture, &client("192.0.2.1"), "anna", PASSWORD)
            .await
            .expect("the same password still fits");
    }
}

/// Tries in turns, now one first and now the other, and compares lower quartiles: whatever else the machine does meets
/// both alike, and only ever makes a try longer.
#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    for fixture in fixtures("an_unknown_name_takes_as_long").await {
        fixture.add_user("anna", Role::Viewer).await;
        takes_as_long_as_an_unknown_name(&fixture).await;
    }
}

/// Until its owner signs in, a hash keeps the parameters it was made with; they must not tell that there is one.
#[tokio::test]
async fn a_hash_with_weaker_parameters_answers_no_sooner_than_an_unknown_name() {
    for fixture in fixtures("a_weaker_hash_answers_no_sooner").await {
        fixture.add_user("anna", Role::Viewer).await;
        fixture
            .execute(&format!(
                "update users set password_hash = '{}' where name = 'anna'",
                weak_hash(1_024)
            ))
            .await
            .expect("updated");
        takes_as_long_as_an_unknown_name(&fixture).await;
    }
}

async fn takes_as_long_as_an_unknown_name(fixture: &Fixture) {
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for round in 0..100_usize {
        for turn in 0..2 {
            let index = (round + turn) % 2;
            let from = client(&format!("198.51.{round}.{index}"));
            let name = ["anna", "berta"][index];
            let started = Instant::now();
            let outcome = attempt(fixture, &from, name, "wrong horse battery").await;
            times[index].push(started.elapsed());
            assert!(!is_limited(&outcome));
        }
        fixture.clock.advance(60);
    }
    let quartile = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 4].as_secs_f64()
    };
    let (known, unknown) = (quartile(&mut times[0]), quartile(&mut times[1]));
    let ratio = unknown / known;
    println!("unknown {unknown:.4} s, known {known:.4} s, ratio {ratio:.3}");
    assert!(
        (0.8..1.25).contains(&ratio),
        "{ratio}: {unknown} s against {known} s"
    );
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_known_browsers_and_the_oldest_make_room() {
    for fixture in fixtures("so_many_sessions_and_known_browsers").await {
        fixture.add_user("anna", Role::Viewer).await;
        let mut first = client("192.0.2.1");
        let begun = fixture.session();
        let signed_in = fixture
            .console
            .sign_in(&begun, &first, "anna", &PASSWORD.into())
            .await
            .expect("signed in");
        begun.save().await.expect("saved");
        first.browser_token = Some(signed_in.browser_token.expose().to_owned());
        for _ in 0..50 {
            fixture.clock.advance(1);
            fixture.signed_in("anna").await;
        }
        assert!(!fixture.is_signed_in(&begun).await, "the fifty-first made room");
        let last = fixture.signed_in("anna").await;
        let granted = fixture.grant(&last, Permission::ManageOwnAccount).await;
        let open = fixture.console.own_sessions(&granted).await.expect("listed");
        assert_eq!(open.len(), 50);

        // The first browser is not known any more: it is limited with everybody else who tries this name.
        for number in 0..11 {
            let from = client(&format!("198.51.100.{number}"));
            let _ = attempt(&fixture, &from, "anna", "wrong horse battery").await;
        }
        assert!(is_limited(&attempt(&fixture, &first, "anna", PASSWORD).await));
    }
}

#[tokio::test]
async fn signing_in_with_a_link_is_a_line_of_its_own() {
    for fixture in fixtures("signing_in_with_a_link_is_a_line").await {
        let token = fixture
            .console
            .invite_user(
                &fixture.command_line(),
                "anna".parse().expect("a name"),
                Role::Viewer,
            )
            .await
            .expect("invited");
        fixture
            .console
            .use_password_link(
                &fixture.session(),
                &client("192.0.2.1"),
                token.expose(),
                &PASSWORD.into(),
            )
            .await
            .expect("signed in");
        let lines: Vec<_> = fixture
            .audit_now()
            .await
            .into_iter()
            .filter(|event| event.action == Action::SignIn)
            .map(|event| (event.actor, event.detail))
            .collect();
        assert_eq!(lines, [("anna".to_owned(), "with a one-time link".to_owned())]);
    }
}

#[tokio::test]
async fn a_password_does_not_end_by_age() {
    for fixture in fixtures("a_password_does_not_end_by_age").await {
        fixture.add_user("anna", Role::Viewer).await;
        fixture.clock.advance(10 * 365 * 24 * 3600);
        attempt(&fixture, &client("192.0.2.1"), "anna", PASSWORD)
            .await
            .expect("signed in");
    }
}

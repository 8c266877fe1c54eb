//! The console's own state: the same behaviour on SQLite and on PostgreSQL.

mod support;

use backend::accounts::{ChangeRefused, OpenLink};
use backend::auth::{Client, Principal};
use backend::random::digest;
use backend::state::StateStore;
use domain::role::{Permission, Role};
use support::state::{PASSWORD, client, fixtures};

#[tokio::test]
async fn a_store_opened_again_has_what_was_put_in() {
    for fixture in fixtures("a_store_opened_again_has_what_was_put_in").await {
        fixture.add_user("anna", Role::Admin).await;
        fixture.state.close().await;
        let again = StateStore::open(&fixture.url.parse().expect("a state URL"))
            .await
            .expect("opens again");
        let user = again
            .find_user(&"ANNA".parse().expect("a name"))
            .await
            .expect("read")
            .expect("there");
        assert_eq!(
            (user.account.name.as_str(), user.account.role),
            ("anna", Role::Admin)
        );
        again.close().await;
    }
}

#[tokio::test]
async fn a_name_is_given_once() {
    for fixture in fixtures("a_name_is_given_once").await {
        fixture.add_user("anna", Role::Viewer).await;
        let again = fixture
            .console
            .add_user(
                &fixture.command_line(),
                "Anna".parse().expect("a name"),
                Role::Admin,
                &PASSWORD.into(),
            )
            .await;
        assert!(matches!(again, Err(ChangeRefused::NameTaken)), "{again:?}");
        assert_eq!(fixture.state.count_users().await.expect("counted"), 1);
    }
}

#[tokio::test]
async fn signing_in_gives_the_session_a_new_id_and_the_table_holds_only_its_hash() {
    for fixture in fixtures("signing_in_gives_the_session_a_new_id").await {
        let console = &fixture.console;
        fixture.add_user("anna", Role::Operator).await;
        let session = fixture.session();
        session.save().await.expect("saved");
        let before = session.id().expect("an id");
        console
            .sign_in(&session, &client("192.0.2.1"), "Anna", &PASSWORD.into())
            .await
            .expect("signed in");
        session.save().await.expect("saved");
        let after = session.id().expect("an id");
        assert_ne!(before, after);
        let found = |id: tower_sessions_core::session::Id| {
            let store = console.session_store();
            async move {
                tower_sessions_core::SessionStore::load(&store, &id)
                    .await
                    .expect("read")
                    .is_some()
            }
        };
        assert!(!found(before).await, "the planted id is worth nothing");
        assert!(found(after).await);
        let caller = fixture.caller(&session).await;
        let Principal::User(user) = caller.principal() else {
            panic!("signed in")
        };
        assert_eq!(user.account().role, Role::Operator);
        if let Some(database) = &fixture.database {
            let hashed = format!(
                "select count(*) from sessions where id_hash = '{}'",
                digest(&after.to_string())
            );
            assert_eq!(database.number(&hashed).await, 1);
            let clear = format!("select count(*) from sessions s where s::text like '%{after}%'");
            assert_eq!(database.number(&clear).await, 0);
        }
    }
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
    for fixture in fixtures("a_session_ends_after_twelve_hours").await {
        fixture.add_user("anna", Role::Viewer).await;
        let session = fixture.signed_in("anna").await;
        for _ in 0..23 {
            fixture.clock.advance(30 * 60);
            let again = fixture.session_of(session.id());
            let principal = fixture.console.principal(&again, &client("192.0.2.1")).await;
            assert!(matches!(principal.expect("read"), Principal::User(_)));
            // As the middleware does at the end of a request; this puts off the idle expiry.
            again.set_expiry(Some(tower_sessions_core::Expiry::AtDateTime(
                time::OffsetDateTime::from_unix_timestamp(
                    backend::clock::Clock::now(&*fixture.clock).as_second() + 3600,
                )
                .expect("in range"),
            )));
            again.save().await.expect("saved");
        }
        fixture.clock.advance(30 * 60);
        assert!(!fixture.is_signed_in(&session).await);
    }
}

#[tokio::test]
async fn a_session_that_is_not_used_for_an_hour_has_ended() {
    for fixture in fixtures("a_session_that_is_not_used_for_an_hour_has_ended").await {
        fixture.add_user("anna", Role::Viewer).await;
        let session = fixture.session();
        session.set_expiry(Some(tower_sessions_core::Expiry::OnInactivity(
            time::Duration::minutes(60),
        )));
        fixture
            .console
            .sign_in(&session, &client("192.0.2.1"), "anna", &PASSWORD.into())
            .await
            .expect("signed in");
        session.save().await.expect("saved");
        fixture.clock.advance(59 * 60);
        assert!(fixture.is_signed_in(&session).await);
        fixture.clock.advance(2 * 60);
        assert!(!fixture.is_signed_in(&session).await);
        let removed = fixture
            .state
            .remove_expired_sessions(backend::clock::Clock::now(&*fixture.clock))
            .await
            .expect("removed");
        assert_eq!(removed, 1);
    }
}

#[tokio::test]
async fn what_a_page_asks_by_itself_does_not_keep_a_session() {
    for fixture in fixtures("what_a_page_asks_by_itself").await {
        fixture.add_user("anna", Role::Viewer).await;
        let session = fixture.signed_in("anna").await;
        let background = Client {
            is_background: true,
            ..client("192.0.2.1")
        };
        let asks = async |client: &Client| {
            let again = fixture.session_of(session.id());
            let principal = fixture.console.principal(&again, client).await.expect("read");
            again.save().await.expect("saved");
            principal != Principal::Anonymous
        };
        let used_at = async || {
            let granted = fixture.grant(&session, Permission::ManageOwnAccount).await;
            fixture.console.own_sessions(&granted).await.expect("listed")[0].used_at
        };
        let begun = used_at().await;
        fixture.clock.advance(600);
        assert!(asks(&background).await);
        fixture.clock.advance(30);
        assert!(asks(&client("192.0.2.1")).await);
        assert_eq!(
            used_at().await.duration_since(begun).as_secs(),
            630,
            "the person counts, the page does not"
        );
    }
}

#[tokio::test]
async fn a_new_password_ends_the_users_sessions_and_a_late_save_does_not_revive_them() {
    for fixture in fixtures("a_new_password_ends_the_users_sessions").await {
        fixture.add_user("anna", Role::Viewer).await;
        let session = fixture.signed_in("anna").await;
        assert!(fixture.is_signed_in(&session).await);
        fixture
            .console
            .set_password(
                &fixture.command_line(),
                &"anna".parse().expect("a name"),
                &"another horse battery".into(),
            )
            .await
            .expect("set");
        // A request that was under way when the session ended saves it afterwards.
        session.insert("late", 1).await.expect("inserted");
        session.save().await.expect("saved");
        assert!(!fixture.is_signed_in(&session).await);
    }
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator_once() {
    for fixture in fixtures("the_setup_link_makes_one_administrator_once").await {
        let console = &fixture.console;
        let from = client("192.0.2.1");
        let token = console
            .new_setup_token()
            .await
            .expect("made")
            .expect("no user yet");
        let wrong = console
            .set_up(&fixture.session(), &from, "made-up", "anna", &PASSWORD.into())
            .await;
        assert!(matches!(wrong, Err(ChangeRefused::LinkInvalid)));
        let short = console
            .set_up(&fixture.session(), &from, token.expose(), "anna", &"short".into())
            .await;
        assert!(matches!(short, Err(ChangeRefused::Password(_))));
        assert_eq!(
            console.open_link(token.expose()).await.expect("read"),
            Some(OpenLink::FirstAdministrator),
            "a refused try uses nothing up"
        );

        // Two browsers at the same moment: one of them.
        let (a, b) = (fixture.session(), fixture.session());
        let password = PASSWORD.into();
        let (first, second) = tokio::join!(
            console.set_up(&a, &from, token.expose(), "anna", &password),
            console.set_up(&b, &from, token.expose(), "berta", &password),
        );
        assert_eq!(
            usize::from(first.is_ok()) + usize::from(second.is_ok()),
            1,
            "{first:?} {second:?}"
        );
        assert_eq!(fixture.state.count_users().await.expect("counted"), 1);
        assert_eq!(console.open_link(token.expose()).await.expect("read"), None);
        assert!(
            console.new_setup_token().await.expect("asked").is_none(),
            "no link while there is a user"
        );
    }
}

#[tokio::test]
async fn the_setup_link_is_void_after_a_day_when_replaced_and_when_a_user_was_added() {
    for fixture in fixtures("the_setup_link_is_void_after_a_day").await {
        let console = &fixture.console;
        let is_open = async |token: &str| console.open_link(token).await.expect("read").is_some();
        let old = console.new_setup_token().await.expect("made").expect("a link");
        fixture.clock.advance(24 * 3600 + 1);
        assert!(!is_open(old.expose()).await);
        let second = console.new_setup_token().await.expect("made").expect("a link");
        let third = console.new_setup_token().await.expect("made").expect("a link");
        assert!(!is_open(second.expose()).await);
        fixture.add_user("anna", Role::Admin).await;
        assert!(!is_open(third.expose()).await);
    }
}

#[tokio::test]
async fn a_state_store_that_cannot_be_opened_says_where_and_why() {
    let url = "sqlite:///no/such/directory/state.db"
        .parse()
        .expect("a state URL");
    let error = StateStore::open(&url)
        .await
        .expect_err("cannot be opened")
        .to_string();
    assert!(
        error.contains("sqlite:///no/such/directory/state.db") && error.contains("No such file"),
        "{error}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_state_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("state.db");
    let url = format!("sqlite://{}", file.display())
        .parse()
        .expect("a state URL");
    let _state = StateStore::open(&url).await.expect("opens");
    assert_eq!(
        std::fs::metadata(&file).expect("there").permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_session_id_has_128_random_bits_and_is_never_given_twice() {
    use tower_sessions_core::session::{Id, Record};
    use tower_sessions_core::session_store::SessionStore;

    for fixture in fixtures("a_session_id_is_never_given_twice").await {
        let store = fixture.console.session_store();
        let mut seen = std::collections::BTreeSet::new();
        let mut bits_seen = 0_u128;
        for _ in 0..200 {
            let mut record = Record {
                id: Id::default(),
                data: std::collections::HashMap::new(),
                expiry_date: time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(40_000),
            };
            let taken = record.id;
            store.create(&mut record).await.expect("created");
            assert!(seen.insert(record.id.to_string()));
            bits_seen |= u128::from_ne_bytes(record.id.0.to_ne_bytes());
            // The same id once more: it is taken, so another is given.
            record.id = taken;
            store.create(&mut record).await.expect("created");
            assert_ne!(record.id, taken);
            assert!(seen.insert(record.id.to_string()));
        }
        assert_eq!(bits_seen, u128::MAX, "every one of the 128 bits is used");
    }
}

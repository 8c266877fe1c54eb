//! The console's own state: the same behaviour on SQLite and on PostgreSQL.

mod support;

use std::sync::Arc;

use backend::auth::{PasswordHasher, Principal, Session};
use backend::clock::{Clock, SharedClock};
use backend::console::{Console, SetupFailed};
use backend::random::digest;
use backend::state::{NewUser, StateSessionStore, StateStore, UserExists};
use domain::role::Role;
use support::{FixedClock, Server, TestDatabase, server_url};

const PASSWORD: &str = "correct horse battery";

/// A store, and what must outlive it.
struct Store {
    state: StateStore,
    url: String,
    _directory: Option<tempfile::TempDir>,
    database: Option<TestDatabase>,
}

/// One store of each kind; without a PostgreSQL server the second is skipped, visibly.
async fn stores(test: &str) -> Vec<Store> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite://{}", directory.path().join("state.db").display());
    let mut stores = vec![open(url, Some(directory), None).await];
    if let Some(server) = server_url(Server::Any, test) {
        let database = TestDatabase::plain(&server).await;
        stores.push(open(database.url(), None, Some(database)).await);
    }
    stores
}

async fn open(url: String, directory: Option<tempfile::TempDir>, database: Option<TestDatabase>) -> Store {
    let state = StateStore::open(&url.parse().expect("a state URL"))
        .await
        .expect("the store opens");
    Store {
        state,
        url,
        _directory: directory,
        database,
    }
}

fn console(state: &StateStore, clock: &Arc<FixedClock>) -> Console {
    Console {
        state: state.clone(),
        hasher: PasswordHasher::new(2).expect("a hasher"),
        clock: Arc::clone(clock) as SharedClock,
        databases: Arc::from([]),
        environment: None,
    }
}

fn session(console: &Console) -> Session {
    Session::new(
        None,
        Arc::new(StateSessionStore::new(
            console.state.clone(),
            console.clock.clone(),
        )),
        None,
    )
}

async fn add_user(console: &Console, name: &str, role: Role) -> i64 {
    let user = NewUser {
        name: name.parse().expect("a name"),
        role,
        password_hash: console.hasher.hash(&PASSWORD.into()).await.expect("a hash"),
    };
    console
        .state
        .add_user(&user, console.clock.now())
        .await
        .expect("added")
}

#[tokio::test]
async fn a_store_opened_again_has_what_was_put_in() {
    for store in stores("a_store_opened_again_has_what_was_put_in").await {
        let clock = FixedClock::from_now();
        add_user(&console(&store.state, &clock), "anna", Role::Admin).await;
        store.state.close().await;
        let again = StateStore::open(&store.url.parse().expect("a state URL"))
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
    for store in stores("a_name_is_given_once").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        add_user(&console, "anna", Role::Viewer).await;
        let user = NewUser {
            name: "Anna".parse().expect("a name"),
            role: Role::Admin,
            password_hash: console.hasher.hash(&PASSWORD.into()).await.expect("a hash"),
        };
        assert!(matches!(
            console.state.add_user(&user, clock.now()).await,
            Err(UserExists::Taken(_))
        ));
        assert_eq!(console.state.count_users().await.expect("counted"), 1);
    }
}

#[tokio::test]
async fn signing_in_gives_the_session_a_new_id_and_the_table_holds_only_its_hash() {
    for store in stores("signing_in_gives_the_session_a_new_id").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        add_user(&console, "anna", Role::Operator).await;
        let session = session(&console);
        session.save().await.expect("saved");
        let before = session.id().expect("an id");
        console
            .sign_in(&session, "Anna", &PASSWORD.into())
            .await
            .expect("signed in");
        session.save().await.expect("saved");
        let after = session.id().expect("an id");
        assert_ne!(before, after);
        let found = |id: &str| {
            let store = StateSessionStore::new(console.state.clone(), console.clock.clone());
            let id = id.parse::<tower_sessions_core::session::Id>().expect("an id");
            async move {
                tower_sessions_core::SessionStore::load(&store, &id)
                    .await
                    .expect("read")
                    .is_some()
            }
        };
        assert!(
            !found(&before.to_string()).await,
            "the planted id is worth nothing"
        );
        assert!(found(&after.to_string()).await);
        let Principal::User(account) = console.principal(&session).await.expect("known") else {
            panic!("signed in")
        };
        assert_eq!(account.role, Role::Operator);
        if let Some(database) = &store.database {
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
async fn a_wrong_password_an_unknown_name_and_a_name_nobody_can_have_are_refused_alike() {
    for store in stores("a_wrong_password_an_unknown_name_are_refused_alike").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        add_user(&console, "anna", Role::Viewer).await;
        for (name, password) in [
            ("anna", "wrong horse battery"),
            ("berta", PASSWORD),
            ("<b>", PASSWORD),
            ("", ""),
        ] {
            let session = session(&console);
            let refused = console
                .sign_in(&session, name, &password.into())
                .await
                .expect_err("refused");
            assert_eq!(refused.to_string(), "name or password is wrong");
            assert_eq!(
                console.principal(&session).await.expect("known"),
                Principal::Anonymous
            );
        }
    }
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
    for store in stores("a_session_ends_after_twelve_hours").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        add_user(&console, "anna", Role::Viewer).await;
        let session = session(&console);
        console
            .sign_in(&session, "anna", &PASSWORD.into())
            .await
            .expect("signed in");
        for _ in 0..23 {
            clock.advance(30 * 60);
            assert!(matches!(
                console.principal(&session).await.expect("known"),
                Principal::User(_)
            ));
        }
        clock.advance(30 * 60);
        assert_eq!(
            console.principal(&session).await.expect("known"),
            Principal::Anonymous
        );
    }
}

#[tokio::test]
async fn a_new_password_ends_the_users_sessions_and_a_late_save_does_not_revive_them() {
    for store in stores("a_new_password_ends_the_users_sessions").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        add_user(&console, "anna", Role::Viewer).await;
        let session = session(&console);
        console
            .sign_in(&session, "anna", &PASSWORD.into())
            .await
            .expect("signed in");
        session.save().await.expect("saved");
        let id = session.id().expect("an id");
        let fresh = || {
            let store = StateSessionStore::new(console.state.clone(), console.clock.clone());
            Session::new(Some(id), Arc::new(store), None)
        };
        assert!(matches!(
            console.principal(&fresh()).await.expect("known"),
            Principal::User(_)
        ));

        let hash = console
            .hasher
            .hash(&"another horse battery".into())
            .await
            .expect("a hash");
        assert!(
            console
                .state
                .set_password(&"anna".parse().expect("a name"), &hash, clock.now())
                .await
                .expect("set")
        );
        // A request that was under way when the session ended saves it afterwards.
        session.insert("late", 1).await.expect("inserted");
        session.save().await.expect("saved");
        assert_eq!(
            console.principal(&fresh()).await.expect("known"),
            Principal::Anonymous
        );
    }
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator_once() {
    for store in stores("the_setup_link_makes_one_administrator_once").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        let token = console
            .new_setup_token()
            .await
            .expect("made")
            .expect("no user yet");

        let wrong = console
            .set_up(&session(&console), "made-up", "anna", &PASSWORD.into())
            .await;
        assert!(matches!(wrong, Err(SetupFailed::LinkInvalid)));
        let short = console
            .set_up(&session(&console), token.expose(), "anna", &"short".into())
            .await;
        assert!(matches!(short, Err(SetupFailed::Password(_))));
        assert!(
            console.is_setup_token(token.expose()).await.expect("read"),
            "a refused try uses nothing up"
        );

        // Two browsers at the same moment: one of them.
        let (a, b) = (session(&console), session(&console));
        let password = PASSWORD.into();
        let (first, second) = tokio::join!(
            console.set_up(&a, token.expose(), "anna", &password),
            console.set_up(&b, token.expose(), "berta", &password),
        );
        assert_eq!(
            usize::from(first.is_ok()) + usize::from(second.is_ok()),
            1,
            "{first:?} {second:?}"
        );
        assert_eq!(console.state.count_users().await.expect("counted"), 1);
        assert!(!console.is_setup_token(token.expose()).await.expect("read"));
        assert!(
            console.new_setup_token().await.expect("asked").is_none(),
            "no link while there is a user"
        );
    }
}

#[tokio::test]
async fn the_setup_link_is_void_after_a_day_when_replaced_and_when_a_user_was_added() {
    for store in stores("the_setup_link_is_void_after_a_day").await {
        let clock = FixedClock::from_now();
        let console = console(&store.state, &clock);
        let old = console.new_setup_token().await.expect("made").expect("a link");
        clock.advance(24 * 3600 + 1);
        assert!(!console.is_setup_token(old.expose()).await.expect("read"));
        let second = console.new_setup_token().await.expect("made").expect("a link");
        let third = console.new_setup_token().await.expect("made").expect("a link");
        assert!(!console.is_setup_token(second.expose()).await.expect("read"));
        add_user(&console, "anna", Role::Admin).await;
        assert!(!console.is_setup_token(third.expose()).await.expect("read"));
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

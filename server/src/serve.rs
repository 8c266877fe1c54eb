//! Starting and ending the console.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use backend::accounts::ChangeRefused;
use backend::actions::keep_actions;
use backend::audit::{ReadLog, remove_old_events, write_reads};
use backend::auth::{Granted, PasswordHasher};
use backend::clock::SharedClock;
use backend::collector::watch_database;
use backend::console::{Console, ConsoleParts};
use backend::declared::{Declarations, apply_declared_at_start};
use backend::history::{Limits, Recorder, keep_history, record_observations};
use backend::policies::settle_policy_changes;
use backend::retention::run_retention;
use backend::state::StateStore;
use domain::role::{Permission, Role};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::command::Failure;
use crate::configuration::Configuration;
use crate::logging::log_everything;
use crate::middleware::panic::remember_places;
use crate::router;

/// A request's head is complete within this time.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// Requests that are under way when the console is stopped have this long to end.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// What is under way in the databases then has this long.
const LAST_OPERATIONS: Duration = Duration::from_secs(15);

/// Serves until interrupted.
pub(crate) async fn serve(configuration: &Configuration, clock: SharedClock) -> Result<(), Failure> {
    log_everything(configuration);
    remember_places();
    find_front_end(&configuration.site_root)?;

    let state = StateStore::open(&configuration.state_url)
        .await
        .map_err(Failure::refused)?;
    // A hash takes a core for some 20 ms: leave one for the pages.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hasher = PasswordHasher::new(cores.saturating_sub(1)).map_err(Failure::refused)?;

    let mut tasks = JoinSet::new();
    let mut databases = Vec::with_capacity(configuration.databases.len());
    for database in &configuration.databases {
        let (watched, collecting) = watch_database(
            database.name.clone(),
            database.url.clone(),
            configuration.collect_every,
            Arc::clone(&clock),
        );
        databases.push(watched.changing_with(database.changes().clone()));
        tasks.spawn(collecting);
    }
    let listener = TcpListener::bind(configuration.listen).await.map_err(|error| {
        Failure::Refused(format!("cannot listen on {}: {error}; is a console running there already? Set listen (TIDEMARK_LISTEN) to another port", configuration.listen))
    })?;
    let address = listener.local_addr().map_err(Failure::refused)?;
    let public_address = configuration.public_address(address);
    let (reads, read_queue) = ReadLog::new();
    for watched in &databases {
        let recorder = Recorder::new(state.clone(), watched.name().clone(), Limits::default());
        tasks.spawn(record_observations(watched.clone(), recorder));
    }
    tasks.spawn(keep_history(state.clone(), Arc::clone(&clock), Limits::default()));
    let console = Console::new(ConsoleParts {
        state: state.clone(),
        hasher,
        clock,
        databases,
        reads,
        audit_keep_days: configuration.audit_keep_days,
        public_address: public_address.clone(),
        environment: configuration.environment.clone(),
        declarations: Declarations::new(
            configuration
                .databases
                .iter()
                .map(|database| (database.name.clone(), (&database.policies).into()))
                .collect(),
        ),
    });
    create_first_administrator(configuration, &console).await?;
    tasks.spawn(keep_house(console.clone()));
    tasks.spawn(apply_declared_at_start(console.clone()));
    let (stop_reads, stopped) = tokio::sync::watch::channel(false);
    let writing_reads = tokio::spawn(write_reads(read_queue, state.clone(), stopped));
    let (stop_settling, stopped) = tokio::sync::watch::channel(false);
    let settling = tokio::spawn(settle_policy_changes(console.clone(), stopped));

    let (stop_operations, stopped) = tokio::sync::watch::channel(false);
    let mut operations = JoinSet::new();
    operations.spawn(run_retention(console.clone(), stopped.clone()));
    operations.spawn(keep_actions(console.clone(), stopped));

    let router = router::router(configuration, &console, address);
    tracing::info!(address = %public_address, "Tidemark is ready");
    announce_setup_link(&console).await?;

    let served = listen(listener, router, console).await;
    // What is under way in the databases is ended, and how it ended is written down.
    let _ = stop_operations.send(true);
    let _ = tokio::time::timeout(LAST_OPERATIONS, operations.join_all()).await;
    // A change that is under way ends, rather than being settled at the next start.
    let _ = stop_settling.send(true);
    let _ = settling.await;
    tasks.shutdown().await;
    // What was counted since the last minute is written before the store closes.
    let _ = stop_reads.send(true);
    let _ = writing_reads.await;
    state.close().await;
    served.map_err(Failure::refused)
}

/// Answers requests until interrupted, and those that are under way then. A client that sends its head byte by byte is
/// cut off: it would hold a connection for ever.
async fn listen(listener: TcpListener, router: axum::Router, console: Console) -> std::io::Result<()> {
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        interrupted().await;
        // They have no end of their own.
        console.end_feeds();
        stopping.graceful_shutdown(Some(LAST_ANSWERS));
    });
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .acceptor(NoDelayAcceptor::new())
        .http1_only()
        .handle(handle);
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN);
    server
        .serve(router.into_make_service_with_connect_info::<std::net::SocketAddr>())
        .await
}

/// Resolves at Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// The front end, and beside the binary the names of its files: without either, pages would come without style or life.
fn find_front_end(site_root: &Path) -> Result<(), Failure> {
    let wrong = |what: String| {
        Failure::Usage(format!(
            "site_root: {what}; build it with \"make build\", or set TIDEMARK_SITE_ROOT to where it is"
        ))
    };
    let pkg = site_root.join("pkg");
    let files = std::fs::read_dir(&pkg)
        .map_err(|_| wrong(format!("there is no front end in {}", site_root.display())))?;
    let has_hashed_names = files
        .filter_map(Result::ok)
        .map(|file| std::path::PathBuf::from(file.file_name()))
        .any(|name| {
            name.extension().is_some_and(|kind| kind == "wasm") && name != Path::new("tidemark.wasm")
        });
    let hash_file = router::hash_file();
    if has_hashed_names && !hash_file.as_ref().is_some_and(|file| file.exists()) {
        let place = hash_file.map_or_else(|| "hash.txt".to_owned(), |file| file.display().to_string());
        return Err(wrong(format!(
            "{place} is missing, which names the files of the front end in {}",
            site_root.display()
        )));
    }
    Ok(())
}

async fn create_first_administrator(configuration: &Configuration, console: &Console) -> Result<(), Failure> {
    let Some(admin) = &configuration.admin else {
        return Ok(());
    };
    if console.has_user().await.map_err(Failure::refused)? {
        return Ok(());
    }
    let granted = Granted::of_command_line(Permission::ManageUsers);
    match console
        .add_user(&granted, admin.user.clone(), Role::Admin, &admin.password)
        .await
    {
        Ok(()) => {
            tracing::info!(user = %admin.user, "the first administrator was created from the configuration");
            Ok(())
        }
        // Another replica was faster.
        Err(ChangeRefused::NameTaken) => Ok(()),
        Err(ChangeRefused::Password(unfit)) => Err(Failure::Usage(format!("admin.password: {unfit}"))),
        Err(error) => Err(Failure::refused(error)),
    }
}

async fn announce_setup_link(console: &Console) -> Result<(), Failure> {
    if console.has_user().await.map_err(Failure::refused)? {
        return Ok(());
    }
    if let Some(token) = console.new_setup_token().await.map_err(Failure::refused)? {
        tracing::warn!(
            "there is no user yet; create the first administrator within 24 hours at {}/setup?token={}",
            console.public_address(),
            token.expose()
        );
    }
    Ok(())
}

/// Once an hour: what is out of date goes. It is worth nothing before that too.
async fn keep_house(console: Console) {
    let mut beat = tokio::time::interval(Duration::from_hours(1));
    loop {
        beat.tick().await;
        if let Err(error) = console.remove_expired().await {
            tracing::warn!(%error, "removing what is out of date failed");
        }
        if let Err(error) = remove_old_events(&console).await {
            tracing::warn!(%error, "removing old events from the audit log failed");
        }
    }
}

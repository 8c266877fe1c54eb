//! Starting and ending the console.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use backend::auth::PasswordHasher;
use backend::clock::SharedClock;
use backend::collector::watch_database;
use backend::console::Console;
use backend::state::{NewUser, StateStore, UserExists};
use domain::role::Role;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::command::Failure;
use crate::configuration::{Configuration, LogFormat};
use crate::router;

/// Serves until interrupted.
pub(crate) async fn serve(configuration: &Configuration, clock: SharedClock) -> Result<(), Failure> {
    start_logging(configuration);
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
        databases.push(watched);
        tasks.spawn(collecting);
    }
    let console = Console {
        state,
        hasher,
        clock,
        databases: databases.into(),
        environment: configuration.environment.as_deref().map(Arc::from),
    };
    create_first_administrator(configuration, &console).await?;
    tasks.spawn(remove_expired_sessions(console.clone()));

    let listener = TcpListener::bind(configuration.listen).await.map_err(|error| {
        Failure::Refused(format!("cannot listen on {}: {error}; is a console running there already? Set listen (TIDEMARK_LISTEN) to another port", configuration.listen))
    })?;
    let address = listener.local_addr().map_err(Failure::refused)?;
    let router = router::router(configuration, &console, address);
    let public_address = configuration.public_url.as_ref().map_or_else(
        || format!("http://{address}"),
        |url| url.as_str().trim_end_matches('/').to_owned(),
    );
    tracing::info!(address = %public_address, "Tidemark is ready");
    announce_setup_link(&console, &public_address).await?;

    let served = axum::serve(
        listener,
        router.into_make_service_with_connect_info::<std::net::SocketAddr>(),
    )
    .with_graceful_shutdown(interrupted())
    .await;
    tasks.shutdown().await;
    console.state.close().await;
    served.map_err(Failure::refused)
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

fn start_logging(configuration: &Configuration) {
    let filter = EnvFilter::new(&configuration.log);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match configuration.log_format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}

fn find_front_end(site_root: &Path) -> Result<(), Failure> {
    if site_root.join("pkg").is_dir() {
        Ok(())
    } else {
        Err(Failure::Usage(format!(
            "site_root: there is no front end in {}; build it with \"make build\", or set TIDEMARK_SITE_ROOT to where it is",
            site_root.display()
        )))
    }
}

async fn create_first_administrator(configuration: &Configuration, console: &Console) -> Result<(), Failure> {
    let Some(admin) = &configuration.admin else {
        return Ok(());
    };
    if console.state.count_users().await.map_err(Failure::refused)? > 0 {
        return Ok(());
    }
    let password_hash = console
        .hasher
        .hash(&admin.password)
        .await
        .map_err(Failure::refused)?;
    let user = NewUser {
        name: admin.user.clone(),
        role: Role::Admin,
        password_hash,
    };
    match console.state.add_user(&user, console.clock.now()).await {
        Ok(_) => {
            tracing::info!(user = %admin.user, "the first administrator was created from the configuration");
        }
        // Another replica was faster.
        Err(UserExists::Taken(_)) => {}
        Err(UserExists::State(error)) => return Err(Failure::refused(error)),
    }
    Ok(())
}

async fn announce_setup_link(console: &Console, public_address: &str) -> Result<(), Failure> {
    if console.state.count_users().await.map_err(Failure::refused)? > 0 {
        return Ok(());
    }
    if let Some(token) = console.new_setup_token().await.map_err(Failure::refused)? {
        tracing::warn!(
            "there is no user yet; create the first administrator within 24 hours at {public_address}/setup?token={}",
            token.expose()
        );
    }
    Ok(())
}

/// Once an hour; a session that is out of date is worth nothing before that too.
async fn remove_expired_sessions(console: Console) {
    let mut beat = tokio::time::interval(std::time::Duration::from_hours(1));
    loop {
        beat.tick().await;
        if let Err(error) = console.state.remove_expired_sessions(console.clock.now()).await {
            tracing::warn!(%error, "removing sessions that are out of date failed");
        }
    }
}

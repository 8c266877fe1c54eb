//! Which request goes where, and what every request passes through first.

use std::net::SocketAddr;
use std::time::Duration;

use app::{App, shell};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::{Request, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use backend::console::Console;
use backend::state::StateSessionStore;
use http::StatusCode;
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list, handle_server_fns_with_context};
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::configuration::Configuration;
use crate::health::health;
use crate::middleware::{authenticate, browser_security, cache_forever, log_request, origin};

/// No form of the console is larger.
const BODY_LIMIT_BYTES: usize = 256 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A session that is not used this long has ended.
const IDLE_MINUTES: i64 = 60;

/// Everything the console serves.
pub(crate) fn router(configuration: &Configuration, console: &Console, address: SocketAddr) -> Router {
    let site_root = configuration.site_root.clone();
    let options = LeptosOptions::builder()
        .output_name("tidemark")
        .site_root(site_root.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(address)
        .env(leptos::config::Env::PROD)
        .hash_files(true)
        .build();

    let give_console = {
        let console = console.clone();
        move || provide_context(console.clone())
    };
    let document = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let pages = Router::new().leptos_routes_with_context(
        &options,
        generate_route_list(App),
        give_console.clone(),
        document.clone(),
    );
    let not_found = leptos_axum::render_app_async_with_context(give_console, document);

    let sessions = SessionManagerLayer::new(StateSessionStore::new(
        console.state.clone(),
        console.clock.clone(),
    ))
    .with_name("__Host-tidemark")
    .with_secure(true)
    .with_http_only(true)
    .with_same_site(SameSite::Lax)
    .with_path("/")
    .with_expiry(Expiry::OnInactivity(
        tower_sessions::cookie::time::Duration::minutes(IDLE_MINUTES),
    ));

    let files = ServeDir::new(&site_root).precompressed_br().precompressed_gzip();
    let allowed = origin::AllowedOrigins::of(configuration.public_url.as_ref(), address);

    pages
        .route("/", get(first_database).with_state(console.clone()))
        .route("/fn/{*name}", any(server_function).with_state(console.clone()))
        .fallback(not_found)
        .with_state(options)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(console.clone(), authenticate::authenticate))
        .layer(sessions)
        .route("/health", get(health).with_state(console.clone()))
        .nest_service(
            "/pkg",
            tower::ServiceBuilder::new()
                .layer(from_fn(cache_forever::cache_forever))
                .service(
                    ServeDir::new(site_root.join("pkg"))
                        .precompressed_br()
                        .precompressed_gzip(),
                ),
        )
        .route_service("/favicon.svg", files.clone())
        .nest_service(
            "/fonts",
            tower::ServiceBuilder::new()
                .layer(from_fn(cache_forever::cache_a_day))
                .service(ServeDir::new(site_root.join("fonts"))),
        )
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(tower_http::limit::RequestBodyLimitLayer::new(BODY_LIMIT_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .layer(from_fn_with_state(allowed, origin::check_origin))
        .layer(from_fn_with_state(
            configuration.public_url.clone(),
            browser_security::browser_security,
        ))
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
        .layer(from_fn(log_request::log_request))
}

async fn server_function(State(console): State<Console>, request: Request) -> Response {
    handle_server_fns_with_context(move || provide_context(console.clone()), request)
        .await
        .into_response()
}

/// The address without a path leads to the first database.
async fn first_database(State(console): State<Console>) -> Response {
    match console.database_names().first() {
        Some(name) => Redirect::to(&format!("/db/{name}")).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

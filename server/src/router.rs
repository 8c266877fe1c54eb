//! Which request goes where, and what every request passes through first.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::{App, shell};
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, any, get};
use axum::{Router, middleware::Next};
use backend::auth::Caller;
use backend::console::Console;
use domain::role::Permission;
use http::StatusCode;
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list, handle_server_fns_with_context};
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::api::v1;
use crate::api::v1::ConfigurationBody;
use crate::audit_export;
use crate::configuration::Configuration;
use crate::events::{self, Streams};
use crate::export::Exports;
use crate::health::health;
use crate::list_export::{export_of_console, export_of_database};
use crate::middleware::api_errors::answer_problems;
use crate::middleware::client::{TrustedProxies, identify_client};
use crate::middleware::limit_requests::{Places, limit_requests};
use crate::middleware::origin::{AllowedOrigins, check_origin};
use crate::middleware::panic::{catch_panic, in_own_task, page_in_own_task, run_page_tasks};
use crate::middleware::receive_body::receive_body;
use crate::middleware::reference::give_reference;
use crate::middleware::{authenticate, browser_security, cache_forever, log_request};
use crate::policy_export::export_policies;
use crate::problem::Problem;

/// No form of the console is larger.
const BODY_LIMIT_BYTES: usize = 256 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A session that is not used this long has ended.
const IDLE_MINUTES: i64 = 60;

/// What answers behind the login, beside pages and server functions: each demands its permission itself.
fn guarded_endpoints() -> Vec<(&'static str, MethodRouter<Console>)> {
    let mut endpoints = vec![
        ("/", get(first_database)),
        ("/audit/export.{format}", get(audit_export::export)),
        ("/events/{database}", get(events::listen)),
        ("/db/{database}/export/policies.toml", get(export_policies)),
        ("/db/{database}/export/{list}", get(export_of_database)),
        ("/export/{list}", get(export_of_console)),
    ];
    endpoints.extend(v1::endpoints());
    endpoints
}

/// What answers without a login and names nothing.
fn open_endpoints() -> Vec<(&'static str, MethodRouter<Console>)> {
    let mut endpoints = vec![("/health", get(health))];
    endpoints.extend(v1::documentation());
    endpoints
}

/// The addresses of pages. Asked of the app once: while it is asked, nothing that a page loads is loaded, in the whole
/// process, and a page that is drawn at that moment waits for ever.
fn page_routes() -> &'static [AxumRouteListing] {
    static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();
    ROUTES.get_or_init(|| generate_route_list(App))
}

/// Every address there is: pages, endpoints and server functions. The authorization test goes through them.
pub fn addresses() -> Vec<String> {
    let pages = page_routes().iter().map(|page| page.path().to_owned());
    let endpoints = guarded_endpoints()
        .into_iter()
        .chain(open_endpoints())
        .map(|(path, _)| path.to_owned());
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned());
    let mut addresses: Vec<String> = pages.chain(endpoints).chain(functions).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

fn routes(endpoints: Vec<(&'static str, MethodRouter<Console>)>, console: &Console) -> Router {
    endpoints
        .into_iter()
        .fold(Router::new(), |router, (path, handler)| {
            router.route(path, handler)
        })
        .with_state(console.clone())
}

/// The names of the front end's files with their hashes, which the build leaves beside the binary.
pub(crate) fn hash_file() -> Option<std::path::PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join("hash.txt"))
}

/// Everything the console serves.
pub fn router(configuration: &Configuration, console: &Console, address: SocketAddr) -> Router {
    run_page_tasks();
    let site_root = configuration.site_root.clone();
    let options = LeptosOptions::builder()
        .output_name("tidemark")
        .site_root(site_root.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(address)
        .env(leptos::config::Env::PROD)
        .hash_files(hash_file().is_some_and(|file| file.exists()))
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
        page_routes().to_vec(),
        give_console.clone(),
        document.clone(),
    );
    let not_found = leptos_axum::render_app_async_with_context(give_console, document);

    let sessions = SessionManagerLayer::new(console.session_store())
        .with_name(authenticate::SESSION_COOKIE)
        .with_secure(true)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(
            tower_sessions::cookie::time::Duration::minutes(IDLE_MINUTES),
        ));

    let files = ServeDir::new(&site_root).precompressed_br().precompressed_gzip();
    let allowed = AllowedOrigins::of(configuration.public_url.as_ref(), address);

    pages
        .fallback(not_found)
        .layer(from_fn(|request, next| {
            page_in_own_task(REQUEST_TIMEOUT, request, next)
        }))
        .route("/fn/{*name}", any(server_function).with_state(console.clone()))
        .with_state(options)
        .merge(routes(guarded_endpoints(), console))
        .layer(Extension(Arc::new(ConfigurationBody::from(configuration))))
        .layer(Extension(Streams::default()))
        .layer(Extension(Exports::default()))
        .layer(from_fn_with_state(api_addresses(), unknown_api_addresses))
        // But for images and streams of events, which it would hold back.
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(console.clone(), authenticate::authenticate))
        .layer(sessions)
        // Liveness, and files, are answered however many wait. A stream of events leaves its place when it begins.
        .layer(from_fn_with_state(Places::default(), limit_requests))
        .layer(from_fn(|request, next| {
            receive_body(BODY_LIMIT_BYTES, request, next)
        }))
        .merge(routes(open_endpoints(), console))
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
        .route_service(
            "/live.js",
            tower::ServiceBuilder::new()
                .layer(from_fn(cache_forever::ask_each_time))
                .layer(from_fn(browser_security::allow_connecting))
                .service(files),
        )
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
        .layer(from_fn_with_state((allowed, console.clone()), check_origin))
        .layer(from_fn_with_state(
            TrustedProxies::new(&configuration.trusted_proxies),
            identify_client,
        ))
        .layer(from_fn(catch_panic))
        .layer(from_fn(answer_problems))
        .layer(from_fn_with_state(
            configuration.public_url.clone(),
            browser_security::browser_security,
        ))
        .layer(from_fn(log_request::log_request))
        .layer(from_fn(give_reference))
}

async fn server_function(State(console): State<Console>, request: Request) -> Response {
    in_own_task(async move {
        handle_server_fns_with_context(move || provide_context(console.clone()), request)
            .await
            .into_response()
    })
    .await
}

/// The address without a path leads to the first database.
async fn first_database(
    State(console): State<Console>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let granted = console.demand(&caller, Permission::ViewStatus, "/").await?;
    Ok(match console.database_names(&granted).first() {
        Some(name) => Redirect::to(&format!("/db/{name}")).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

fn api_addresses() -> Arc<[&'static str]> {
    v1::endpoints().into_iter().map(|(path, _)| path).collect()
}

/// Whether an address is one of those a pattern stands for.
fn fits(path: &str, pattern: &str) -> bool {
    let (mut parts, mut patterns) = (path.split('/'), pattern.split('/'));
    loop {
        match (parts.next(), patterns.next()) {
            (None, None) => return true,
            (Some(part), Some(pattern)) if part == pattern => {}
            (Some(part), Some(pattern)) if pattern.starts_with('{') && !part.is_empty() => {}
            _ => return false,
        }
    }
}

/// At an address of the API that is none, programs get no page.
async fn unknown_api_addresses(
    State(known): State<Arc<[&'static str]>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") && !known.iter().any(|pattern| fits(path, pattern)) {
        return Problem::new(
            StatusCode::NOT_FOUND,
            "There is nothing at this address of the API.",
        )
        .into_response();
    }
    next.run(request).await
}

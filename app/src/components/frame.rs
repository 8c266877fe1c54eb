//! The frame of every page about a database: navigation, name, age of the data, account.

use domain::account::Account;
use domain::database::DatabaseName;
use domain::observation::Health;
use domain::overview::DatabaseStatus;
use domain::role::Permission;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::{use_location, use_params_map};

use super::account_menu::AccountMenu;
use super::icon::{Icon, Symbol};
use super::live::{LiveAge, Refresher};
use super::notice::LoadFailed;
use crate::browser::{focus_on_slash, sign_in_again};
use crate::error::AppError;
use crate::server_fns::{Frame as LoadedFrame, load_frame, load_status};

/// The database in the page's address.
pub(crate) fn database_parameter() -> Memo<String> {
    let parameters = use_params_map();
    Memo::new(move |_| parameters.read().get("database").unwrap_or_default())
}

/// The frame with a page about a database in it.
#[component]
pub(crate) fn DatabaseFrame() -> impl IntoView {
    let database = database_parameter();
    view! { <Frame database=Signal::derive(move || Some(database.get())) /> }
}

/// The frame with a page in it that belongs to all databases.
#[component]
pub(crate) fn ConsoleFrame() -> impl IntoView {
    view! { <Frame database=Signal::derive(|| None) /> }
}

#[component]
fn Frame(database: Signal<Option<String>>) -> impl IntoView {
    let refresher = Refresher::start();
    provide_context(refresher);
    // Loaded once for a database: what changes with every reading is loaded by what shows it, so that a form in the
    // page stays as it is.
    let frame = Resource::new(move || database.get(), load_frame);
    view! {
        <Suspense fallback=|| ()>
            {move || Suspend::new(async move {
                match frame.await {
                    Ok(frame) => view! { <FrameBody frame /> }.into_any(),
                    Err(error) => view! { <main class="alone"><LoadFailed error /></main> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn FrameBody(frame: LoadedFrame) -> impl IntoView {
    focus_on_slash("filter");
    let is_open = RwSignal::new(false);
    let location = use_location();
    // The drawer closes when another page is opened.
    Effect::new(move |_| {
        location.pathname.track();
        is_open.set(false);
    });
    let base = format!("/db/{}", frame.status.database);
    let account = frame.account.clone();
    let status = live_status(frame.status.clone());
    view! {
        <div class="app">
            <a class="skip" href="#content">"Skip to content"</a>
            <input
                type="checkbox"
                id="drawer"
                class="drawer-toggle"
                aria-label="Navigation"
                prop:checked=is_open
                on:change=move |event| is_open.set(event_target_checked(&event))
            />
            <aside class="side">
                <p class="brand"><Logo /> "Tidemark"</p>
                <DatabaseSwitch databases=frame.databases.clone() name=frame.status.database.clone() status />
                <nav aria-label="Pages">
                    <p class="nav-title" id="nav-observe">"Observe"</p>
                    <ul aria-labelledby="nav-observe">
                        <li><A href=base.clone() exact=true attr:class="nav"><Icon symbol=Symbol::Overview /> "Overview"</A></li>
                        {account.may(Permission::ViewDetails).then(|| view! {
                            <NavItem href=format!("{base}/hypertables") symbol=Symbol::Hypertables label="Hypertables" />
                        })}
                    </ul>
                    <AdministrationNav account=account.clone() />
                </nav>
            </aside>
            <div class="content">
                <header class="top">
                    <label class="drawer-button" for="drawer" aria-hidden="true"><Icon symbol=Symbol::Menu /></label>
                    <Crumbs base=base.clone() />
                    <div class="top-end">
                        {frame.environment.map(|environment| view! { <span class="environment">{environment}</span> })}
                        <LiveState status />
                        <AccountMenu account=frame.account />
                    </div>
                </header>
                <main id="content" tabindex="-1"><Outlet /></main>
            </div>
        </div>
    }
}

/// How the database stands, loaded again and again. Who is signed out meanwhile leaves the page.
fn live_status(loaded: DatabaseStatus) -> RwSignal<DatabaseStatus> {
    let database = loaded.database.to_string();
    let status = RwSignal::new(loaded);
    let refresher = expect_context::<Refresher>();
    Effect::new(move |before: Option<u32>| {
        let version = refresher.version();
        if before.is_some() {
            let database = database.clone();
            leptos::task::spawn_local(async move {
                match load_status(database).await {
                    Ok(loaded) => status.set(loaded),
                    Err(AppError::NotSignedIn) => sign_in_again(),
                    // The age goes on counting, and says so.
                    Err(_) => {}
                }
            });
        }
        version
    });
    status
}

#[component]
fn NavItem(href: String, symbol: Symbol, label: &'static str) -> impl IntoView {
    view! { <li><A href=href attr:class="nav"><Icon symbol /> {label}</A></li> }.into_any()
}

#[component]
fn AdministrationNav(account: Account) -> impl IntoView {
    let manages = account.may(Permission::ManageUsers);
    let audits = account.may(Permission::ViewAudit);
    (manages || audits).then(|| view! {
        <p class="nav-title" id="nav-administer">"Administer"</p>
        <ul aria-labelledby="nav-administer">
            {manages.then(|| view! { <NavItem href="/users".to_owned() symbol=Symbol::Users label="Users" /> })}
            {manages.then(|| view! { <NavItem href="/tokens".to_owned() symbol=Symbol::Key label="Tokens" /> })}
            {audits.then(|| view! { <NavItem href="/audit".to_owned() symbol=Symbol::Scroll label="Audit log" /> })}
        </ul>
    }).into_any()
}

/// The mark: a tide line.
#[component]
pub(crate) fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 22 22" width="22" height="22" aria-hidden="true" focusable="false">
            <rect class="logo-ground" width="22" height="22" rx="5" />
            <path class="logo-line" d="M4 8.2h14" />
            <path class="logo-line" d="M4 13.6c2.3-2.6 4.7-2.6 7 0s4.7 2.6 7 0" />
        </svg>
    }
}

#[component]
fn DatabaseSwitch(
    databases: Vec<DatabaseName>,
    name: DatabaseName,
    status: RwSignal<DatabaseStatus>,
) -> impl IntoView {
    let version = move || {
        status.with(|status| match &status.figures {
            Some(figures) => format!(
                "TimescaleDB {} · {}",
                figures.timescaledb_version,
                figures.edition.as_str()
            ),
            None => "not read yet".to_owned(),
        })
    };
    let others: Vec<_> = databases
        .into_iter()
        .filter(|database| *database != name)
        .collect();
    let name = name.to_string();
    if others.is_empty() {
        view! { <div class="switch"><strong>{name}</strong> <small>{version}</small></div> }.into_any()
    } else {
        let label = format!("Database {name}. Choose another");
        view! {
            <details class="switch menu">
                <summary aria-label=label>
                    <span><strong>{name}</strong> <small>{version}</small></span>
                    <Icon symbol=Symbol::Chevron />
                </summary>
                <ul class="menu-body">
                    {others
                        .into_iter()
                        .map(|database| view! { <li><A href=format!("/db/{database}") attr:class="menu-item">{database.to_string()}</A></li> })
                        .collect_view()}
                </ul>
            </details>
        }.into_any()
    }
}

#[component]
fn Crumbs(base: String) -> impl IntoView {
    let location = use_location();
    let crumb = Memo::new(move |_| location.pathname.with(|path| Crumb::of(path)));
    view! {
        <nav class="crumbs" aria-label="Breadcrumbs">
            <ol>
                {move || match crumb.get() {
                    Crumb::OfDatabase(page) => view! {
                        <li class="crumb-database"><A href=base.clone()>"Database"</A></li>
                        <li aria-current="page">{page}</li>
                    }.into_any(),
                    Crumb::OfConsole(page) => view! { <li aria-current="page">{page}</li> }.into_any(),
                    Crumb::User(name) => view! {
                        <li><A href="/users">"Users"</A></li>
                        <li aria-current="page">{name}</li>
                    }.into_any(),
                }}
            </ol>
        </nav>
    }
    .into_any()
}

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Crumb {
    OfDatabase(&'static str),
    OfConsole(&'static str),
    User(String),
}

impl Crumb {
    fn of(path: &str) -> Self {
        match path.trim_end_matches('/') {
            "/account" => Self::OfConsole("Account"),
            "/users" => Self::OfConsole("Users"),
            "/tokens" => Self::OfConsole("Tokens"),
            "/audit" => Self::OfConsole("Audit log"),
            path => match path.strip_prefix("/users/") {
                Some(name) => Self::User(name.to_owned()),
                None if path.ends_with("/hypertables") => Self::OfDatabase("Hypertables"),
                None => Self::OfDatabase("Overview"),
            },
        }
    }
}

/// `live · 3 s ago`, or that it is not.
#[component]
fn LiveState(status: RwSignal<DatabaseStatus>) -> impl IntoView {
    let health = Memo::new(move |_| status.with(|status| status.health));
    let class = move || match health.get() {
        Health::Healthy => "dot ok",
        Health::Starting => "dot plain",
        Health::Stale => "dot warn",
        Health::Unavailable => "dot bad",
    };
    let word = move || match health.get() {
        Health::Healthy => "live",
        Health::Starting => "connecting",
        Health::Stale => "stale",
        Health::Unavailable => "unavailable",
    };
    view! {
        <span class="live">
            <span class=class></span>
            {word}
            {move || status.with(|status| status.freshness).map(|freshness| view! {
                <span class="live-age"><LiveAge freshness /></span>
            })}
        </span>
    }
    .into_any()
}

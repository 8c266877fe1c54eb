//! The frame of every page about a database: navigation, name, age of the data, account.

use std::cell::Cell;

use domain::account::Account;
use domain::database::DatabaseName;
use domain::observation::Health;
use domain::overview::DatabaseStatus;
use domain::quantity::minute;
use domain::role::Permission;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::{use_location, use_params_map};

use super::account_menu::AccountMenu;
use super::crumbs::Crumbs;
use super::icon::{Icon, Symbol};
use super::keys::Keys;
use super::live::{LiveAge, Refresher};
use super::newer::{Newer, newer_status};
use super::search_field::SearchField;
use crate::browser::place::keep_place;
use crate::browser::{
    checked_before_hydration, close_menus, close_menus_when_left, focus_on_keys, monotonic_ms, on_use,
};
use crate::error::AppError;
use crate::loading::{Loaded, load};
use crate::server_fns::{Frame as LoadedFrame, load_frame, note_use};

/// The database in the page's address.
pub(crate) fn database_parameter() -> Memo<String> {
    let parameters = use_params_map();
    Memo::new(move |_| parameters.read().get("database").unwrap_or_default())
}

/// The frame with a page about a database in it.
#[component]
pub(crate) fn DatabaseFrame() -> impl IntoView {
    let database = database_parameter();
    view! { <Frame database=Signal::derive(move || Some(database.get()))><Outlet /></Frame> }
}

/// The frame with a page in it that belongs to all databases.
#[component]
pub(crate) fn ConsoleFrame() -> impl IntoView {
    view! { <Frame database=Signal::derive(|| None)><Outlet /></Frame> }
}

/// The frame around what is said at an address where nothing is.
#[component]
pub(crate) fn LostFrame(children: Children) -> impl IntoView {
    view! { <Frame database=Signal::derive(|| None)>{children()}</Frame> }
}

/// What the frame knows of whoever is signed in, for pages in it.
pub(crate) type OwnFrame = Loaded<Result<LoadedFrame, AppError>>;

/// What opens the navigation on a narrow screen.
const DRAWER: &str = "drawer";

/// Use of a page is noted this often at most.
const NOTE_USE_EVERY_MS: f64 = 30_000.0;

thread_local! {
    /// When it was noted last; loading the page counts. Outlives the frame, which is another one for other pages.
    static NOTED_MS: Cell<f64> = const { Cell::new(0.0) };
}

/// The pages for those who may see details: address below the database's, icon, name.
const DETAIL_PAGES: [(&str, Symbol, &str); 6] = [
    ("hypertables", Symbol::Hypertables, "Hypertables"),
    ("chunks", Symbol::Chunks, "Chunks"),
    ("compression", Symbol::Compression, "Compression"),
    ("jobs", Symbol::Jobs, "Jobs"),
    ("aggregates", Symbol::Aggregates, "Continuous aggregates"),
    ("activity", Symbol::Activity, "Activity"),
];

/// The page stands in no `Suspense` of the frame's: what is in one is built again and again while the server waits, and
/// the page would load its data each time.
#[component]
fn Frame(database: Signal<Option<String>>, children: Children) -> impl IntoView {
    let refresher = Refresher::new();
    provide_context(refresher);
    // Loaded once for a database: what changes with every reading is loaded by what shows it, so that a form in the
    // page stays as it is.
    let frame = load(move || database.get(), load_frame);
    provide_context(frame);
    let newer = newer_status(frame, refresher);
    keep_place();
    focus_on_keys();
    note_use_now_and_then();
    close_menus_when_left();
    let is_open = RwSignal::new(checked_before_hydration(DRAWER));
    let location = use_location();
    // The drawer and menus close when another page is opened; what was opened before the app took over stays.
    Effect::new(move |before: Option<()>| {
        location.pathname.track();
        if before.is_some() {
            is_open.set(false);
            close_menus();
        }
    });
    view! {
        <div class="app">
            <a class="skip" href="#content">"Skip to content"</a>
            <input
                type="checkbox"
                id=DRAWER
                class="drawer-toggle"
                aria-label="Navigation"
                prop:checked=is_open
                on:change=move |event| is_open.set(event_target_checked(&event))
            />
            <aside class="side">
                <p class="brand"><Logo /> "Tidemark"</p>
                <Transition fallback=|| ()>
                    {move || Suspend::new(async move {
                        frame.await.ok().map(|frame| view! { <SideBody frame newer /> })
                    })}
                </Transition>
            </aside>
            <div class="content">
                <header class="top">
                    <label class="drawer-button" for=DRAWER aria-hidden="true"><Icon symbol=Symbol::Menu /></label>
                    <Crumbs />
                    <Transition fallback=|| ()>
                        {move || Suspend::new(async move {
                            frame.await.ok().map(|frame| view! { <TopEnd frame newer /> })
                        })}
                    </Transition>
                </header>
                <main id="content" tabindex="-1">{children()}</main>
            </div>
            <Keys />
        </div>
    }
}

#[component]
fn SideBody(frame: LoadedFrame, newer: Newer) -> impl IntoView {
    let base = format!("/db/{}", frame.status.database);
    let account = frame.account;
    view! {
        <DatabaseSwitch databases=frame.databases status=frame.status newer />
        <nav aria-label="Pages">
            <p class="nav-title" id="nav-observe">"Observe"</p>
            <ul aria-labelledby="nav-observe">
                <li><A href=base.clone() exact=true attr:class="nav"><Icon symbol=Symbol::Overview /> "Overview"</A></li>
                {account.may(Permission::ViewDetails).then(|| DETAIL_PAGES
                    .into_iter()
                    .map(|(path, symbol, label)| view! { <NavItem href=format!("{base}/{path}") symbol label /> })
                    .collect_view())}
            </ul>
            {account.may(Permission::OperateJobs).then(|| view! {
                <p class="nav-title" id="nav-change">"Change"</p>
                <ul aria-labelledby="nav-change">
                    {account.may(Permission::ChangePolicies).then(|| view! { <NavItem href=format!("{base}/policies") symbol=Symbol::Policies label="Policies" /> })}
                    <NavItem href=format!("{base}/actions") symbol=Symbol::Actions label="Actions" />
                </ul>
            })}
            <AdministrationNav account />
        </nav>
    }
}

#[component]
fn TopEnd(frame: LoadedFrame, newer: Newer) -> impl IntoView {
    let searches = frame
        .account
        .may(Permission::ViewDetails)
        .then(|| frame.status.database.to_string());
    view! {
        <div class="top-end">
            {searches.map(|database| view! { <SearchField database /> })}
            {frame.environment.map(|environment| view! { <span class="environment">{environment}</span> })}
            <LiveState status=frame.status newer />
            <AccountMenu account=frame.account />
        </div>
    }
}

/// A session that somebody works with goes on; a page that is only left open does not keep it.
fn note_use_now_and_then() {
    on_use(move || {
        let now_ms = monotonic_ms();
        if now_ms - NOTED_MS.get() >= NOTE_USE_EVERY_MS {
            NOTED_MS.set(now_ms);
            leptos::task::spawn_local(async {
                // Who is signed out learns it from what the page loads.
                let _ = note_use().await;
            });
        }
    });
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
fn DatabaseSwitch(databases: Vec<DatabaseName>, status: DatabaseStatus, newer: Newer) -> impl IntoView {
    let name = status.database.clone();
    let version = move || {
        newer.with(|newer| match &newer.as_ref().unwrap_or(&status).figures {
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

/// `live · 3 s ago`, or that it is not.
#[component]
fn LiveState(status: DatabaseStatus, newer: Newer) -> impl IntoView {
    let (loaded_health, loaded_freshness) = (status.health, status.freshness);
    let health = Memo::new(move |_| newer.with(|newer| newer.as_ref().map_or(loaded_health, |n| n.health)));
    let freshness = move || newer.with(|newer| newer.as_ref().map_or(loaded_freshness, |n| n.freshness));
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
            <span class=move || if health.get() == Health::Healthy { "scripted" } else { "" }>{word}</span>
            {move || freshness().map(|freshness| view! {
                <span class="live-age scripted"><LiveAge freshness /></span>
                <span class="unscripted">"as of " {minute(freshness.collected_at)} " UTC"</span>
            })}
        </span>
    }
    .into_any()
}

//! The frame of every page about a database: navigation, name, age of the data, account.

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
use crate::browser::focus_on_slash;
use crate::server_fns::{Frame, load_frame};

/// The database in the page's address.
pub(crate) fn database_parameter() -> Memo<String> {
    let parameters = use_params_map();
    Memo::new(move |_| parameters.read().get("database").unwrap_or_default())
}

/// The frame with a page in it.
#[component]
pub(crate) fn DatabaseFrame() -> impl IntoView {
    let database = database_parameter();
    let refresher = Refresher::start();
    provide_context(refresher);
    let frame = Resource::new(
        move || (database.get(), refresher.version()),
        |(database, _)| load_frame(database),
    );
    view! {
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                match frame.await {
                    Ok(frame) => view! { <FrameBody frame /> }.into_any(),
                    Err(error) => view! { <main class="alone"><LoadFailed error /></main> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn FrameBody(frame: Frame) -> impl IntoView {
    focus_on_slash("filter");
    let is_open = RwSignal::new(false);
    let location = use_location();
    // The drawer closes when another page is opened.
    Effect::new(move |_| {
        location.pathname.track();
        is_open.set(false);
    });
    let base = format!("/db/{}", frame.status.database);
    let sees_details = frame.account.may(Permission::ViewDetails);
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
                <DatabaseSwitch databases=frame.databases.clone() status=frame.status.clone() />
                <nav aria-label="Pages">
                    <p class="nav-title" id="nav-observe">"Observe"</p>
                    <ul aria-labelledby="nav-observe">
                        <li>
                            <A href=base.clone() exact=true attr:class="nav"><Icon symbol=Symbol::Overview /> "Overview"</A>
                        </li>
                        {sees_details.then(|| view! {
                            <li>
                                <A href=format!("{base}/hypertables") attr:class="nav">
                                    <Icon symbol=Symbol::Hypertables /> "Hypertables"
                                </A>
                            </li>
                        })}
                    </ul>
                </nav>
            </aside>
            <div class="content">
                <header class="top">
                    <label class="drawer-button" for="drawer" aria-hidden="true"><Icon symbol=Symbol::Menu /></label>
                    <Crumbs base=base.clone() />
                    <div class="top-end">
                        {frame.environment.map(|environment| view! { <span class="environment">{environment}</span> })}
                        <LiveState status=frame.status />
                        <AccountMenu account=frame.account />
                    </div>
                </header>
                <main id="content" tabindex="-1"><Outlet /></main>
            </div>
        </div>
    }
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
fn DatabaseSwitch(databases: Vec<DatabaseName>, status: DatabaseStatus) -> impl IntoView {
    let name = status.database.to_string();
    let version = match &status.figures {
        Some(figures) => format!(
            "TimescaleDB {} · {}",
            figures.timescaledb_version,
            figures.edition.as_str()
        ),
        None => "not read yet".to_owned(),
    };
    let others: Vec<_> = databases
        .into_iter()
        .filter(|database| *database != status.database)
        .collect();
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
    let page = move || {
        if location.pathname.read().ends_with("/hypertables") {
            "Hypertables"
        } else {
            "Overview"
        }
    };
    view! {
        <nav class="crumbs" aria-label="Breadcrumbs">
            <ol>
                <li class="crumb-database"><A href=base>"Database"</A></li>
                <li aria-current="page">{page}</li>
            </ol>
        </nav>
    }
    .into_any()
}

/// `live · 3 s ago`, or that it is not.
#[component]
fn LiveState(status: DatabaseStatus) -> impl IntoView {
    let (class, word) = match status.health {
        Health::Healthy => ("dot ok", "live"),
        Health::Starting => ("dot plain", "connecting"),
        Health::Stale => ("dot warn", "stale"),
        Health::Unavailable => ("dot bad", "unavailable"),
    };
    view! {
        <span class="live">
            <span class=class></span>
            {word}
            {status.freshness.map(|freshness| view! { <span class="live-age"><LiveAge freshness /></span> })}
        </span>
    }
    .into_any()
}

//! The Overview: whether all is well, what the database costs, which tables cost most.

#[cfg(feature = "ssr")]
mod drawn;

use domain::psql::Statement;
use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub(crate) use self::drawn::draw_overview;
use crate::browser::send_form;
use crate::components::{
    Fragment, Icon, LoadFailed, PageTitle, PsqlOf, Refresher, StorageChart, Symbol, database_parameter,
};
use crate::loading::load_again;
use crate::server_fns::{DrawnOverview, load_overview};

/// The page.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let overview = load_again(move || database.get(), move || refresher.version(), load_overview);
    let refreshing = RwSignal::new(Refreshing::Idle);
    // Each part where it belongs, all of one answer.
    let part = move |take: fn(DrawnOverview) -> charts::Markup| {
        view! {
            <Transition fallback=|| ()>
                {move || Suspend::new(async move {
                    overview.await.ok().map(|overview| view! { <Fragment markup=take(overview) /> })
                })}
            </Transition>
        }
    };
    view! {
        <PageTitle text=Signal::derive(move || format!("{} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <OverviewSkeleton /> }>
            {move || Suspend::new(async move {
                match overview.await {
                    Ok(overview) => view! { <Head overview database=database.get_untracked() refreshing /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        {part(|overview| overview.figures)}
        <div class="grid g21">
            <StorageChart />
            <div class="stack">{part(|overview| overview.attention)} {part(|overview| overview.server)}</div>
        </div>
        {part(|overview| overview.tables)}
        <PsqlOf title="Overview" statement=Statement::Overview />
    }
}

#[component]
fn Head(overview: DrawnOverview, database: String, refreshing: RwSignal<Refreshing>) -> impl IntoView {
    view! {
        <div class="head">
            <h1>{database.clone()}</h1>
            <Fragment markup=overview.health />
            {overview.may_refresh.then(|| view! { <div class="end"><RefreshButton database refreshing /></div> })}
        </div>
    }
}

/// How a reading stands that somebody asked for. Lives outside of what a refresh makes anew.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Refreshing {
    Idle,
    UnderWay,
    NotAnswered,
}

#[component]
fn RefreshButton(database: String, refreshing: RwSignal<Refreshing>) -> impl IntoView {
    let refresher = expect_context::<Refresher>();
    let refresh = move |event| {
        refreshing.set(Refreshing::UnderWay);
        send_form(event, move |is_answered| {
            if is_answered {
                refreshing.try_set(Refreshing::Idle);
                refresher.now();
            } else {
                refreshing.try_set(Refreshing::NotAnswered);
            }
        });
    };
    view! {
        <span class="field-error" role="status">
            {move || (refreshing.get() == Refreshing::NotAnswered).then_some("The console did not answer.")}
        </span>
        <form method="post" action="/fn/refresh_database" on:submit=refresh>
            <input type="hidden" name="database" value=database />
            <button type="submit" class="btn" disabled=move || refreshing.get() == Refreshing::UnderWay>
                <Icon symbol=Symbol::Refresh /> "Refresh now"
            </button>
        </form>
    }
}

/// What would be here, and the command that changes it.
#[component]
pub(super) fn NoHypertables() -> impl IntoView {
    view! {
        <div class="empty">
            <p><strong>"This database has no hypertables that the console's role can see."</strong></p>
            <p>"A hypertable is a table that TimescaleDB cuts into chunks by time. Make one of an ordinary table:"</p>
            <pre tabindex="0"><code>"SELECT create_hypertable('conditions', by_range('time'));"</code></pre>
            <p>"Or fill this database with the factory demo: " <code>"tidemark demo load"</code></p>
        </div>
    }
}

#[component]
fn OverviewSkeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            <span class="bone head-bone"></span>
            <span class="bone tiles-bone"></span>
            <span class="bone table-bone"></span>
        </div>
    }
}

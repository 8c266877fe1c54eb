//! One hypertable: its head and tabs, and the page in the tab.

mod chunks;
mod compression;
mod jobs;
mod overview;
mod policies;

pub(crate) use chunks::TableChunksPage;
pub(crate) use compression::TableCompressionPage;
pub(crate) use jobs::TableJobsPage;
pub(crate) use overview::TableOverviewPage;
pub(crate) use policies::TablePoliciesPage;

use domain::judgement::Light;
use domain::page::{TableTab, hypertable_page};
use domain::quantity::{counted, thousands};
use domain::reading::Reading;
use domain::table_name::TableName;
use domain::table_page::TablePage;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::use_params_map;

use crate::components::{
    LightPill, LoadFailed, Notice, PageTitle, Refresher, SourceNotices, TableName as NameView, Tone,
    database_parameter,
};
use crate::error::AppError;
use crate::loading::{Loaded, load_again};
use crate::server_fns::load_hypertable;

/// What every tab is about.
#[derive(Clone, Copy)]
struct Shown {
    database: Memo<String>,
    name: Memo<TableName>,
    loaded: Loaded<Result<Reading<TablePage>, AppError>>,
}

impl Shown {
    /// The address of a tab.
    fn address(self, tab: TableTab) -> String {
        hypertable_page(&self.database.get_untracked(), &self.name.get_untracked(), tab)
    }
}

/// The frame of the pages about one hypertable.
#[component]
pub(crate) fn TableFrame() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_params_map();
    let name = Memo::new(move |_| {
        parameters.with(|map| {
            TableName::new(
                map.get("schema").unwrap_or_default(),
                map.get("name").unwrap_or_default(),
            )
        })
    });
    let loaded = load_again(
        move || (database.get(), name.get()),
        move || refresher.version(),
        |(database, name)| load_hypertable(database, name),
    );
    let shown = Shown {
        database,
        name,
        loaded,
    };
    provide_context(shown);
    view! {
        <PageTitle text=Signal::derive(move || format!("{} · {} · Tidemark", name.get(), database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone head-bone"></span></div> }>
            {move || Suspend::new(async move {
                match loaded.await {
                    Ok(reading) => view! { <Head reading shown /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        <Outlet />
    }
}

#[component]
fn Head(reading: Reading<TablePage>, shown: Shown) -> impl IntoView {
    let page = reading.facts.clone();
    let title = page.as_ref().map_or_else(
        || shown.name.get_untracked().to_string(),
        |page| page.table.display_name(),
    );
    let chunks = page.as_ref().map(|page| page.table.chunks);
    let tab = |tab: TableTab, label: &'static str| {
        let href = shown.address(tab);
        let count = chunks.filter(|_| tab == TableTab::Chunks).map(thousands);
        view! {
            <li>
                <A href=href exact=true attr:class="tab">{label} {count.map(|count| view! { " " <small>{count}</small> })}</A>
            </li>
        }
    };
    view! {
        <div class="head">
            <h1><NameView name=title /></h1>
            {page.clone().map(|page| view! {
                <LightPill light=page.verdict.light reason=page.verdict.reason.clone() />
                <p class="head-facts">{facts(&page)}</p>
            })}
        </div>
        <nav aria-label="Pages about this table">
            <ul class="tabs">
                {tab(TableTab::Overview, "Overview")} {tab(TableTab::Chunks, "Chunks")}
                {tab(TableTab::Compression, "Compression")} {tab(TableTab::Policies, "Policies")}
                {tab(TableTab::Jobs, "Jobs")}
            </ul>
        </nav>
        <SourceNotices reading what="The table's figures appear" />
        {page.map(|page| view! { <Attention page /> })}
    }
    .into_any()
}

/// `public · by ts, every 1 hour · 3,170,004 rows`.
fn facts(page: &TablePage) -> String {
    let table = &page.table;
    let every = table
        .chunk_interval
        .map(|interval| format!(", every {interval}"))
        .unwrap_or_default();
    let spread = table.dimensions.len().saturating_sub(1);
    let spread = match spread {
        0 => String::new(),
        more => format!(
            " and {}",
            counted(more as u64, "other dimension", "other dimensions")
        ),
    };
    let schema = page
        .materializes
        .as_ref()
        .map_or(&table.schema, |aggregate| &aggregate.view.schema);
    let kind = if page.materializes.is_some() {
        "continuous aggregate · "
    } else {
        ""
    };
    format!("{kind}{schema} · by {}{every}{spread}", table.time_column)
}

/// What is wrong with the table's policies and what to do.
#[component]
fn Attention(page: TablePage) -> impl IntoView {
    let verdict = page.verdict;
    let tone = match verdict.light {
        Light::Failing => Tone::Bad,
        Light::Late | Light::Paused => Tone::Warn,
        Light::Unknown => Tone::Plain,
        _ => return ().into_any(),
    };
    view! {
        <Notice tone title=verdict.reason>
            {verdict.advice.map(|advice| view! { <p>{advice}</p> })}
        </Notice>
    }
    .into_any()
}

/// A tab's body as soon as the table is there. Whatever went wrong, the frame says.
#[component]
fn Tab<V: IntoView + 'static>(
    /// Draws it.
    body: impl Fn(Reading<TablePage>, TablePage, Shown) -> V + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let shown = expect_context::<Shown>();
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-hidden="true"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                let reading = shown.loaded.await.ok()?;
                let page = reading.facts.clone()?;
                Some(body(reading, page, shown).into_any())
            })}
        </Transition>
    }
}

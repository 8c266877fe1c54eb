//! What is done to chunks, continuous aggregates and jobs by hand: what it would do, how far it is, what was done; and what
//! the console itself drops.
//!
//! All of it is drawn by the server: the browser only sends forms, with and without JavaScript.

#[cfg(feature = "ssr")]
mod asked;
#[cfg(feature = "ssr")]
mod kept;
mod links;
#[cfg(feature = "ssr")]
mod list;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod preview;
#[cfg(feature = "ssr")]
mod question;
#[cfg(feature = "ssr")]
mod retention;
#[cfg(feature = "ssr")]
mod run;

#[cfg(feature = "ssr")]
pub(crate) use asked::{ActionAsked, action_address};
#[cfg(feature = "ssr")]
pub(crate) use kept::draw_kept_policies;
pub(crate) use links::{AggregateActions, JobActions, TableActions};
#[cfg(feature = "ssr")]
pub(crate) use list::{ACTIONS_A_PAGE, draw_action_list};
#[cfg(feature = "ssr")]
pub(crate) use pages::TARGETS_A_PAGE;
#[cfg(feature = "ssr")]
pub(crate) use preview::draw_action_preview_of;
#[cfg(feature = "ssr")]
pub(crate) use question::{draw_action_question, draw_unfit_action, draw_unread_action};
#[cfg(feature = "ssr")]
pub(crate) use retention::draw_retention_of;
#[cfg(feature = "ssr")]
pub(crate) use run::draw_action_run;

use domain::table_name::TableName;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;

use crate::components::{
    DoneNotices, FormError, Fragment, LoadFailed, PageTitle, Refresher, database_parameter, show_progress,
};
use crate::error::AppError;
use crate::loading::{Loaded, load, load_again};
use crate::server_fns::{draw_action, draw_action_preview, draw_actions, draw_retention};

/// As many may be chosen one by one: their names stand in an address, which has to stay below 8 kB.
pub(crate) const MOST_CHOSEN: usize = 150;

/// What was drawn, as soon as it is there.
#[component]
fn Drawn(markup: Loaded<Result<charts::Markup, AppError>>) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match markup.await {
                    Ok(markup) => view! { <Fragment markup /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// What an action would do. What it is done to stands in the address.
#[component]
pub(crate) fn NewActionPage() -> impl IntoView {
    let database = database_parameter();
    let query = use_query_map();
    let said = Memo::new(move |_| {
        let pairs = query
            .get()
            .into_iter()
            .map(|(name, text)| (name.to_string(), text));
        pairs.collect::<Vec<(String, String)>>()
    });
    let preview = load(
        move || (database.get(), said.get()),
        |(database, said)| draw_action_preview(database, said),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Action · {} · Tidemark", database.get())) />
        <DoneNotices version=Signal::derive(|| 0) />
        <FormError outcome=Signal::derive(|| None) path="/fn/start_action" />
        <Drawn markup=preview />
    }
}

/// How far an action is, and what came of it.
#[component]
pub(crate) fn ActionPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_params_map();
    let id = Memo::new(move |_| {
        let id = parameters.read().get("id").and_then(|id| id.parse::<i64>().ok());
        id.unwrap_or(0)
    });
    let query = use_query_map();
    let page = Memo::new(move |_| {
        let page = query.read().get("page").and_then(|page| page.parse::<u64>().ok());
        page.unwrap_or(1).max(1)
    });
    view! {
        <PageTitle text=Signal::derive(move || format!("Action {} · {} · Tidemark", id.get(), database.get())) />
        <DoneNotices version=Signal::derive(|| 0) />
        <FormError outcome=Signal::derive(|| None) path="/fn/cancel_action" />
        {show_progress(
            move || (database.get(), id.get(), page.get()),
            move || refresher.version(),
            |(database, id, page)| draw_action(database, id, page),
        )}
    }
}

/// The table a page is about: in its path, or, where the name cannot stand there, in the query.
pub(crate) fn asked_table(query: Memo<ParamsMap>) -> Memo<TableName> {
    let parameters = use_params_map();
    Memo::new(move |_| {
        parameters.with(|map| match (map.get("schema"), map.get("name")) {
            (Some(schema), Some(name)) => TableName::new(schema, name),
            _ => query
                .read()
                .get("table")
                .and_then(|table| TableName::from_qualified(&table))
                .unwrap_or_default(),
        })
    })
}

/// What the address asks of a list of what the console did: one table, and before which one.
pub(crate) fn asked_of_list(query: Memo<ParamsMap>) -> Memo<(Option<TableName>, Option<i64>)> {
    Memo::new(move |_| {
        query.with(|query| {
            (
                query
                    .get("table")
                    .and_then(|table| TableName::from_qualified(&table)),
                query.get("before").and_then(|id| id.parse().ok()),
            )
        })
    })
}

/// What was done.
#[component]
pub(crate) fn ActionsPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let query = use_query_map();
    let asked = asked_of_list(query);
    let runs = load_again(
        move || (database.get(), asked.get()),
        move || refresher.version(),
        |(database, (table, before))| draw_actions(database, table, before),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Actions · {} · Tidemark", database.get())) />
        <Drawn markup=runs />
    }
}

/// What the console itself drops of a table.
#[component]
pub(crate) fn RetentionPage() -> impl IntoView {
    let database = database_parameter();
    let query = use_query_map();
    let table = asked_table(query);
    let said = Memo::new(move |_| {
        query.with(|query| {
            (
                query.get("dry_run").is_some(),
                query.get("before").and_then(|id| id.parse::<i64>().ok()),
            )
        })
    });
    view! {
        <PageTitle text=Signal::derive(move || format!("Retention of {} · {} · Tidemark", table.get(), database.get())) />
        <DoneNotices version=Signal::derive(|| 0) />
        <FormError outcome=Signal::derive(|| None) path="/fn/run_retention" />
        <FormError outcome=Signal::derive(|| None) path="/fn/cancel_retention" />
        // Not loaded anew with readings: somebody may be writing in it.
        {show_progress(
            move || (database.get(), table.get(), said.get()),
            || (),
            |(database, table, (dry_run, before))| draw_retention(database, table, dry_run, before),
        )}
    }
}

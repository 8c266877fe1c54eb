//! What is done to chunks, continuous aggregates and jobs by hand: what it would do, how far it is, what was done; and what
//! the console itself drops.
//!
//! All of it is drawn by the server: the browser only sends forms, with and without JavaScript.

#[cfg(feature = "ssr")]
mod asked;
#[cfg(feature = "ssr")]
mod drawn;
mod links;
#[cfg(feature = "ssr")]
mod retention;

#[cfg(feature = "ssr")]
pub(crate) use asked::ActionAsked;
#[cfg(feature = "ssr")]
pub(crate) use drawn::{
    ACTIONS_A_PAGE, draw_action_list, draw_action_preview_of, draw_action_question, draw_action_run,
    draw_unfit_action, draw_unread_action,
};
pub(crate) use links::{AggregateActions, JobActions, TableActions};
#[cfg(feature = "ssr")]
pub(crate) use retention::{draw_retention_of, retention_page};

use domain::table_name::TableName;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::components::{FormError, Fragment, LoadFailed, PageTitle, Refresher, database_parameter};
use crate::error::AppError;
use crate::loading::{Loaded, load, load_again};
use crate::server_fns::{draw_action, draw_action_preview, draw_actions, draw_retention};

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
    let run = load_again(
        move || (database.get(), id.get()),
        move || refresher.version(),
        |(database, id)| draw_action(database, id),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Action {} · {} · Tidemark", id.get(), database.get())) />
        <FormError outcome=Signal::derive(|| None) path="/fn/cancel_action" />
        <Drawn markup=run />
    }
}

/// What was done.
#[component]
pub(crate) fn ActionsPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let query = use_query_map();
    let before =
        Memo::new(move |_| query.with(|query| query.get("before").and_then(|id| id.parse::<i64>().ok())));
    let runs = load_again(
        move || (database.get(), before.get()),
        move || refresher.version(),
        |(database, before)| draw_actions(database, before),
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
    let parameters = use_params_map();
    let table = Memo::new(move |_| {
        parameters.with(|map| {
            TableName::new(
                map.get("schema").unwrap_or_default(),
                map.get("name").unwrap_or_default(),
            )
        })
    });
    let query = use_query_map();
    let said = Memo::new(move |_| {
        query.with(|query| {
            (
                query.get("dry_run").is_some(),
                query.get("before").and_then(|id| id.parse::<i64>().ok()),
            )
        })
    });
    let drawn = load(
        move || (database.get(), table.get(), said.get()),
        |(database, table, (dry_run, before))| draw_retention(database, table, dry_run, before),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Retention of {} · {} · Tidemark", table.get(), database.get())) />
        <FormError outcome=Signal::derive(|| None) path="/fn/run_retention" />
        <FormError outcome=Signal::derive(|| None) path="/fn/cancel_retention" />
        <Drawn markup=drawn />
    }
}

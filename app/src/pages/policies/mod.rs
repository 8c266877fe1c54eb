//! Policies: the form of one table's, what a change would do, what was changed, and all tables beside what is declared.
//!
//! All of it is drawn by the server: the browser only sends forms, with and without JavaScript.

#[cfg(feature = "ssr")]
mod drawn;

#[cfg(feature = "ssr")]
pub(crate) use drawn::{
    CHANGES_A_PAGE, PolicyFormAsked, draw_change, draw_form, draw_policies as draw_policy_list,
    form_address as policy_form_address,
};

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::actions::{asked_of_list, asked_table};
use crate::charts::Chart;
use crate::components::{
    DoneNotices, FormError, Fragment, LoadFailed, PageTitle, Refresher, database_parameter, show_progress,
};
use crate::loading::load;
use crate::server_fns::{DrawnPolicyForm, draw_policies, draw_policy_change, draw_policy_form};

/// The form of one table's policy. What it says stands in the address, so that a preview can be sent to somebody.
#[component]
pub(crate) fn PolicyFormPage() -> impl IntoView {
    let database = database_parameter();
    let query = use_query_map();
    let table = asked_table(query);
    // Below a table's own frame there is a title already.
    let is_alone = use_params_map().with_untracked(|map| map.get("name").is_none());
    let said = Memo::new(move |_| {
        query.with(|query| {
            let pairs = query
                .latest_values()
                .map(|(name, text)| (name.to_string(), text.to_owned()));
            pairs.collect::<Vec<(String, String)>>()
        })
    });
    // Not loaded anew with readings: somebody is writing in it.
    let form = load(
        move || (database.get(), table.get(), said.get()),
        |(database, table, said)| draw_policy_form(database, table, said),
    );
    view! {
        {is_alone.then(|| view! {
            <PageTitle text=Signal::derive(move || format!("{} · {} · Tidemark", table.get(), database.get())) />
            <div class="head"><h1>{move || format!("Policy of {}", table.get())}</h1></div>
        })}
        <DoneNotices version=Signal::derive(|| 0) />
        <FormError outcome=Signal::derive(|| None) path="/fn/apply_policy" />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match form.await {
                    Ok(form) => view! { <Drawn form /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Drawn(form: DrawnPolicyForm) -> impl IntoView {
    view! {
        <Fragment markup=form.form />
        {form.preview.map(|preview| view! {
            <Fragment markup=preview.above />
            {preview.map.map(|figure| view! { <Chart figure zoom=false /> })}
            <Fragment markup=preview.below />
        })}
    }
    .into_any()
}

/// What became of one change.
#[component]
pub(crate) fn PolicyChangePage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_params_map();
    let id = Memo::new(move |_| {
        let id = parameters.read().get("id").and_then(|id| id.parse::<i64>().ok());
        id.unwrap_or(0)
    });
    view! {
        <PageTitle text=Signal::derive(move || format!("Change {} · {} · Tidemark", id.get(), database.get())) />
        {show_progress(
            move || (database.get(), id.get()),
            move || refresher.version(),
            |(database, id)| draw_policy_change(database, id),
        )}
    }
}

/// Every table beside what is declared for it.
#[component]
pub(crate) fn PoliciesPage() -> impl IntoView {
    let database = database_parameter();
    let asked = asked_of_list(use_query_map());
    // Not loaded anew with readings: somebody is choosing in it.
    let policies = load(
        move || (database.get(), asked.get()),
        |(database, (table, before))| draw_policies(database, table, before),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Policies · {} · Tidemark", database.get())) />
        <DoneNotices version=Signal::derive(|| 0) />
        <FormError outcome=Signal::derive(|| None) path="/fn/apply_declared" />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match policies.await {
                    Ok(markup) => view! { <Fragment markup /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

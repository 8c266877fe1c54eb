//! What a search over everything finds.

use domain::listing::query_string;
use domain::search::{HITS, Hit};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::browser::{FILTER_FIELD, typed_before_hydration};
use crate::components::{Icon, LoadFailed, PageTitle, Symbol, database_parameter};
use crate::loading::load;
use crate::server_fns::search;

/// The page. What is looked for stands in the address.
#[component]
pub(crate) fn SearchPage() -> impl IntoView {
    let database = database_parameter();
    let parameters = use_query_map();
    let asked = Memo::new(move |_| parameters.with(|map| map.get("q").unwrap_or_default()));
    let found = load(
        move || (database.get(), asked.get()),
        |(database, asked)| search(database, asked),
    );
    view! {
        <PageTitle text=Signal::derive(move || format!("Search · {} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(hits) => view! { <SearchBody hits asked=asked.get_untracked() database=database.get_untracked() /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn SearchBody(hits: Vec<Hit>, asked: String, database: String) -> impl IntoView {
    let base = format!("/db/{database}/search");
    let action = base.clone();
    let navigate = use_navigate();
    let search_for = move |typed: String| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        let query = query_string(&[("q", typed)]);
        navigate(&format!("{base}{query}"), options);
    };
    let typed_early = typed_before_hydration(FILTER_FIELD).filter(|typed| *typed != asked);
    let search_early = search_for.clone();
    Effect::new(move |_| {
        if let Some(typed) = &typed_early {
            search_early(typed.clone());
        }
    });
    let is_asked = !asked.trim().is_empty();
    let said = match hits.len() {
        _ if !is_asked => String::new(),
        HITS.. => format!("The best {HITS}"),
        count => format!("{count} found"),
    };
    view! {
        <div class="head"><h1>"Search"</h1></div>
        <section class="card">
            <form class="filter" method="get" action=action role="search" on:submit=|event| event.prevent_default()>
                <label class="filter-field">
                    <Icon symbol=Symbol::Search />
                    <span class="visually-hidden">"Tables, chunks, jobs, pages"</span>
                    <input type="search" name="q" id=FILTER_FIELD value=asked.clone() placeholder="Tables, chunks, jobs, pages" maxlength="200" autocomplete="off" on:input=move |event| search_for(event_target_value(&event)) />
                    <kbd aria-hidden="true">"/"</kbd>
                </label>
                <noscript><button type="submit" class="btn">"Search"</button></noscript>
                <span class="found" role="status">{said}</span>
            </form>
            {if !is_asked {
                view! {
                    <div class="empty">
                        <p><strong>"Everything by its name."</strong></p>
                        <p>"Hypertables, continuous aggregates, jobs by name or number, owners, and the pages of the console; chunks from three characters on."</p>
                    </div>
                }.into_any()
            } else if hits.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{format!("Nothing is called “{asked}”.")}</strong></p>
                        <p>"Names are searched, and the numbers of jobs; chunks from three characters on."</p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <ul class="hits" aria-label="Found">
                        {hits.into_iter().map(|hit| view! {
                            <li>
                                <A href=hit.href attr:class="row-link hit-title">{hit.title}</A>
                                <span class="hit-kind">{hit.kind.label()}</span>
                                <span class="hit-context">{hit.context}</span>
                            </li>
                        }).collect_view()}
                    </ul>
                }.into_any()
            }}
        </section>
    }
}

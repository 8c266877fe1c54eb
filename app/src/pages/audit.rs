//! Who did what.

use domain::audit::{Action, ActorKind, AuditEvent, AuditPage, AuditQuery, Facts, Outcome, OutcomeFilter};
use domain::listing::query_string;
use domain::quantity::{counted, thousands};
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::browser::{FILTER_FIELD, filled_fields};
use crate::components::{ExportLinks, Icon, LoadFailed, Moment, Notice, PageTitle, Symbol, Tone};
use crate::error::AppError;
use crate::loading::load;
use crate::server_fns::list_audit;

const BASE: &str = "/audit";
const PARAMETERS: [&str; 7] = ["from", "until", "person", "action", "target", "outcome", "before"];

/// The page. Every filter stands in the address.
#[component]
pub(crate) fn AuditLogPage() -> impl IntoView {
    let parameters = use_query_map();
    let asked = Memo::new(move |_| {
        parameters.with(|map| {
            PARAMETERS
                .iter()
                .filter_map(|name| map.get(name).map(|value| ((*name).to_owned(), value)))
                .collect::<Vec<_>>()
        })
    });
    let page = load(move || asked.get(), list_audit);
    view! {
        <PageTitle text="Audit log · Tidemark" />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                let asked = asked.get_untracked();
                match page.await {
                    Ok(page) => view! { <AuditBody page asked /> }.into_any(),
                    // Another address of the same page helps.
                    Err(error @ AppError::InvalidParameter(_)) => view! {
                        <div class="head"><h1>"Audit log"</h1></div>
                        <LoadFailed error />
                        <p><A href=BASE attr:class="btn">"Show everything"</A></p>
                    }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn AuditBody(page: AuditPage, asked: Vec<(String, String)>) -> impl IntoView {
    let get = move |name: &str| {
        asked
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    // The server has understood it, or there would be an error in its place.
    let query = AuditQuery::from_parameters(get).unwrap_or_default();
    let export = query.from_the_newest().query_string();
    let is_filtered = query.is_filtered();
    let older = page.next_before_id.map(|before| {
        AuditQuery {
            before_id: Some(before),
            ..query.clone()
        }
        .query_string()
    });
    let newest = query.before_id.map(|_| query.from_the_newest().query_string());
    view! {
        <div class="head">
            <h1>"Audit log"</h1>
            <div class="end">
                <ExportLinks address=format!("{BASE}/export") query=export />
            </div>
        </div>
        {(page.reads_lost > 0).then(|| view! {
            <Notice tone=Tone::Warn title="Some reads are missing">
                <p>{format!("{} reads were not written down since the console started: more came at once than could be counted. Sign-ins, refusals and changes are all here.", thousands(page.reads_lost))}</p>
            </Notice>
        })}
        <section class="card">
            <Filters query=query.clone() />
            {if page.events.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{if is_filtered { "Nothing matches these filters." } else { "Nothing has happened yet." }}</strong></p>
                        {is_filtered.then(|| view! { <p><A href=BASE attr:class="btn">"Show everything"</A></p> })}
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Audit log">
                        <table class="audit">
                            <thead>
                                <tr>
                                    <th scope="col" class="wide-only">"Time (UTC)"</th>
                                    <th scope="col">"Who"</th>
                                    <th scope="col">"What"</th>
                                    <th scope="col" class="wide-only">"On"</th>
                                    <th scope="col" class="wide-only">"Outcome"</th>
                                </tr>
                            </thead>
                            <tbody>{page.events.into_iter().map(|event| view! { <Row event /> }).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <footer class="pager">
                <span>{format!("Kept for {}. Nothing here can be changed from the console.", counted(u64::try_from(page.kept_days).unwrap_or(0), "day", "days"))}</span>
                <span class="pager-steps">
                    {newest.map(|query| view! { <A href=format!("{BASE}{query}") attr:class="btn">"Newest"</A> })}
                    {older.map(|query| view! { <A href=format!("{BASE}{query}") attr:class="btn" attr:rel="next">"Older"</A> })}
                </span>
            </footer>
        </section>
    }
}

/// What a browser's field for date and time takes.
fn field(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string().chars().take(16).collect())
        .unwrap_or_default()
}

#[component]
fn Filters(query: AuditQuery) -> impl IntoView {
    let action = query.action;
    let outcome = query.outcome;
    let navigate = use_navigate();
    // Without JavaScript the browser writes every field into the address; with it, those that hold something.
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let filled = filled_fields(&event, &PARAMETERS);
        navigate(
            &format!("{BASE}{}", query_string(&filled)),
            NavigateOptions::default(),
        );
    };
    view! {
        <form method="get" action=BASE class="filters" role="search" on:submit=submit>
            <label>
                <span>"Person or token"</span>
                <input type="search" name="person" id=FILTER_FIELD value=query.actor maxlength="200" autocomplete="off" />
            </label>
            <label>
                <span>"Action"</span>
                <select name="action">
                    <option value="" selected=action.is_none()>"any"</option>
                    {Action::ALL
                        .iter()
                        .map(|one| view! { <option value=one.as_str() selected=action == Some(*one)>{one.label()}</option> })
                        .collect_view()}
                </select>
            </label>
            <label>
                <span>"Table, user, token"</span>
                <input type="search" name="target" value=query.target maxlength="200" autocomplete="off" />
            </label>
            <label>
                <span>"Outcome"</span>
                <select name="outcome">
                    <option value="" selected=outcome.is_none()>"any"</option>
                    {OutcomeFilter::ALL
                        .into_iter()
                        .map(|one| view! { <option value=one.as_str() selected=outcome == Some(one)>{one.label()}</option> })
                        .collect_view()}
                </select>
            </label>
            <label class="moment">
                <span>"From (UTC)"</span>
                <input type="datetime-local" name="from" value=field(query.from) />
            </label>
            <label class="moment">
                <span>"Until (UTC)"</span>
                <input type="datetime-local" name="until" value=field(query.until) />
            </label>
            <button type="submit" class="btn">"Filter"</button>
        </form>
    }
}

fn who(kind: ActorKind, name: &str) -> (String, &'static str) {
    match (kind, name) {
        (ActorKind::User, name) => (name.to_owned(), ""),
        (ActorKind::Token, name) => (name.to_owned(), "token"),
        (ActorKind::CommandLine, _) => ("command line".to_owned(), ""),
        (ActorKind::Console, _) => ("the console".to_owned(), ""),
        (ActorKind::Nobody, "") => ("somebody".to_owned(), "not signed in"),
        (ActorKind::Nobody, name) => (name.to_owned(), "not signed in"),
    }
}

#[component]
fn Row(event: AuditEvent) -> impl IntoView {
    let (name, kind) = who(event.actor_kind, &event.actor);
    let under: Vec<String> = [kind.to_owned(), event.address.clone()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let on = if event.database.is_empty() {
        event.target.clone()
    } else {
        format!("{} in {}", event.target, event.database)
    };
    let (pill, symbol, word) = match event.outcome {
        Some(Outcome::Succeeded) => ("pill ok", Symbol::Check, "succeeded"),
        Some(Outcome::Failed) => ("pill warn", Symbol::Exclamation, "failed"),
        Some(Outcome::Refused) => ("pill bad", Symbol::Cross, "refused"),
        None => ("pill warn", Symbol::Clock, "no outcome"),
    };
    view! {
        <tr>
            <td class="wide-only"><Moment at=Some(event.at) none="" /></td>
            <th scope="row" class="name">
                {name}
                <span class="under">{under.join(" · ")}</span>
                <span class="under narrow-only"><Moment at=Some(event.at) none="" /></span>
            </th>
            <td>
                {event.action.label()}
                {(event.count > 1).then(|| format!(" ({}×)", thousands(event.count)))}
                <span class="under narrow-only">{[on.as_str(), word].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")}</span>
                <Changes before=event.before after=event.after />
            </td>
            <td class="wide-only">{on.clone()}</td>
            <td class="wide-only">
                <span class=pill><Icon symbol /> {word}</span>
                {(!event.detail.is_empty()).then(|| view! { <span class="under">{event.detail}</span> })}
            </td>
        </tr>
    }
}

/// `role: viewer → operator`
#[component]
fn Changes(before: Facts, after: Facts) -> impl IntoView {
    let lines: Vec<String> = after
        .iter()
        .map(|(name, value)| match before.get(name) {
            Some(old) => format!("{name}: {old} → {value}"),
            None => format!("{name}: {value}"),
        })
        .collect();
    (!lines.is_empty()).then(|| view! { <span class="under">{lines.join(" · ")}</span> })
}

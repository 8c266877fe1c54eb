//! One change: what became of it, what it did, what takes it back.

use domain::page::{TableTab, hypertable_page};
use domain::policy::PolicyFields;
use domain::policy_change::{ChangeState, PolicyChange};
use domain::quantity::moment;
use leptos::prelude::*;

use super::steps::{Differences, Steps};
use super::{change_address, form_address};
use crate::components::{Notice, Tone, markup};

/// Draws it.
pub(crate) fn draw_change(change: PolicyChange) -> charts::Markup {
    markup(view! { <Change change /> })
}

/// The tone of a state.
pub(super) fn tone(state: &ChangeState) -> Tone {
    match state {
        ChangeState::Applied => Tone::Good,
        ChangeState::Running(_) => Tone::Plain,
        ChangeState::AppliedOtherwise(_) | ChangeState::Unknown(_) => Tone::Warn,
        ChangeState::Refused(..) | ChangeState::Failed(_) => Tone::Bad,
    }
}

#[component]
fn Change(change: PolicyChange) -> impl IntoView {
    let database = change.database.clone();
    let table = hypertable_page(&database, &change.relation, TableTab::Policies);
    let who = who(&change);
    let statements = change.statements.clone();
    let settled = change.settled.clone();
    let (sentence, relation, undo) = (change.state.sentence(), change.relation.clone(), change.clone());
    let title = match &change.state {
        ChangeState::Running(_) => "Under way".to_owned(),
        ChangeState::Applied => "Applied".to_owned(),
        ChangeState::AppliedOtherwise(_) => "Applied, and something is different".to_owned(),
        ChangeState::Refused(..) => "Refused: nothing was changed".to_owned(),
        ChangeState::Failed(_) => "Nothing was changed".to_owned(),
        ChangeState::Unknown(_) => "Nobody knows yet".to_owned(),
    };
    let found = match &change.state {
        ChangeState::Refused(_, differences) => Some((
            differences.clone(),
            ("in the preview", "found"),
            "What is different",
        )),
        ChangeState::AppliedOtherwise(differences) => {
            Some((differences.clone(), ("planned", "found"), "What is different"))
        }
        _ => None,
    };
    let again = matches!(
        change.state,
        ChangeState::Refused(..) | ChangeState::Failed(_) | ChangeState::Unknown(_)
    );
    view! {
        <div class="head">
            <h1>{format!("Change {}", change.id)}</h1>
            <p class="head-facts">
                <a class="text-link" href=table.clone()>{change.relation.to_string()}</a>
                {format!(" · {} UTC · {who}", moment(change.at))}
            </p>
        </div>
        <Notice tone=tone(&change.state) title=title>
            <p>{sentence}</p>
            {settled.map(|settled| view! { <p>{settled}</p> })}
            {again.then(|| view! { <p><a href=form_address(&database, &relation, &PolicyFields::default(), false)>"See the policy as it is now"</a></p> })}
        </Notice>
        {found.filter(|(rows, ..)| !rows.is_empty()).map(|(rows, heads, caption)| view! {
            <section class="card">
                <header><h2>{caption}</h2></header>
                <Differences rows heads caption />
            </section>
        })}
        <section class="card">
            <header><h2>"What it was to change"</h2></header>
            {(!change.reason.is_empty()).then(|| view! { <p class="said">"Why: " {change.reason.clone()}</p> })}
            <Differences rows=change.differences.clone() heads=("before", "after") caption="Fields that change" />
            {(!change.warnings.is_empty()).then(|| view! {
                <ul class="findings">{change.warnings.iter().map(|words| view! { <li class="warn">{words.clone()}</li> }).collect_view()}</ul>
            })}
            {(!change.effects.is_empty()).then(|| view! {
                <ul class="effects">{change.effects.iter().map(|words| view! { <li>{words.clone()}</li> }).collect_view()}</ul>
            })}
        </section>
        <Undo change=undo />
        <section class="card">
            <header><h2>"What was run"</h2></header>
            <Steps steps=statements />
        </section>
    }
    .into_any()
}

/// Who made it, as people say it.
pub(super) fn who(change: &PolicyChange) -> String {
    use domain::audit::ActorKind;

    match change.actor_kind {
        ActorKind::Token => format!("by the token {}", change.actor),
        ActorKind::Console => "by the console itself, as declared".to_owned(),
        ActorKind::CommandLine => "on the command line".to_owned(),
        ActorKind::User | ActorKind::Nobody => format!("by {}", change.actor),
    }
}

/// What it takes to take it back.
#[component]
fn Undo(change: PolicyChange) -> impl IntoView {
    let database = &change.database;
    let linked = |id: i64, words: &str| {
        view! { <p><a href=change_address(database, id)>{format!("{words} {id}")}</a></p> }.into_any()
    };
    let body = if let Some(id) = change.undone_by {
        linked(id, "It was taken back by change")
    } else if change.can_be_undone() {
        let address = form_address(database, &change.relation, &PolicyFields::default(), false);
        let joint = if address.contains('?') { '&' } else { '?' };
        view! {
            <p>"The policy can be given the settings, schedule and next start it had before. First you see what that would do."</p>
            {change.drops_data.then(|| view! { <p><b>"Rows that were dropped meanwhile do not come back."</b></p> })}
            <p><a class="btn" href=format!("{address}{joint}undo={}", change.id)>"Preview taking it back"</a></p>
        }
        .into_any()
    } else {
        view! { <p class="muted">"There is nothing to take back."</p> }.into_any()
    };
    view! {
        <section class="card">
            <header><h2>"Undo"</h2></header>
            <div class="card-body">
                {change.undoes.map(|id| linked(id, "It takes back change"))}
                {body}
            </div>
        </section>
    }
    .into_any()
}

//! Words that the server wrote about facts: moments, facts, findings.

use domain::fact::{Concern, Fact, FactGroup, Finding};
use domain::quantity::moment;
use domain::when::When;
use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// A moment told from now, the moment itself on hover.
#[component]
pub(crate) fn Told(when: When) -> impl IntoView {
    match when.at {
        Some(at) => view! { <time datetime=at.to_string() title=moment(at)>{when.words}</time> }.into_any(),
        None => view! { <span class="muted">{when.words}</span> }.into_any(),
    }
}

/// Facts, one below the other.
#[component]
fn Facts(facts: Vec<Fact>) -> impl IntoView {
    let facts = facts
        .into_iter()
        .map(|fact| view! { <div><dt>{fact.label}</dt><dd title=fact.hint>{fact.value}</dd></div> })
        .collect_view();
    view! { <dl class="facts">{facts}</dl> }.into_any()
}

/// Facts in a card, and what is to be said about them.
#[component]
pub(crate) fn FactCard(group: FactGroup) -> impl IntoView {
    view! {
        <section class="card">
            <header><h2>{group.title}</h2></header>
            {group.findings.into_iter().map(|finding| view! { <FindingView finding /> }).collect_view()}
            <Facts facts=group.facts />
        </section>
    }
    .into_any()
}

/// What is so, and what to do.
#[component]
pub(crate) fn FindingView(finding: Finding) -> impl IntoView {
    let (class, symbol) = match finding.concern {
        Concern::Note => ("finding", Symbol::Clock),
        Concern::Warning => ("finding warn", Symbol::Exclamation),
        Concern::Problem => ("finding bad", Symbol::Cross),
    };
    view! {
        <div class=class>
            <span class="finding-mark"><Icon symbol /></span>
            <div>
                <p><strong>{finding.concern.as_str()} ": "</strong> {finding.sentence}</p>
                {finding.advice.map(|advice| view! { <p>{advice}</p> })}
                {finding.statement.map(|statement| view! { <pre tabindex="0"><code>{statement}</code></pre> })}
            </div>
        </div>
    }
    .into_any()
}

//! Where a page stands: the way to it from its database.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use leptos_router::location::Url;

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    label: String,
    /// Its address; of the last step, the page itself, it is not shown.
    href: String,
}

impl Step {
    fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
        }
    }
}

/// The breadcrumbs.
#[component]
pub(super) fn Crumbs() -> impl IntoView {
    let location = use_location();
    let steps = Memo::new(move |_| location.pathname.with(|path| way_to(path)));
    view! {
        <nav class="crumbs" aria-label="Breadcrumbs">
            <ol>
                {move || {
                    let mut steps = steps.get();
                    let last = steps.pop();
                    let before = steps
                        .into_iter()
                        .enumerate()
                        .map(|(index, step)| {
                            let class = if index == 0 { "crumb-first" } else { "" };
                            view! { <li class=class><a href=step.href>{step.label}</a></li> }
                        })
                        .collect_view();
                    view! {
                        {before}
                        {last.map(|step| view! { <li aria-current="page">{step.label}</li> })}
                    }
                }}
            </ol>
        </nav>
    }
    .into_any()
}

fn way_to(path: &str) -> Vec<Step> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["account"] => vec![Step::new("Account", "")],
        ["users"] => vec![Step::new("Users", "")],
        ["users", name] => vec![Step::new("Users", "/users"), Step::new(decoded(name), "")],
        ["tokens"] => vec![Step::new("Tokens", "")],
        ["audit"] => vec![Step::new("Audit log", "")],
        ["db", database, rest @ ..] => way_in_database(&format!("/db/{database}"), rest),
        _ => vec![Step::new("Not found", "")],
    }
}

fn way_in_database(base: &str, rest: &[&str]) -> Vec<Step> {
    let mut steps = vec![Step::new("Overview", base)];
    let Some((page, below)) = rest.split_first() else {
        return steps;
    };
    let Some(label) = page_label(page) else {
        return vec![Step::new("Database", base), Step::new("Not found", "")];
    };
    steps.push(Step::new(label, format!("{base}/{page}")));
    match (*page, below) {
        ("jobs", [id]) => steps.push(Step::new(decoded(id), "")),
        ("actions", ["preview"]) => steps.push(Step::new("Preview", "")),
        ("actions", ["runs", id]) => {
            steps.push(Step::new(format!("Action {}", decoded(id)), ""));
            return steps;
        }
        ("policies", ["retention", _, name]) => {
            steps.push(Step::new(format!("Retention of {}", decoded(name)), ""));
            return steps;
        }
        ("policies", ["changes", id]) => {
            steps.push(Step::new(format!("Change {}", decoded(id)), ""));
            return steps;
        }
        _ => {}
    }
    if let [schema, name, tab @ ..] = below {
        let table = format!("{base}/{page}/{schema}/{name}");
        let (schema, name) = (decoded(schema), decoded(name));
        let shown = if schema == "public" {
            name
        } else {
            format!("{schema}.{name}")
        };
        steps.push(Step::new(shown, table.clone()));
        if let Some((path, label)) = tab.first().and_then(|tab| Some((tab, page_label(tab)?))) {
            steps.push(Step::new(label, format!("{table}/{path}")));
        }
        if let ["policies", "change"] = tab {
            steps.push(Step::new("Change", ""));
        }
    }
    steps
}

fn page_label(page: &str) -> Option<&'static str> {
    Some(match page {
        "hypertables" => "Hypertables",
        "chunks" => "Chunks",
        "compression" => "Compression",
        "policies" => "Policies",
        "jobs" => "Jobs",
        "aggregates" => "Continuous aggregates",
        "activity" => "Activity",
        "actions" => "Actions",
        "search" => "Search",
        _ => return None,
    })
}

/// A part of an address as it was before it was escaped.
fn decoded(part: &str) -> String {
    Url::unescape(part)
}

//! What happened, why, what to do.

use domain::overview::ProblemReport;
use domain::quantity::{age, moment};
use leptos::prelude::*;

use super::icon::{Icon, Symbol};
use crate::browser::leave_for;
use crate::error::AppError;

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Bad,
    Warn,
    Plain,
}

/// A notice across the page.
#[component]
pub(crate) fn Notice(tone: Tone, #[prop(into)] title: String, children: Children) -> impl IntoView {
    let (class, symbol) = match tone {
        Tone::Bad => ("notice bad", Symbol::Exclamation),
        Tone::Warn => ("notice warn", Symbol::Exclamation),
        Tone::Plain => ("notice plain", Symbol::Clock),
    };
    view! {
        <section class=class role="status">
            <span class="notice-mark"><Icon symbol /></span>
            <div>
                <p class="notice-title">{title}</p>
                {children()}
            </div>
        </section>
    }
}

/// Why readings fail, for those who may know.
#[component]
pub(crate) fn ProblemNotice(
    report: ProblemReport,
    /// Whether an older reading is on the page.
    has_figures: bool,
) -> impl IntoView {
    let tone = if has_figures { Tone::Warn } else { Tone::Bad };
    let shown = if has_figures {
        " The figures on this page are those of the last reading."
    } else {
        ""
    };
    view! {
        <Notice tone title=report.problem.title()>
            <p class="evidence">{report.problem.evidence()}</p>
            <p>
                {report.problem.advice()} {shown}
                <span class="faint">
                    " For "
                    <time datetime=report.since.to_string() title=moment(report.since)>{age(report.lasting_ms)}</time> "."
                </span>
            </p>
        </Notice>
    }
}

/// A page's data could not be loaded.
#[component]
pub(crate) fn LoadFailed(error: AppError) -> impl IntoView {
    if error == AppError::NotSignedIn {
        // In the browser only: the server never renders a page for somebody who is not signed in.
        Effect::new(|_| leave_for("/login"));
    }
    match error {
        AppError::Forbidden => view! {
            <section class="blank">
                <h1>"Not for your role"</h1>
                <p>"Your role sees the status of the database, not its tables. An administrator can give you another role."</p>
                <p><a class="btn" href="..">"Go to the overview"</a></p>
            </section>
        }.into_any(),
        AppError::NotFound => view! {
            <section class="blank">
                <h1>"Nothing at this address"</h1>
                <p>"The page or the database does not exist, or has another name now."</p>
                <p><a class="btn" href="/" rel="external">"Go to the overview"</a></p>
            </section>
        }.into_any(),
        other => view! {
            <Notice tone=Tone::Bad title="This page could not be loaded">
                <p>{other.to_string()}</p>
            </Notice>
        }.into_any(),
    }
}

//! What happened, why, what to do.

use domain::overview::ProblemReport;
use domain::quantity::{age, moment};
use leptos::prelude::*;

use super::icon::{Icon, Symbol};
use crate::browser::{copy_text, focus_when_there, is_hydrated, sign_in_again};
use crate::error::AppError;
use crate::server_fns::DoneNotice;

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Bad,
    Good,
    Warn,
    Plain,
}

/// A notice across the page.
#[component]
pub(crate) fn Notice(
    tone: Tone,
    #[prop(into)] title: String,
    /// Whether the focus moves here as soon as it is shown, without JavaScript too.
    #[prop(optional)]
    takes_focus: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let section = NodeRef::<leptos::html::Section>::new();
    if takes_focus {
        focus_when_there(section);
    }
    let (class, symbol) = match tone {
        Tone::Bad => ("notice bad", Symbol::Exclamation),
        Tone::Good => ("notice good", Symbol::Check),
        Tone::Warn => ("notice warn", Symbol::Exclamation),
        Tone::Plain => ("notice plain", Symbol::Clock),
    };
    view! {
        <section class=class role="status" node_ref=section tabindex=takes_focus.then_some("-1") autofocus=takes_focus>
            <span class="notice-mark"><Icon symbol /></span>
            <div>
                <p class="notice-title">{title}</p>
                {children.map(|children| children())}
            </div>
        </section>
    }
}

/// What a form has done, once.
#[component]
pub(crate) fn DoneNoticeView(notice: DoneNotice) -> impl IntoView {
    match notice {
        DoneNotice::Done(words) => view! { <Notice tone=Tone::Good title=words takes_focus=true /> }.into_any(),
        DoneNotice::Link { user, url, hours } => view! {
            <Notice tone=Tone::Good title=format!("Give {user} this link. It is shown only once.") takes_focus=true>
                <Secret value=url label=format!("Link for {user}") />
                <p>{format!("It can be used once, and ends in {hours} hours. Whoever has it chooses {user}'s password: send it where only {user} reads.")}</p>
            </Notice>
        }.into_any(),
        DoneNotice::Token { name, token } => view! {
            <Notice tone=Tone::Good title=format!("The token {name}. It is shown only once.") takes_focus=true>
                <Secret value=token label=format!("Token {name}") />
                <p>"Copy it to where the program reads it; whoever has it may do what it may do."</p>
            </Notice>
        }.into_any(),
        DoneNotice::Told { is_refused, title, words, .. } => {
            let tone = if is_refused { Tone::Bad } else { Tone::Warn };
            view! {
                <Notice tone title=title takes_focus=true>
                    {words.into_iter().map(|words| view! { <p>{words}</p> }).collect_view()}
                </Notice>
            }.into_any()
        }
    }
}

/// What is shown only once, to be copied: by hand, and with a button where the browser can.
#[component]
fn Secret(value: String, label: String) -> impl IntoView {
    let field = NodeRef::<leptos::html::Input>::new();
    let is_hydrated = is_hydrated();
    let said = RwSignal::new("");
    let copy = move |_| {
        copy_text(field, move |is_copied| {
            said.set(if is_copied {
                "Copied."
            } else {
                "The browser did not copy it. It is selected: copy it with the keyboard."
            });
        });
    };
    view! {
        <p class="secret-line">
            <input class="secret" type="text" readonly value=value aria-label=label.clone() node_ref=field />
            <Show when=move || is_hydrated.get()>
                <button type="button" class="btn" aria-label=format!("Copy: {label}") on:click=copy>"Copy"</button>
            </Show>
        </p>
        <p class="secret-said" aria-live="polite">{said}</p>
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
        Effect::new(|_| sign_in_again());
    }
    match error {
        AppError::Forbidden => view! {
            <section class="blank">
                <h1>"Not for your role"</h1>
                <p>"Your role may not see this page. An administrator can give you another role."</p>
                <p><a class="btn" href="/" rel="external">"Go to the overview"</a></p>
            </section>
        }
        .into_any(),
        AppError::NotFound => view! {
            <section class="blank">
                <h1>"Nothing at this address"</h1>
                <p>"The page or the database does not exist, or has another name now."</p>
                <p><a class="btn" href="/" rel="external">"Go to the overview"</a></p>
            </section>
        }
        .into_any(),
        other => view! {
            <Notice tone=Tone::Bad title="This page could not be loaded">
                <p>{other.to_string()}</p>
            </Notice>
        }
        .into_any(),
    }
}

/// A part of a page could not be loaded. What is no fault of the part's own, the page itself says.
#[component]
pub(crate) fn PartFailed(error: AppError) -> impl IntoView {
    let is_pages = matches!(
        error,
        AppError::NotSignedIn | AppError::Forbidden | AppError::NotFound
    );
    (!is_pages).then(|| view! { <LoadFailed error /> })
}

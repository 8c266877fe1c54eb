//! Where actions begin: beside a table's chunks, a job, a continuous aggregate.

use domain::listing::escape_parameter;
use domain::snapshot::Edition;
use domain::table_name::TableName;
use leptos::prelude::*;

/// A link that begins an action, or a button that says why it cannot.
fn begin(href: String, label: &'static str, withheld: Option<&'static str>) -> AnyView {
    let button = if withheld.is_some() {
        view! { <button type="button" class="btn" disabled aria-describedby=REASON>{label}</button> }
            .into_any()
    } else {
        view! { <a class="btn" href=href>{label}</a> }.into_any()
    };
    view! { <li>{button}</li> }.into_any()
}

/// Names the reason in the page.
const REASON: &str = "actions-reason";

/// Why buttons are of no use.
fn reason(words: Option<&'static str>) -> Option<AnyView> {
    words.map(|words| view! { <p class="hint" id=REASON>{words}</p> }.into_any())
}

/// What can be done to a whole table.
#[component]
pub(crate) fn TableActions(
    database: String,
    table: TableName,
    edition: Edition,
    /// Whether whoever looks may do it.
    may: bool,
) -> impl IntoView {
    let base = format!("/db/{database}/actions/preview");
    let name = table.qualified();
    let role = (!may).then_some("Administrators do this; your role may see the chunks.");
    let of_edition = (edition == Edition::Apache)
        .then_some("The Apache edition has no compression, and freezes no chunks.");
    let withheld = role.or(of_edition);
    let link = |action: &str, label: &'static str| {
        let href = format!("{base}?action={action}&table={}", escape_parameter(&name));
        begin(href, label, withheld)
    };
    view! {
        <section class="card form-card actions">
            <header>
                <h2>"Do something to all chunks"</h2>
                <p class="hint">"Each leads to a preview first: which chunks it would handle, and which not, and why."</p>
            </header>
            <div class="form-body">
                <ul class="buttons">
                    {link("compress", "Compress")} {link("recompress", "Compress anew")} {link("decompress", "Decompress")}
                    {link("freeze", "Freeze")} {link("unfreeze", "Unfreeze")}
                </ul>
                {reason(withheld)}
                <form method="get" action=base>
                    <input type="hidden" name="action" value="drop_older_than" />
                    <input type="hidden" name="table" value=table.qualified() />
                    <div class="fields">
                        <label>
                            <span>"Drop chunks older than"</span>
                            <input type="text" name="older_than" required disabled=!may maxlength="100" autocomplete="off" placeholder="90 days, or 2026-08-01" />
                        </label>
                        <button type="submit" class="btn" disabled=!may aria-describedby=(!may).then_some(REASON)>"Preview dropping"</button>
                    </div>
                </form>
            </div>
        </section>
    }
    .into_any()
}

/// What can be done to a job.
#[component]
pub(crate) fn JobActions(
    database: String,
    id: i32,
    /// Whether it is paused.
    is_paused: bool,
    /// Whether it may be run and paused.
    may_operate: bool,
    /// Whether it may be given another start.
    may_reschedule: bool,
) -> impl IntoView {
    let link = |action: &str, label: &'static str, may: bool| {
        let href = format!("/db/{database}/actions/preview?action={action}&job={id}");
        begin(href, label, (!may).then_some(""))
    };
    let words = if !may_operate {
        Some("Your role may see this job; administrators run, pause and reschedule it.")
    } else if !may_reschedule {
        Some("Administrators reschedule jobs.")
    } else {
        None
    };
    view! {
        <ul class="buttons" aria-label="Actions">
            {link("run_job", "Run now", may_operate)}
            {if is_paused { link("resume_job", "Resume", may_operate) } else { link("pause_job", "Pause", may_operate) }}
            {link("reschedule_job", "Reschedule", may_reschedule)}
        </ul>
        {reason(words)}
    }
    .into_any()
}

/// What can be done to a continuous aggregate.
#[component]
pub(crate) fn AggregateActions(database: String, view: TableName) -> impl IntoView {
    let href = format!(
        "/db/{database}/actions/preview?action=refresh&aggregate={}",
        escape_parameter(&view.qualified())
    );
    let label = format!("Refresh {view}");
    view! { <a class="row-link" href=href aria-label=label>"Refresh"</a> }.into_any()
}

//! Where actions begin: beside a table's chunks, a job, a continuous aggregate.

use domain::listing::escape_parameter;
use domain::snapshot::Edition;
use domain::table_name::TableName;
use leptos::prelude::*;

/// What can be done to a whole table.
#[component]
pub(crate) fn TableActions(database: String, table: TableName, edition: Edition) -> impl IntoView {
    let base = format!("/db/{database}/actions/preview");
    let name = table.qualified();
    let link = |action: &str, label: &'static str| {
        let href = format!("{base}?action={action}&table={}", escape_parameter(&name));
        view! { <li><a class="btn" href=href>{label}</a></li> }
    };
    let of_community = if edition == Edition::Community {
        view! {
            <ul class="buttons">
                {link("compress", "Compress")} {link("recompress", "Compress anew")} {link("decompress", "Decompress")}
                {link("freeze", "Freeze")} {link("unfreeze", "Unfreeze")}
            </ul>
        }
        .into_any()
    } else {
        view! { <p class="hint">"The Apache edition has no compression, and freezes no chunks."</p> }
            .into_any()
    };
    view! {
        <section class="card form-card actions">
            <header>
                <h2>"Do something to all chunks"</h2>
                <p class="hint">"Each leads to a preview first: which chunks it would handle, and which not, and why."</p>
            </header>
            <div class="form-body">
                {of_community}
                <form method="get" action=base>
                    <input type="hidden" name="action" value="drop_older_than" />
                    <input type="hidden" name="table" value=table.qualified() />
                    <div class="fields">
                        <label>
                            <span>"Drop chunks older than"</span>
                            <input type="text" name="older_than" required maxlength="100" autocomplete="off" placeholder="90 days, or 2026-08-01" />
                        </label>
                        <button type="submit" class="btn">"Preview dropping"</button>
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
    let link = |action: &str, label: &'static str| {
        let href = format!("/db/{database}/actions/preview?action={action}&job={id}");
        view! { <li><a class="btn" href=href>{label}</a></li> }
    };
    if !may_operate {
        return view! { <p class="hint">"Your role may see this job; administrators run and pause it."</p> }
            .into_any();
    }
    view! {
        <ul class="buttons" aria-label="Actions">
            {link("run_job", "Run now")}
            {if is_paused { link("resume_job", "Resume") } else { link("pause_job", "Pause") }}
            {may_reschedule.then(|| link("reschedule_job", "Reschedule"))}
        </ul>
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

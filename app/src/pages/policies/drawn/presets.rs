//! What is often wanted, as links that fill the form and show what it would do.

use backend::policies::PolicyNow;
use domain::policy::{Field, PolicyFields, PolicyKind};
use domain::snapshot::Edition;
use domain::time_axis::TimeAxis;
use leptos::prelude::*;

use super::form::Asked;
use super::form_address;

/// The links.
#[component]
pub(super) fn Presets(asked: Asked, now: PolicyNow) -> impl IntoView {
    let links = presets(&asked, &now)
        .into_iter()
        .map(|(label, fields)| {
            let href = format!(
                "{}#preview",
                form_address(&asked.database, &asked.table, &fields, true)
            );
            view! { <li><a class="btn small" href=href>{label}</a></li> }
        })
        .collect_view();
    view! {
        <div class="presets">
            <span class="hint" id="presets">"Often wanted:"</span>
            <ul aria-labelledby="presets">{links}</ul>
        </div>
    }
}

fn presets(asked: &Asked, now: &PolicyNow) -> Vec<(&'static str, PolicyFields)> {
    let mut presets = Vec::new();
    if !asked.declared.is_empty() {
        presets.push(("As declared", asked.declared.clone()));
    }
    // Of numbers nobody can say how many are often wanted.
    if now.current.time_axis == TimeAxis::Moments {
        let (compress, drop) = (
            Field::Threshold(PolicyKind::Compression),
            Field::Threshold(PolicyKind::Retention),
        );
        let say = |pairs: &[(Field, &str)]| {
            let mut fields = PolicyFields::default();
            for (field, text) in pairs {
                fields.set(*field, *text);
            }
            fields
        };
        if now.edition == Edition::Community {
            presets.push((
                "Compress after 7 days, keep 90",
                say(&[
                    (Field::Compression, "on"),
                    (compress, "7 days"),
                    (drop, "90 days"),
                ]),
            ));
            presets.push((
                "Compress after 7 days, keep a year",
                say(&[(Field::Compression, "on"), (compress, "7 days"), (drop, "1 year")]),
            ));
        } else {
            presets.push(("Keep 90 days", say(&[(drop, "90 days")])));
            presets.push(("Keep a year", say(&[(drop, "1 year")])));
        }
        presets.push(("Keep everything", say(&[(drop, "never")])));
    }
    presets
}

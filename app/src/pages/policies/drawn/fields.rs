//! The fields of the form: what is said, what is now, what is wrong with it.

use domain::policy::{Field, FieldError, PolicyFields};
use leptos::prelude::*;

/// What stands in a field, beside it and below it.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// What the form says.
    pub(super) fields: PolicyFields,
    /// What the table has.
    pub(super) now: PolicyFields,
    /// What is wrong with what the form says.
    pub(super) errors: Vec<FieldError>,
    /// What speaks against what it says, by the field that would have to be another.
    pub(super) against: Vec<FieldError>,
}

impl Said {
    /// What the form says of a field, else what there is.
    pub(super) fn text(&self, field: Field) -> String {
        let said = self.fields.get(field).or_else(|| self.now.get(field));
        said.unwrap_or_default().to_owned()
    }

    fn now(&self, field: Field) -> &str {
        self.now.get(field).unwrap_or_default()
    }

    fn error(&self, field: Field) -> Option<String> {
        let messages: Vec<&str> = self
            .errors
            .iter()
            .chain(&self.against)
            .filter(|error| error.name == field.name())
            .map(|error| error.message.as_str())
            .collect();
        (!messages.is_empty()).then(|| messages.join(" "))
    }

    /// Whether anything is wrong with the field.
    pub(super) fn is_wrong(&self, field: Field) -> bool {
        self.error(field).is_some()
    }

    /// Whether the form says another thing than there is.
    fn differs(&self, field: Field) -> bool {
        self.text(field) != self.now(field)
    }
}

/// What there is, where the form says something else.
fn now_line(said: &Said, field: Field) -> Option<AnyView> {
    said.differs(field).then(|| {
        let now = said.now(field);
        let now = if now.is_empty() { "nothing" } else { now }.to_owned();
        view! { <span class="field-now">"now: " <b>{now}</b></span> }.into_any()
    })
}

fn error_line(said: &Said, field: Field) -> Option<AnyView> {
    let id = format!("{}-error", field.name());
    said.error(field)
        .map(|message| view! { <span class="field-error" id=id>{message}</span> }.into_any())
}

fn described_by(said: &Said, field: Field) -> String {
    let hint = format!("{}-hint", field.name());
    match said.error(field) {
        Some(_) => format!("{hint} {}-error", field.name()),
        None => hint,
    }
}

/// A field for a text.
pub(super) fn text_field(
    said: &Said,
    field: Field,
    label: &'static str,
    hint: &str,
    list: Option<&'static str>,
) -> AnyView {
    let hint_id = format!("{}-hint", field.name());
    view! {
        <div class="policy-field">
            <label>
                <span>{label}</span>
                <input
                    type="text"
                    name=field.name()
                    value=said.text(field)
                    list=list
                    maxlength="500"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-invalid=said.error(field).map(|_| "true")
                    aria-describedby=described_by(said, field)
                />
            </label>
            {error_line(said, field)}
            {now_line(said, field)}
            <span class="hint" id=hint_id>{hint.to_owned()}</span>
        </div>
    }
    .into_any()
}

/// A field for one of a few values, each with what it means.
pub(super) fn choice_field(
    said: &Said,
    field: Field,
    label: &'static str,
    hint: &str,
    choices: &[(&'static str, &'static str)],
) -> AnyView {
    let chosen = said.text(field);
    let chosen = if chosen.is_empty() {
        choices.first().map_or("", |(value, _)| value).to_owned()
    } else {
        chosen
    };
    let hint_id = format!("{}-hint", field.name());
    let options = choices
        .iter()
        .map(|(value, words)| view! { <option value=*value selected=*value == chosen>{*words}</option> })
        .collect_view();
    view! {
        <div class="policy-field">
            <label>
                <span>{label}</span>
                <select name=field.name() aria-invalid=said.error(field).map(|_| "true") aria-describedby=described_by(said, field)>{options}</select>
            </label>
            {error_line(said, field)}
            {now_line(said, field)}
            <span class="hint" id=hint_id>{hint.to_owned()}</span>
        </div>
    }
    .into_any()
}

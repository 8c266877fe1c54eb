//! Policies: the form, what it would do, applying it, what was changed, what is declared.

use charts::Markup;
use domain::policy::PolicyFields;
use domain::table_name::TableName;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::charts::DrawnChart;
use crate::error::AppError;

/// The form of a table's policy, and what it would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawnPolicyForm {
    /// The form.
    pub form: Markup,
    /// What it would do, where that was asked for.
    pub preview: Option<DrawnPreview>,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DrawnPreview {
    /// What changes and what speaks against it.
    pub above: Markup,
    /// What becomes of each chunk.
    pub map: Option<DrawnChart>,
    /// The statements, and the form that applies them.
    pub below: Markup,
}

/// Draws the form of a table's policy. `said` is what stands in the page's address: fields by their names, `preview`, and
/// the change that is to be taken back as `undo`.
#[server(prefix = "/fn", endpoint = "draw_policy_form", input = leptos::server_fn::codec::Json)]
pub async fn draw_policy_form(
    database: String,
    table: TableName,
    said: Vec<(String, String)>,
) -> Result<DrawnPolicyForm, AppError> {
    use backend::policies::Wanted;
    use domain::policy::Field;

    use super::guard;
    use crate::pages::PolicyFormAsked;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policy").await?;
    let number = |name: &str| {
        let text = said
            .iter()
            .find(|(of, _)| of == name)
            .map(|(_, text)| text.as_str());
        text.map(|text| text.parse::<i64>().map_err(|_| super::bad_request()))
            .transpose()
    };
    // "undo" begins to take a change back, "undoes" goes on once the form was sent.
    let (begins, goes_on) = (number("undo")?, number("undoes")?);
    let shows_preview = said.iter().any(|(name, _)| name == "preview");
    let fields: PolicyFields = said
        .into_iter()
        .filter(|(name, _)| Field::from_name(name).is_some())
        .collect();
    let preview = if let Some(id) = begins {
        console.undo_preview(&granted, &database, id).await
    } else {
        let wanted = Wanted {
            table: table.clone(),
            fields,
        };
        console.preview_policy(&granted, &database, &wanted).await
    }
    .map_err(|error| guard::policy_refused("previewing a policy", error))?;
    let declared = console
        .declared_fields(&granted, &database, &preview.now.current)
        .map_err(|error| guard::policy_refused("reading what is declared", error))?;
    let asked = PolicyFormAsked {
        database,
        table,
        undoes: begins.or(goes_on),
        shows_preview,
        declared,
        now: console.now(),
    };
    Ok(crate::pages::draw_form(&asked, preview))
}

/// Applies what a preview showed, and leads to the page of the change.
#[server(prefix = "/fn", endpoint = "apply_policy")]
pub async fn apply_policy(
    database: String,
    table: String,
    fingerprint: String,
    #[server(default)] fields: PolicyFields,
    #[server(default)] typed_name: String,
    #[server(default)] reason: String,
    #[server(default)] undoes: Option<i64>,
) -> Result<(), AppError> {
    use std::time::Duration;

    use backend::policies::{ApplyPolicy, Wanted};

    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policy").await?;
    let table = TableName::from_qualified(&table).ok_or_else(super::bad_request)?;
    if reason.chars().count() > 500 {
        return Err(super::bad_request());
    }
    let apply = ApplyPolicy {
        wanted: Wanted { table, fields },
        fingerprint,
        typed_name,
        reason: reason.trim().to_owned(),
        undoes,
    };
    let refused = |error| guard::policy_refused("changing a policy", error);
    let id = console
        .apply_policy(&granted, &database, apply)
        .await
        .map_err(refused)?;
    // Most are over by now; of the others the page shows the progress.
    console
        .await_policy_change(&granted, &database, id, Duration::from_secs(1))
        .await
        .map_err(refused)?;
    leptos_axum::redirect(&format!("/db/{database}/policies/changes/{id}"));
    Ok(())
}

/// Draws what became of a change. While it is under way, the page is loaded again every second.
#[server(prefix = "/fn", endpoint = "draw_policy_change", input = leptos::server_fn::codec::Json)]
pub async fn draw_policy_change(database: String, id: i64) -> Result<Markup, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policy change").await?;
    let change = console
        .policy_change(&granted, &database, id)
        .await
        .map_err(|error| guard::policy_refused("reading a change", error))?;
    if !change.is_over() {
        super::load_again_soon();
    }
    Ok(crate::pages::draw_change(change))
}

/// Draws every table beside what is declared for it, and the changes before one.
#[server(prefix = "/fn", endpoint = "draw_policies", input = leptos::server_fn::codec::Json)]
pub async fn draw_policies(database: String, before: Option<i64>) -> Result<Markup, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policies").await?;
    let refused = |error| guard::policy_refused("reading the policies", error);
    let report = console.drift(&granted, &database).await.map_err(refused)?;
    let changes = console
        .policy_changes(&granted, &database, None, before, crate::pages::CHANGES_A_PAGE)
        .await
        .map_err(refused)?;
    let kept = console
        .retention_statuses(&granted, &database)
        .await
        .map_err(|error| guard::action_refused("reading retention", error))?;
    Ok(crate::pages::draw_policy_list(
        &database,
        report,
        &kept,
        changes,
        before.is_none(),
    ))
}

/// Applies what is declared to some tables, or to all that differ.
#[server(prefix = "/fn", endpoint = "apply_declared")]
pub async fn apply_declared(
    database: String,
    which: String,
    #[server(default)] tables: Vec<String>,
) -> Result<(), AppError> {
    use super::guard;
    use super::notice::leave_notice;
    use crate::server_fns::DoneNotice;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policies").await?;
    let chosen = match which.as_str() {
        "all" => None,
        "chosen" => {
            let tables: Option<Vec<TableName>> = tables
                .iter()
                .map(|table| TableName::from_qualified(table))
                .collect();
            let tables = tables.ok_or_else(super::bad_request)?;
            if tables.is_empty() {
                return Err(guard::unfit(AppError::NothingChosen));
            }
            Some(tables)
        }
        _ => return Err(super::bad_request()),
    };
    let outcomes = console
        .apply_declared(&granted, &database, chosen)
        .await
        .map_err(|error| guard::policy_refused("applying what is declared", error))?;
    let words = outcomes.as_deref().map_or_else(
        || "It takes a while, and goes on. What was done is among the changes below.".to_owned(),
        backend::declared::in_words,
    );
    leave_notice(&DoneNotice::Done(words))?;
    leptos_axum::redirect(&format!("/db/{database}/policies"));
    Ok(())
}

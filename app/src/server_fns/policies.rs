//! Policies: the form, what it would do, applying it, what was changed, what is declared.

use charts::Markup;
use domain::policy::PolicyFields;
use domain::table_name::TableName;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::charts::DrawnChart;
use crate::components::DrawnProgress;
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
    let chunks_page = number("chunks")?.map(|page| usize::try_from(page).unwrap_or(1));
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
    console.note_read(&granted, &format!("policy of {table}"), &database);
    let declared = console
        .declared_fields(&granted, &database, &preview.now.current)
        .map_err(|error| guard::policy_refused("reading what is declared", error))?;
    let asked = PolicyFormAsked {
        database,
        table,
        undoes: begins.or(goes_on),
        shows_preview,
        declared,
        chunks_page,
        reason: super::notice::typed_before("reason").unwrap_or_default(),
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
    let mut page = crate::pages::policy_form_address(&database, &table, &fields, true);
    if let Some(id) = undoes {
        page.extend(["&undoes=", &id.to_string()]);
    }
    guard::stands_on(page, vec![("reason".to_owned(), reason.clone())]);
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

/// Draws what became of a change.
#[server(prefix = "/fn", endpoint = "draw_policy_change", input = leptos::server_fn::codec::Json)]
pub async fn draw_policy_change(database: String, id: i64) -> Result<DrawnProgress, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policy change").await?;
    let change = console
        .policy_change(&granted, &database, id)
        .await
        .map_err(|error| guard::policy_refused("reading a change", error))?;
    console.note_read(&granted, &format!("policy change {id}"), &database);
    let is_over = change.is_over();
    Ok(crate::components::progress(
        crate::pages::draw_change(change),
        is_over,
    ))
}

/// Draws every table beside what is declared for it, and the changes: of one table or of all, before one.
#[server(prefix = "/fn", endpoint = "draw_policies", input = leptos::server_fn::codec::Json)]
pub async fn draw_policies(
    database: String,
    table: Option<TableName>,
    before: Option<i64>,
) -> Result<Markup, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policies").await?;
    let refused = |error| guard::policy_refused("reading the policies", error);
    let report = console.drift(&granted, &database).await.map_err(refused)?;
    let changes = console
        .policy_changes(
            &granted,
            &database,
            table.as_ref(),
            before,
            crate::pages::CHANGES_A_PAGE,
        )
        .await
        .map_err(refused)?;
    console.note_read(&granted, "policies", &database);
    let kept = console
        .retention_statuses(&granted, &database)
        .await
        .map_err(|error| guard::action_refused("reading retention", error))?;
    Ok(crate::pages::draw_policy_list(
        &database,
        report,
        &kept,
        changes,
        table.as_ref(),
        before.is_none(),
    ))
}

/// Applies what is declared to some tables, or to all that differ. `seen` says of each table what the page showed of it:
/// `schema.name=fingerprint`.
#[server(prefix = "/fn", endpoint = "apply_declared")]
pub async fn apply_declared(
    database: String,
    which: String,
    #[server(default)] tables: Vec<String>,
    #[server(default)] seen: Vec<String>,
) -> Result<(), AppError> {
    use backend::declared::ChosenTable;

    use super::guard;
    use super::notice::leave_notice;

    let (console, granted) = guard::demand(domain::role::Permission::ChangePolicies, "policies").await?;
    guard::stands_on(format!("/db/{database}/policies"), Vec::new());
    let seen: Option<Vec<ChosenTable>> = seen
        .iter()
        .map(|seen| {
            let (table, fingerprint) = seen.rsplit_once('=')?;
            Some(ChosenTable {
                table: TableName::from_qualified(table)?,
                fingerprint: Some(fingerprint.to_owned()),
            })
        })
        .collect();
    let mut chosen = seen.ok_or_else(super::bad_request)?;
    match which.as_str() {
        // Whatever the page said would be done: it leaves out what cannot be applied.
        "all" => {}
        "chosen" => {
            let tables: Option<Vec<TableName>> = tables
                .iter()
                .map(|table| TableName::from_qualified(table))
                .collect();
            let tables = tables.ok_or_else(super::bad_request)?;
            chosen.retain(|of| tables.contains(&of.table));
        }
        _ => return Err(super::bad_request()),
    }
    if chosen.is_empty() {
        return Err(guard::unfit(AppError::NothingChosen));
    }
    let outcomes = console
        .apply_declared(&granted, &database, Some(chosen))
        .await
        .map_err(|error| guard::policy_refused("applying what is declared", error))?;
    leave_notice(&declared_notice(outcomes.as_deref()))?;
    leptos_axum::redirect(&format!("/db/{database}/policies"));
    Ok(())
}

/// How many came out how, and what is to be looked at.
#[cfg(feature = "ssr")]
fn declared_notice(outcomes: Option<&[backend::declared::TableOutcome]>) -> super::DoneNotice {
    use backend::declared::{DeclaredOutcome, TableOutcome};
    use domain::quantity::counted;

    use super::DoneNotice;

    let Some(outcomes) = outcomes else {
        return DoneNotice::Done(
            "It takes a while, and goes on. What was done is among the changes below.".to_owned(),
        );
    };
    let applied = outcomes
        .iter()
        .filter(|of| matches!(of.outcome, DeclaredOutcome::Applied(_)))
        .count();
    let words: Vec<String> = outcomes
        .iter()
        .filter(|of| !of.outcome.is_done())
        .map(TableOutcome::sentence)
        .collect();
    let title = format!("Applied to {}", counted(applied as u64, "table", "tables"));
    if words.is_empty() {
        return DoneNotice::Done(format!("{title}."));
    }
    DoneNotice::Told {
        is_refused: applied == 0,
        title: match applied {
            0 => "Nothing was applied".to_owned(),
            _ => format!("{title}, not to {}", words.len()),
        },
        words,
        typed: Vec::new(),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use backend::declared::{DeclaredOutcome, TableOutcome};

    use super::super::DoneNotice;
    use super::declared_notice;
    use domain::table_name::TableName;

    fn outcome(outcome: DeclaredOutcome) -> TableOutcome {
        TableOutcome {
            table: TableName::new("public", "readings"),
            outcome,
        }
    }

    #[test]
    fn the_notice_is_as_grave_as_what_came_out() {
        let applied = || outcome(DeclaredOutcome::Applied(7));
        let kept = || {
            outcome(DeclaredOutcome::NotApplied(
                "somebody changed it.".to_owned(),
                None,
            ))
        };
        assert_eq!(
            declared_notice(Some(&[applied(), outcome(DeclaredOutcome::AsDeclared)])),
            DoneNotice::Done("Applied to 1 table.".to_owned())
        );
        for (outcomes, refused, said) in [
            (vec![applied(), kept()], false, "Applied to 1 table, not to 1"),
            (vec![kept()], true, "Nothing was applied"),
        ] {
            let DoneNotice::Told {
                is_refused,
                title,
                words,
                ..
            } = declared_notice(Some(&outcomes))
            else {
                panic!("a green check over what was not applied")
            };
            assert_eq!((is_refused, title.as_str()), (refused, said));
            assert_eq!(words, ["readings: not applied: somebody changed it."]);
        }
    }
}

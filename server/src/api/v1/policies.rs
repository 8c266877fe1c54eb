//! Changes of policies, for programs: what the pages preview, apply and take back.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use backend::auth::Granted;
use backend::console::Console;
use backend::policies::{ApplyPolicy, Planned, PolicyRefused, Preview, Wanted};
use domain::hypertable::TimePoint;
use domain::policy::{
    Amount, Blocker, Difference, Effect, Field, FieldError, PlannedStep, PolicyFields, Warning,
};
use domain::policy_change::{ChangeState, PolicyChange};
use domain::role::Permission;
use domain::table_name::TableName;
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Ask;
use super::document::{Conflicts, DatabaseParameter, Refusals};
use super::metrics::Point;
use crate::problem::{FieldProblem, Problem};

/// Most changes are over by then; of the others the answer says where to ask.
const PATIENCE: Duration = Duration::from_secs(25);
/// Changes on a page unless `limit` says otherwise, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;
/// The order of changes.
const NEWEST_FIRST: &str = "-at";

/// What is to be planned: fields of a table's policy, or taking a change back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanRequest {
    /// `schema.table`, or `schema.view` of a continuous aggregate. Quoted as in SQL where a part has a dot in it.
    table: Option<String>,
    /// What is wanted, by the names of the form's fields; a field that is missing stays as it is.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// The number of the change that is to be taken back, instead of table and fields.
    #[schema(minimum = 1)]
    undo: Option<i64>,
}

/// What was planned, to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplyRequest {
    /// `schema.table`, or `schema.view` of a continuous aggregate. Quoted as in SQL where a part has a dot in it.
    table: String,
    /// What is wanted, as it was planned.
    fields: BTreeMap<String, String>,
    /// The plan's. Where something changed since, nothing is done.
    fingerprint: String,
    /// The table's name, where the plan says that it deletes data.
    #[serde(default)]
    typed_name: String,
    /// Why; kept with the change.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// A change that is to be taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UndoRequest {
    /// That of the plan of taking it back.
    fingerprint: String,
    /// The table's name, where the plan says that it deletes data.
    #[serde(default)]
    typed_name: String,
    /// Why; kept with the change.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

/// What a change would do.
#[derive(Serialize, ToSchema)]
pub(super) struct PlanBody {
    table: String,
    /// Of what the plan was made for: applying it takes it.
    fingerprint: String,
    /// Whether it may be applied: something is to be done, and nothing speaks against it.
    can_be_applied: bool,
    /// Whether data is deleted that was kept so far: applying it takes the table's name.
    needs_typed_name: bool,
    /// The policy as it is, by the names of the form's fields.
    current: BTreeMap<String, String>,
    /// What is wanted of it, as applying it takes it.
    fields: BTreeMap<String, String>,
    differences: Vec<DifferenceBody>,
    /// What is done, in order, in one transaction.
    statements: Vec<StatementBody>,
    /// What changes, in sentences.
    effects: Vec<String>,
    /// What should be known, in sentences.
    warnings: Vec<String>,
    /// What keeps it from being applied.
    blockers: Vec<BlockerBody>,
    first_run: RunBody,
    /// From now on for 90 days.
    within_90_days: RunBody,
    /// When the chunks were read that this is about.
    collected_at: Timestamp,
}

/// A field that changes.
#[derive(Serialize, ToSchema)]
struct DifferenceBody {
    field: &'static str,
    label: String,
    current: String,
    desired: String,
}

/// One step.
#[derive(Serialize, ToSchema)]
struct StatementBody {
    /// Null for what the console keeps itself.
    sql: Option<String>,
    /// The lock it takes.
    lock: String,
}

/// Something that keeps a plan from being applied.
#[derive(Serialize, ToSchema)]
struct BlockerBody {
    /// The field it is about; null where it is about no single one.
    field: Option<&'static str>,
    detail: String,
}

/// What is done to the chunks there are.
#[derive(Serialize, ToSchema)]
struct RunBody {
    compressed: AmountBody,
    dropped: AmountBody,
    /// Where the oldest chunk begins that is kept; null where none is.
    oldest_kept: Option<Point>,
}

/// Chunks, and what they take.
#[derive(Serialize, ToSchema)]
struct AmountBody {
    chunks: u64,
    bytes: u64,
    /// Null where nothing was compressed yet that could tell.
    freed_bytes: Option<u64>,
    /// About how many; lost where they are dropped.
    rows: u64,
}

/// A change of a policy.
#[derive(Serialize, ToSchema)]
pub(super) struct RevisionBody {
    id: i64,
    table: String,
    /// When it began.
    at: Timestamp,
    /// When it was over; null while that is not known.
    finished_at: Option<Timestamp>,
    /// Who made it, in words.
    made_by: String,
    reason: String,
    state: RevisionState,
    /// How it stands, in a sentence or two.
    detail: String,
    /// Whether the database was changed.
    applied: bool,
    /// Whether it may be taken back.
    can_be_undone: bool,
    /// Whether it made a policy delete data: taking it back does not bring them back.
    drops_data: bool,
    /// The change that this one takes back.
    undoes: Option<i64>,
    /// The change that took this one back.
    undone_by: Option<i64>,
    differences: Vec<DifferenceBody>,
    statements: Vec<StatementBody>,
    effects: Vec<String>,
}

/// How a change stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RevisionState {
    Running,
    Applied,
    /// It was done, but what was read again is not all as planned.
    AppliedOtherwise,
    /// Somebody else was faster, so nothing was done.
    Refused,
    /// Nothing was done.
    Failed,
    /// Nobody can say, for now or for good.
    Unknown,
}

/// Changes, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Revisions {
    items: Vec<RevisionBody>,
    /// Changes there are, on all pages.
    total: u64,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

fn difference(row: Difference) -> DifferenceBody {
    DifferenceBody {
        field: row.field.name(),
        label: row.field.label(),
        current: row.current,
        desired: row.desired,
    }
}

fn statement(step: PlannedStep) -> StatementBody {
    StatementBody {
        lock: step.lock.sentence(),
        sql: step.sql,
    }
}

fn amount(amount: Amount) -> AmountBody {
    AmountBody {
        chunks: amount.chunks,
        bytes: amount.bytes,
        freed_bytes: amount.freed_bytes,
        rows: amount.rows,
    }
}

fn map(fields: &PolicyFields) -> BTreeMap<String, String> {
    fields
        .pairs()
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

impl PlanBody {
    fn of(preview: Preview) -> Result<Self, Problem> {
        let Planned {
            plan,
            outlook,
            differences,
            snapshot,
            ..
        } = preview.planned.map_err(|errors| unreadable(&errors))?;
        let run = |compressed: Amount, dropped: Amount, oldest_kept: Option<TimePoint>| RunBody {
            compressed: amount(compressed),
            dropped: amount(dropped),
            oldest_kept: oldest_kept.map(Into::into),
        };
        Ok(Self {
            table: plan.relation.qualified(),
            fingerprint: plan.fingerprint.clone(),
            can_be_applied: plan.can_be_applied(),
            needs_typed_name: plan.needs_typed_name,
            current: map(&preview.now.fields),
            fields: map(&preview.wanted.fields),
            differences: differences.into_iter().map(difference).collect(),
            effects: plan.effects.iter().map(Effect::sentence).collect(),
            warnings: plan.warnings.iter().map(Warning::sentence).collect(),
            blockers: plan
                .blockers
                .iter()
                .map(|blocker| BlockerBody {
                    field: Blocker::field(blocker).map(Field::name),
                    detail: blocker.sentence(),
                })
                .collect(),
            statements: plan.steps.into_iter().map(statement).collect(),
            first_run: run(
                outlook.first_compressed,
                outlook.first_dropped,
                outlook.oldest_kept_first,
            ),
            within_90_days: run(outlook.compressed, outlook.dropped, outlook.oldest_kept),
            collected_at: snapshot.sizes_collected_at,
        })
    }
}

impl From<PolicyChange> for RevisionBody {
    fn from(change: PolicyChange) -> Self {
        Self {
            id: change.id,
            table: change.relation.qualified(),
            at: change.at,
            finished_at: change.finished_at,
            made_by: change.made_by(),
            state: match &change.state {
                ChangeState::Running(_) => RevisionState::Running,
                ChangeState::Applied => RevisionState::Applied,
                ChangeState::AppliedOtherwise(_) => RevisionState::AppliedOtherwise,
                ChangeState::Refused(..) => RevisionState::Refused,
                ChangeState::Failed(_) => RevisionState::Failed,
                ChangeState::Unknown(_) => RevisionState::Unknown,
            },
            detail: change.state.sentence(),
            applied: change.state.was_applied(),
            can_be_undone: change.can_be_undone(),
            drops_data: change.drops_data,
            undoes: change.undoes,
            undone_by: change.undone_by,
            reason: change.reason,
            differences: change.differences.into_iter().map(difference).collect(),
            statements: change.statements.into_iter().map(statement).collect(),
            effects: change.effects,
        }
    }
}

/// Fields that cannot be read, each by its name.
fn unreadable(errors: &[FieldError]) -> Problem {
    let fields = errors.iter().map(|error| FieldProblem {
        field: error.name.clone(),
        detail: error.message.clone(),
    });
    Problem::fields(fields.collect())
}

/// What is refused, for programs.
fn refused(ask: &Ask, error: &PolicyRefused) -> Problem {
    let words = format!("{}.", sentence(&error.to_string()));
    let status = match error {
        PolicyRefused::UnknownDatabase(_) => return Problem::missing("db", words),
        PolicyRefused::UnknownTable(_) | PolicyRefused::UnknownChange(_) => StatusCode::NOT_FOUND,
        // It was granted a moment ago, and taken back.
        PolicyRefused::WrongGrant(_) => StatusCode::FORBIDDEN,
        PolicyRefused::State(error) => {
            tracing::error!(%error, "a policy could not be answered");
            return Problem::failed(&ask.reference);
        }
        PolicyRefused::Fields(errors) => return unreadable(errors),
        PolicyRefused::Blocked(_) | PolicyRefused::ReasonTooLong(_) | PolicyRefused::TypedName(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        PolicyRefused::NothingToDo
        | PolicyRefused::Changed(_)
        | PolicyRefused::NotUndoable(..)
        | PolicyRefused::Busy(_)
        | PolicyRefused::NotPlannable(_) => StatusCode::CONFLICT,
        PolicyRefused::NotRead | PolicyRefused::NoConnection | PolicyRefused::Server(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    tracing::info!(refused = words, "a policy's change was refused");
    Problem::new(status, words)
}

fn sentence(words: &str) -> String {
    let words = words.trim_end_matches('.');
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// What was sent, or what is wrong with it.
fn body<T>(sent: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    sent.map(|Json(body)| body).map_err(|rejection| {
        let status = rejection.status();
        Problem::new(status, rejection.body_text())
    })
}

fn table(name: &str) -> Result<TableName, Problem> {
    TableName::from_qualified(name).ok_or_else(|| {
        Problem::fields(vec![FieldProblem {
            field: "table".to_owned(),
            detail: format!("{name:?} names no table; write schema.table"),
        }])
    })
}

async fn granted(ask: &Ask, console: &Console, known: &[&str]) -> Result<(Granted, String), Problem> {
    let granted = ask.demand(console, Permission::ChangePolicies, known).await?;
    let database = ask.database(console, &granted)?.to_string();
    Ok((granted, database))
}

/// What a change would do
///
/// Nothing is changed. Takes table and fields, or the number of a change that is to be taken back.
#[utoipa::path(post, path = "/api/v1/policies/plan", tag = "Policies", params(DatabaseParameter),
    request_body = PlanRequest, responses((status = OK, body = PlanBody), Conflicts))]
pub(super) async fn plan(
    State(console): State<Console>,
    ask: Ask,
    sent: Result<Json<PlanRequest>, JsonRejection>,
) -> Result<Response, Problem> {
    let (granted, database) = granted(&ask, &console, &["db"]).await?;
    let request = body(sent)?;
    let preview = match (request.table, request.undo) {
        (None, Some(id)) if request.fields.is_empty() => console.undo_preview(&granted, &database, id).await,
        (Some(name), None) => {
            let wanted = Wanted {
                table: table(&name)?,
                fields: request.fields.into_iter().collect(),
            };
            console.preview_policy(&granted, &database, &wanted).await
        }
        _ => {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Send table and fields of what is wanted, or undo with the number of a change, and not both.",
            ));
        }
    };
    let preview = preview.map_err(|error| refused(&ask, &error))?;
    console.note_read(&granted, &ask.path, &database);
    Ok(Json(PlanBody::of(preview)?).into_response())
}

/// Applies what was planned
///
/// In one transaction, if nothing changed since the plan. Answers once it is over: 200 with the change; 409 where nothing was
/// done; 202 with the change's address in Location where it takes longer.
#[utoipa::path(post, path = "/api/v1/policies/apply", tag = "Policies", params(DatabaseParameter),
    request_body = ApplyRequest,
    responses((status = OK, body = RevisionBody), (status = ACCEPTED, body = RevisionBody), Conflicts))]
pub(super) async fn apply(
    State(console): State<Console>,
    ask: Ask,
    sent: Result<Json<ApplyRequest>, JsonRejection>,
) -> Result<Response, Problem> {
    let (granted, database) = granted(&ask, &console, &["db"]).await?;
    let request = body(sent)?;
    let apply = ApplyPolicy {
        wanted: Wanted {
            table: table(&request.table)?,
            fields: request.fields.into_iter().collect(),
        },
        fingerprint: request.fingerprint,
        typed_name: request.typed_name,
        reason: request.reason,
        undoes: None,
    };
    applied(&console, &ask, &granted, &database, apply).await
}

async fn applied(
    console: &Console,
    ask: &Ask,
    granted: &Granted,
    database: &str,
    apply: ApplyPolicy,
) -> Result<Response, Problem> {
    let refused = |error: PolicyRefused| refused(ask, &error);
    let id = console
        .apply_policy(granted, database, apply)
        .await
        .map_err(refused)?;
    let change = console
        .await_policy_change(granted, database, id, PATIENCE)
        .await
        .map_err(refused)?;
    let address = format!("/api/v1/policies/revisions/{id}?db={database}");
    let location = [(header::LOCATION, address)];
    match &change.state {
        ChangeState::Running(_) | ChangeState::Unknown(_) => {
            Ok((StatusCode::ACCEPTED, location, Json(RevisionBody::from(change))).into_response())
        }
        ChangeState::Refused(why, _) | ChangeState::Failed(why) => {
            Err(Problem::new(StatusCode::CONFLICT, why.clone()))
        }
        ChangeState::Applied | ChangeState::AppliedOtherwise(_) => {
            Ok((location, Json(RevisionBody::from(change))).into_response())
        }
    }
}

/// Changes there were, newest first
#[utoipa::path(get, path = "/api/v1/policies/revisions", tag = "Policies",
    params(DatabaseParameter, RevisionParameters), responses((status = OK, body = Revisions), Refusals))]
pub(super) async fn revisions(State(console): State<Console>, ask: Ask) -> Result<Response, Problem> {
    let (granted, database) = granted(&ask, &console, &["db", "table", "sort", "limit", "cursor"]).await?;
    if let Some(sort) = ask.parameter("sort").filter(|sort| *sort != NEWEST_FIRST) {
        return Err(Problem::parameter(
            "sort",
            format!("{sort:?} is no sort of this list; it is always {NEWEST_FIRST}, newest first."),
        ));
    }
    let limit = match ask.parameter("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| {
                Problem::parameter(
                    "limit",
                    format!("{text:?} is no limit; write a number from 1 to {MAX_LIMIT}."),
                )
            })?,
    };
    let before = ask
        .parameter("cursor")
        .map(|text| {
            text.parse::<i64>().ok().filter(|id| *id > 0).ok_or_else(|| {
                Problem::parameter(
                    "cursor",
                    "This is no cursor of this list; take \"next\" of the page before.",
                )
            })
        })
        .transpose()?;
    let of_table = ask
        .parameter("table")
        .map(|name| {
            TableName::from_qualified(name).ok_or_else(|| {
                Problem::parameter("table", format!("{name:?} names no table; write schema.table."))
            })
        })
        .transpose()?;
    // One more than is shown tells whether there are more.
    let mut changes = console
        .policy_changes(&granted, &database, of_table.as_ref(), before, limit + 1)
        .await
        .map_err(|error| refused(&ask, &error))?;
    let has_more = changes.len() > limit as usize;
    changes.truncate(limit as usize);
    let next = changes
        .last()
        .filter(|_| has_more)
        .map(|change| change.id.to_string());
    let total = console
        .count_policy_changes(&granted, &database, of_table.as_ref())
        .await
        .map_err(|error| refused(&ask, &error))?;
    let page = Revisions {
        items: changes.into_iter().map(Into::into).collect(),
        total,
        next,
    };
    Ok(ask.answer(&console, &granted, &database, &ask.written(&page)?, None))
}

/// What the list of changes takes.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Ask reads")]
pub(super) struct RevisionParameters {
    /// Only changes of this one: `schema.table`.
    table: Option<String>,
    /// Always -at, newest first.
    #[param(pattern = "^-at$")]
    sort: Option<String>,
    /// Changes on a page, 50 unless it is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("There is no change {id:?}; changes have numbers."),
        )
    })
}

/// One change
#[utoipa::path(get, path = "/api/v1/policies/revisions/{id}", tag = "Policies",
    params(("id" = i64, Path, minimum = 1, description = "The change's number"), DatabaseParameter),
    responses((status = OK, body = RevisionBody), Refusals))]
pub(super) async fn revision(
    State(console): State<Console>,
    Path(id): Path<String>,
    ask: Ask,
) -> Result<Response, Problem> {
    let (granted, database) = granted(&ask, &console, &["db"]).await?;
    let change = console
        .policy_change(&granted, &database, number(&id)?)
        .await
        .map_err(|error| refused(&ask, &error))?;
    let written = ask.written(&RevisionBody::from(change))?;
    Ok(ask.answer(&console, &granted, &database, &written, None))
}

/// Takes a change back
///
/// Leads to the policy there was before it, as the plan of taking it back showed. Answers as applying does.
#[utoipa::path(post, path = "/api/v1/policies/revisions/{id}/undo", tag = "Policies",
    params(("id" = i64, Path, minimum = 1, description = "The change's number"), DatabaseParameter),
    request_body = UndoRequest,
    responses((status = OK, body = RevisionBody), (status = ACCEPTED, body = RevisionBody), Conflicts))]
pub(super) async fn undo(
    State(console): State<Console>,
    Path(id): Path<String>,
    ask: Ask,
    sent: Result<Json<UndoRequest>, JsonRejection>,
) -> Result<Response, Problem> {
    let (granted, database) = granted(&ask, &console, &["db"]).await?;
    let id = number(&id)?;
    let request = body(sent)?;
    let preview = console
        .undo_preview(&granted, &database, id)
        .await
        .map_err(|error| refused(&ask, &error))?;
    let apply = ApplyPolicy {
        wanted: preview.wanted,
        fingerprint: request.fingerprint,
        typed_name: request.typed_name,
        reason: request.reason,
        undoes: Some(id),
    };
    applied(&console, &ask, &granted, &database, apply).await
}

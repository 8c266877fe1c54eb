//! What is done to chunks, continuous aggregates and jobs by hand: previewed, started, watched, ended.

use charts::Markup;
use domain::table_name::TableName;
use leptos::prelude::*;

use crate::components::DrawnProgress;
use crate::error::AppError;

/// Draws what an action would do. `said` is what stands in the page's address.
#[server(prefix = "/fn", endpoint = "draw_action_preview", input = leptos::server_fn::codec::Json)]
pub async fn draw_action_preview(database: String, said: Vec<(String, String)>) -> Result<Markup, AppError> {
    use backend::actions::ActionRefused;
    use domain::action::Action;
    use domain::role::Permission;

    use super::guard;

    let (console, granted) = guard::demand(Permission::OperateJobs, "action").await?;
    let (console, granted, asked) = {
        let snapshot_grant = guard::demand(Permission::ViewDetails, "action").await?.1;
        let asked = console
            .read(&snapshot_grant, &database, |seen| {
                crate::pages::ActionAsked::of(seen.snapshot, &said)
            })
            .map_err(|_| guard::not_found())?;
        let Some(asked) = asked.facts else {
            return Ok(crate::pages::draw_unread_action());
        };
        let asked = match asked {
            Ok(asked) => asked,
            Err(words) => return Ok(crate::pages::draw_unfit_action(&database, &words)),
        };
        (console, granted, asked)
    };
    let refused = |error| guard::action_refused("previewing an action", error);
    let needed = console
        .action_permission(&database, &asked.request)
        .map_err(refused)?;
    // Refreshing may turn out to lose what only an administrator may lose: who may change policies asks as such.
    let granted = if granted.may(Permission::ChangePolicies) {
        guard::demand(Permission::ChangePolicies, "action").await?.1
    } else if needed == Permission::OperateJobs {
        granted
    } else {
        guard::demand(needed, "action").await?.1
    };
    if asked.is_asking {
        return Ok(crate::pages::draw_action_question(&database, &asked));
    }
    match console.preview_action(&granted, &database, &asked.request).await {
        Ok(preview) => Ok(crate::pages::draw_action_preview_of(&database, &asked, preview)),
        // What was said is there again, with what would be right.
        Err(ActionRefused::Unfit(words)) => Ok(crate::pages::draw_action_question(
            &database,
            &asked.asked_again(words),
        )),
        Err(ActionRefused::NothingToDo(words))
            if matches!(asked.request.action, Action::DropOlderThan { .. }) =>
        {
            let words = format!("There is nothing to do: {words}");
            Ok(crate::pages::draw_action_question(
                &database,
                &asked.asked_again(words),
            ))
        }
        Err(error) => Err(refused(error)),
    }
}

/// Starts what a preview showed, and leads to the page that shows how far it is.
#[server(prefix = "/fn", endpoint = "start_action")]
pub async fn start_action(
    database: String,
    request: String,
    fingerprint: String,
    #[server(default)] typed_name: String,
) -> Result<(), AppError> {
    use domain::action::ActionRequest;
    use domain::role::Permission;

    use super::guard;

    let (console, granted) = guard::demand(Permission::OperateJobs, "action").await?;
    let request: ActionRequest = serde_json::from_str(&request).map_err(|_| super::bad_request())?;
    guard::stands_on(crate::pages::action_address(&database, &request), Vec::new());
    let refused = |error| guard::action_refused("starting an action", error);
    let needed = console.action_permission(&database, &request).map_err(refused)?;
    // Refreshing may turn out to lose what only an administrator may lose: who may change policies asks as such.
    let granted = if granted.may(Permission::ChangePolicies) {
        guard::demand(Permission::ChangePolicies, "action").await?.1
    } else if needed == Permission::OperateJobs {
        granted
    } else {
        guard::demand(needed, "action").await?.1
    };
    let id = console
        .start_action(&granted, &database, request, &typed_name, &fingerprint)
        .await
        .map_err(refused)?;
    leptos_axum::redirect(&format!("/db/{database}/actions/runs/{id}"));
    Ok(())
}

/// Ends an action: what is under way is cancelled, what was done stays.
#[server(prefix = "/fn", endpoint = "cancel_action")]
pub async fn cancel_action(database: String, id: i64) -> Result<(), AppError> {
    use domain::role::Permission;

    use super::guard;

    let (console, granted) = guard::demand(Permission::OperateJobs, "action").await?;
    let refused = |error| guard::action_refused("ending an action", error);
    guard::stands_on(format!("/db/{database}/actions/runs/{id}"), Vec::new());
    let needed = console
        .action_with_some(&granted, &database, id, 0, 0)
        .await
        .map_err(refused)?
        .permission;
    let granted = if needed == Permission::OperateJobs {
        granted
    } else {
        guard::demand(needed, "action").await?.1
    };
    console
        .cancel_action(&granted, &database, id)
        .await
        .map_err(refused)?;
    leptos_axum::redirect(&format!("/db/{database}/actions/runs/{id}"));
    Ok(())
}

/// Draws one action, with one page of its targets.
#[server(prefix = "/fn", endpoint = "draw_action", input = leptos::server_fn::codec::Json)]
pub async fn draw_action(database: String, id: i64, page: u64) -> Result<DrawnProgress, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::OperateJobs, "action").await?;
    let size = crate::pages::TARGETS_A_PAGE;
    let first = page.saturating_sub(1).saturating_mul(u64::from(size));
    let run = console
        .action_with_some(&granted, &database, id, first, size)
        .await
        .map_err(|error| guard::action_refused("reading an action", error))?;
    let drawn = crate::pages::draw_action_run(&database, &run, page.max(1), granted.may(run.permission));
    Ok(crate::components::progress(drawn, run.ended_at.is_some()))
}

/// Draws what was done, newest first: of one table or of all, before one.
#[server(prefix = "/fn", endpoint = "draw_actions", input = leptos::server_fn::codec::Json)]
pub async fn draw_actions(
    database: String,
    table: Option<TableName>,
    before: Option<i64>,
) -> Result<Markup, AppError> {
    use super::guard;

    let (console, granted) = guard::demand(domain::role::Permission::OperateJobs, "actions").await?;
    let runs = console
        .actions(
            &granted,
            &database,
            table.as_ref(),
            before,
            crate::pages::ACTIONS_A_PAGE,
        )
        .await
        .map_err(|error| guard::action_refused("reading the actions", error))?;
    Ok(crate::pages::draw_action_list(
        &database,
        &runs,
        table.as_ref(),
        before.is_none(),
    ))
}

//! Applying what is declared when the console starts, where the configuration asks for it: in the background, so that
//! nothing of it keeps the console from starting.

use std::time::Duration;

use domain::database::DatabaseName;
use domain::role::Permission;

use super::applying::DeclaredOutcome;
use crate::auth::Granted;
use crate::console::Console;
use crate::policies::PolicyRefused;

/// A database that was not read yet is looked at again after this long.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Applies what is declared to every database that asks for it, as soon as it was read, and ends.
pub async fn apply_declared_at_start(console: Console) {
    let asked: Vec<DatabaseName> = console
        .declarations
        .by_database
        .iter()
        .filter(|(_, declared)| declared.apply_on_start)
        .map(|(name, _)| name.clone())
        .collect();
    let applying = asked.iter().map(|database| apply(&console, database));
    futures::future::join_all(applying).await;
}

async fn apply(console: &Console, database: &DatabaseName) {
    let granted = Granted::of_console_itself(Permission::ChangePolicies);
    let outcomes = loop {
        match Box::pin(console.apply_to(&granted, database.as_str(), None)).await {
            Err(PolicyRefused::NotRead) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                tracing::error!(%database, %error, "what is declared could not be applied");
                return;
            }
            Ok(outcomes) => break outcomes,
        }
    };
    for outcome in &outcomes {
        let sentence = outcome.sentence();
        match &outcome.outcome {
            DeclaredOutcome::Applied(_) | DeclaredOutcome::AsDeclared => {
                tracing::info!(%database, "declared policy of {sentence}");
            }
            DeclaredOutcome::HeldBack(_) | DeclaredOutcome::NotApplied(..) => {
                tracing::warn!(%database, "declared policy of {sentence}");
            }
        }
    }
    console.declarations.note_start(database, outcomes);
}

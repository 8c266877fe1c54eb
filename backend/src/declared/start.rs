//! Applying what is declared when the console starts, where the configuration asks for it: in the background, so that
//! nothing of it keeps the console from starting.

use std::time::Duration;

use domain::database::DatabaseName;
use domain::role::Permission;

use super::AtStart;
use super::applying::DeclaredOutcome;
use crate::auth::Granted;
use crate::console::Console;
use crate::policies::PolicyRefused;

/// A database that was not read yet is looked at again after this long.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Whatever else keeps it from being done is tried again after this long.
const TRY_EVERY: Duration = Duration::from_secs(5);

/// Says which names of the configuration are no table's, applies what is declared to every database that asks for it, each
/// as soon as it was read, and ends.
pub async fn apply_declared_at_start(console: Console) {
    let declared = console.declarations.by_database.iter();
    let applying = declared
        .filter(|(_, declared)| !declared.is_empty())
        .map(|(database, declared)| begin(&console, database, declared.apply_on_start));
    futures::future::join_all(applying).await;
}

async fn begin(console: &Console, database: &DatabaseName, applies: bool) {
    let granted = Granted::of_console_itself(Permission::ChangePolicies);
    let mut waiting = Waiting {
        console,
        database,
        applies,
        told: None,
    };
    let report = loop {
        match Box::pin(console.drift(&granted, database.as_str())).await {
            Ok(report) => break report,
            Err(error) => waiting.after(&error).await,
        }
    };
    for name in &report.unresolved {
        tracing::warn!(%database, "declared policies: {name}");
    }
    if !applies {
        return;
    }
    let tables = loop {
        match Box::pin(console.apply_to(&granted, database.as_str(), None)).await {
            Ok(outcomes) => break outcomes,
            Err(error) => waiting.after(&error).await,
        }
    };
    for outcome in &tables {
        let sentence = outcome.sentence();
        match &outcome.outcome {
            DeclaredOutcome::Applied(_) | DeclaredOutcome::AsDeclared => {
                tracing::info!(%database, "declared policy of {sentence}");
            }
            DeclaredOutcome::HeldBack(..) | DeclaredOutcome::NotApplied(..) => {
                tracing::warn!(%database, "declared policy of {sentence}");
            }
        }
    }
    let came_of_it = AtStart { waits: None, tables };
    console.declarations.note_start(database, came_of_it);
}

/// Waiting for what cannot be done yet. Says once in the log, and on the page of policies, why it cannot.
struct Waiting<'a> {
    console: &'a Console,
    database: &'a DatabaseName,
    applies: bool,
    told: Option<String>,
}

impl Waiting<'_> {
    async fn after(&mut self, error: &PolicyRefused) {
        let pause = match error {
            PolicyRefused::NotRead => LOOK_EVERY,
            _ => TRY_EVERY,
        };
        let words = error.to_string();
        if self.told.as_ref() != Some(&words) {
            if pause == TRY_EVERY {
                tracing::error!(database = %self.database, %error, "what is declared cannot be applied yet; it is tried again");
            }
            if self.applies {
                let came_of_it = AtStart {
                    waits: Some(words.clone()),
                    tables: Vec::new(),
                };
                self.console.declarations.note_start(self.database, came_of_it);
            }
            self.told = Some(words);
        }
        tokio::time::sleep(pause).await;
    }
}

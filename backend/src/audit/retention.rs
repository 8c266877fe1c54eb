//! Lines of the audit trail are kept as long as the configuration says.

use domain::audit::{Action, Outcome};
use jiff::SignedDuration;

use super::Entry;
use crate::console::Console;
use crate::state::StateError;

/// Removes what is older than the configured time and writes that down; returns how many rows went.
pub async fn remove_old_events(console: &Console) -> Result<u64, StateError> {
    let days = console.audit_keep_days;
    let now = console.clock.now();
    let Ok(before) = now.checked_sub(SignedDuration::from_hours(days.saturating_mul(24))) else {
        return Ok(0);
    };
    let removed = console.state.remove_audit_before(before).await?;
    if removed > 0 {
        let entry = Entry::of_console(Action::RemoveOldEvents)
            .on("audit")
            .after("rows", removed.to_string())
            .after("before", before.to_string())
            .after("kept_days", days.to_string());
        console.record(entry, Outcome::Succeeded, "").await?;
    }
    Ok(removed)
}

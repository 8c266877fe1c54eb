//! A refusal is a durable row, but for those of somebody who collects them: there is an end to the rows one person
//! can make the console write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::audit::ActorKind;
use jiff::Timestamp;

use crate::auth::Principal;

/// Rows of one person or token in a minute; further refusals are counted.
const ROWS_A_MINUTE: u32 = 20;
const MINUTE_MS: i64 = 60_000;

/// Knows how many refusals were written in this minute. There are as many entries as users and tokens at most.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefusalLimit(Arc<Mutex<Minute>>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    rows: HashMap<(ActorKind, String), u32>,
}

impl RefusalLimit {
    /// Whether this refusal is to be a row of its own.
    pub(crate) fn admit(&self, principal: &Principal, now: Timestamp) -> bool {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_millisecond().div_euclid(MINUTE_MS);
        if minute.number != number {
            minute.number = number;
            minute.rows.clear();
        }
        let rows = minute
            .rows
            .entry((principal.kind(), principal.name().to_owned()))
            .or_default();
        *rows = rows.saturating_add(1);
        *rows <= ROWS_A_MINUTE
    }
}

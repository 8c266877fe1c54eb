//! Thinning, as long as the console runs.

use std::time::Duration;

use crate::clock::SharedClock;
use crate::history::Limits;
use crate::state::{StateStore, Thinned};

/// Often enough that a page never has more than an hour and a little to thin by itself.
const EVERY: Duration = Duration::from_mins(5);

/// Thins the history every few minutes. A store that fails is logged once, and again when it is back.
pub async fn keep_history(state: StateStore, clock: SharedClock, limits: Limits) {
    let mut beat = tokio::time::interval(EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        beat.tick().await;
        match state.thin_history(clock.now(), &limits).await {
            Ok(thinned) => {
                if is_failing {
                    tracing::info!("history is thinned again");
                }
                is_failing = false;
                if thinned != Thinned::default() {
                    let Thinned {
                        made,
                        removed,
                        forgotten,
                    } = thinned;
                    tracing::debug!(made, removed, forgotten, "history was thinned");
                }
            }
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::warn!(%error, "thinning the history failed; it is tried again every few minutes");
            }
            Err(_) => {}
        }
    }
}

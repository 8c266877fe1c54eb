//! What has become of an action.

use serde::{Deserialize, Serialize};

use super::{Action, ActionTarget};
use crate::role::Permission;
use crate::timestamp::Timestamp;

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionOutcome {
    /// Everything was done, or needed nothing.
    Succeeded,
    /// Some targets failed.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The console that ran it was killed, or stopped.
    Interrupted,
}

impl ActionOutcome {
    /// Every outcome there is.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How one target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// Its turn is still to come.
    Waiting,
    /// It is under way.
    Running,
    /// Done.
    Done,
    /// Nothing was to be done.
    Skipped,
    /// The server refused.
    Failed,
    /// It was ended, or not begun, because somebody ended the action.
    Cancelled,
    /// It was under way when the console was killed.
    Unknown,
}

impl TargetState {
    /// Every state there is.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Skipped,
        Self::Failed,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// One target of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRun {
    /// What.
    pub target: ActionTarget,
    /// As people call it.
    pub title: String,
    /// What is executed.
    pub statement: String,
    /// How it stands.
    pub state: TargetState,
    /// How long it took, in milliseconds; `None` where it was not begun, or is under way.
    pub duration_ms: Option<u64>,
    /// Bytes before.
    pub bytes_before: Option<u64>,
    /// Bytes afterwards.
    pub bytes_after: Option<u64>,
    /// Why it was skipped, failed or is unknown, in a sentence; empty where there is nothing to say.
    pub detail: String,
}

/// How many targets stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TargetCounts {
    /// Still to come or under way.
    pub open: u64,
    /// Done.
    pub done: u64,
    /// Nothing was to be done.
    pub skipped: u64,
    /// Refused by the server.
    pub failed: u64,
    /// Ended or not begun.
    pub cancelled: u64,
    /// Nobody knows.
    pub unknown: u64,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRun {
    /// Its number; rises with time.
    pub id: i64,
    /// What is done.
    pub action: Action,
    /// As people call it: `Compressing 24 chunks of metric_hist`.
    pub title: String,
    /// Who started it.
    pub who: String,
    /// What whoever cancels it must be allowed.
    pub permission: Permission,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<ActionOutcome>,
    /// It should be running, but nothing is heard of the console that runs it.
    pub is_silent: bool,
    /// Who asked for it to end.
    pub cancelled_by: Option<String>,
    /// How its targets stand.
    pub counts: TargetCounts,
    /// Its targets, or those that were asked for; empty in a list of actions.
    pub targets: Vec<TargetRun>,
}

impl TargetCounts {
    /// Notes so many more in a state.
    pub fn add(&mut self, state: TargetState, count: u64) {
        *match state {
            TargetState::Waiting | TargetState::Running => &mut self.open,
            TargetState::Done => &mut self.done,
            TargetState::Skipped => &mut self.skipped,
            TargetState::Failed => &mut self.failed,
            TargetState::Cancelled => &mut self.cancelled,
            TargetState::Unknown => &mut self.unknown,
        } += count;
    }

    /// All of them.
    pub fn total(self) -> u64 {
        self.open + self.done + self.skipped + self.failed + self.cancelled + self.unknown
    }
}

/// `22 done, 1 skipped, 1 failed`.
impl std::fmt::Display for TargetCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = [
            (self.open, "open"),
            (self.done, "done"),
            (self.skipped, "skipped"),
            (self.failed, "failed"),
            (self.cancelled, "cancelled"),
            (self.unknown, "unknown"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        if words.is_empty() {
            f.write_str("nothing")
        } else {
            f.write_str(&words.join(", "))
        }
    }
}

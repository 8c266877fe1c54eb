//! Changes of policies: what was done, by whom, and how it ended. Each is kept with what takes it back.

use serde::{Deserialize, Serialize};

use crate::audit::ActorKind;
use crate::policy::{Desired, Difference, PlannedStep};
use crate::table_name::TableName;
use crate::timestamp::Timestamp;

/// A change of a policy, from its intent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// Its number, which rises with time.
    pub id: i64,
    /// The console's name for the database.
    pub database: String,
    /// The table, or the continuous aggregate, as people name it.
    pub relation: TableName,
    /// When it began.
    pub at: Timestamp,
    /// When it was over; `None` while that is not known.
    pub finished_at: Option<Timestamp>,
    /// What kind of somebody made it.
    pub actor_kind: ActorKind,
    /// The user's or the token's name; empty where there is none.
    pub actor: String,
    /// Why, in that person's words; may be empty.
    pub reason: String,
    /// The change that this one takes back.
    pub undoes: Option<i64>,
    /// The change that took this one back.
    pub undone_by: Option<i64>,
    /// What it does, in order, with the lock of each step.
    pub statements: Vec<PlannedStep>,
    /// What it changes, in sentences.
    pub effects: Vec<String>,
    /// What was to be known before, in sentences.
    pub warnings: Vec<String>,
    /// The fields it changes.
    pub differences: Vec<Difference>,
    /// What a plan has to lead to in order to take it back.
    pub inverse: Desired,
    /// Whether it makes a policy delete data that was kept: taking it back does not bring them back.
    pub drops_data: bool,
    /// How it stands.
    pub state: ChangeState,
    /// How that is known, where the console did not see the end itself.
    pub settled: Option<String>,
}

/// How a change stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// It is under way.
    Running(Progress),
    /// It was done, and read again.
    Applied,
    /// It was done, but what was read again is not what was planned: the fields as planned and as found.
    AppliedOtherwise(Vec<Difference>),
    /// Somebody else was faster, so nothing was done: why, and what differs from what the preview saw.
    Refused(String, Vec<Difference>),
    /// Nothing was done, and why.
    Failed(String),
    /// Nobody can say, for now or for good, and why.
    Unknown(String),
}

/// How far a change is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Which attempt this is, from 1; 0 before the first.
    pub attempt: u32,
    /// How many there are at most.
    pub attempts: u32,
    /// Which step is under way, from 1; 0 before the first.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// Who keeps it waiting.
    pub waits_for: Option<String>,
}

impl Progress {
    /// In a sentence.
    pub fn sentence(&self) -> String {
        let doing = match self.step {
            0 => "Comparing with what the preview saw".to_owned(),
            step => format!("Step {step} of {}", self.steps),
        };
        let attempt = match self.attempt {
            0 | 1 => String::new(),
            attempt => format!(", attempt {attempt} of {}", self.attempts),
        };
        let waiting = self
            .waits_for
            .as_ref()
            .map_or_else(String::new, |holder| format!(", waiting for {holder}"));
        format!("{doing}{attempt}{waiting}.")
    }
}

impl PolicyChange {
    /// Whether its end is known, or that nobody will ever know it.
    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }

    /// Who made it, in words: the name, or what kind of somebody.
    pub fn made_by(&self) -> String {
        match self.actor_kind {
            ActorKind::User => self.actor.clone(),
            ActorKind::Token => format!("the token {}", self.actor),
            ActorKind::CommandLine => "the command line".to_owned(),
            ActorKind::Console => "the console itself".to_owned(),
            ActorKind::Nobody => "somebody who is not signed in".to_owned(),
        }
    }

    /// Whether it may be taken back: it was done, and nobody did so yet.
    pub fn can_be_undone(&self) -> bool {
        self.state.was_applied() && self.undone_by.is_none()
    }
}

impl ChangeState {
    /// Whether the database was changed.
    pub fn was_applied(&self) -> bool {
        matches!(self, Self::Applied | Self::AppliedOtherwise(_))
    }

    /// How it stands, in a word or two.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Running(_) => "running",
            Self::Applied => "applied",
            Self::AppliedOtherwise(_) => "applied, with differences",
            Self::Refused(..) => "refused",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    /// How it stands, in a sentence or two.
    pub fn sentence(&self) -> String {
        match self {
            Self::Running(progress) => progress.sentence(),
            Self::Applied => "It was applied, read again, and is as planned.".to_owned(),
            Self::AppliedOtherwise(differences) => format!(
                "It was applied, but what was read again is not all as planned: {}.",
                in_words(differences)
            ),
            Self::Refused(why, _) | Self::Failed(why) | Self::Unknown(why) => why.clone(),
        }
    }
}

/// `Drop after: 30 days became 90 days`, for each difference.
pub fn in_words(differences: &[Difference]) -> String {
    let rows: Vec<String> = differences
        .iter()
        .map(|row| format!("{}: {} became {}", row.field.label(), row.current, row.desired))
        .collect();
    rows.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Field, PolicyKind};

    #[test]
    fn progress_says_what_is_done_and_who_is_waited_for() {
        let mut progress = Progress {
            attempts: 5,
            steps: 3,
            attempt: 1,
            ..Progress::default()
        };
        assert_eq!(progress.sentence(), "Comparing with what the preview saw.");
        progress.step = 2;
        progress.attempt = 3;
        progress.waits_for = Some("session 7 of anna".to_owned());
        assert_eq!(
            progress.sentence(),
            "Step 2 of 3, attempt 3 of 5, waiting for session 7 of anna."
        );
    }

    #[test]
    fn a_change_that_came_out_otherwise_names_the_fields() {
        let row = Difference {
            field: Field::Threshold(PolicyKind::Retention),
            current: "30 days".to_owned(),
            desired: "90 days".to_owned(),
        };
        assert_eq!(
            ChangeState::AppliedOtherwise(vec![row]).sentence(),
            "It was applied, but what was read again is not all as planned: Drop after: 30 days became 90 days."
        );
    }
}

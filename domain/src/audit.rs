//! What the audit trail says: who, from where, what, on what, before and after, and how it ended.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::listing::query_string;

/// Facts before or after a change, by name. Never a secret.
pub type Facts = BTreeMap<String, String>;

macro_rules! actions {
    ($($variant:ident = $text:literal, $label:literal;)*) => {
        /// What somebody did.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Action {
            $(#[doc = $label] #[serde(rename = $text)] $variant,)*
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name as it is stored, exported and filtered by.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// As people read it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

actions! {
    SignIn = "session.sign_in", "signed in";
    SignInLimited = "session.sign_in_limited", "was kept from signing in (too many attempts)";
    SignOut = "session.sign_out", "signed out";
    EndSession = "session.end", "ended a session";
    EndAllSessions = "session.end_all", "ended all sessions";
    Refuse = "access.refuse", "was refused";
    RefuseOrigin = "access.refuse_origin", "sent a change from a foreign page";
    RefuseToken = "access.refuse_token", "came with a token that is not valid";
    Read = "access.read", "read";
    Export = "access.export", "exported";
    SetUp = "user.set_up", "created the first administrator";
    AddUser = "user.add", "added a user";
    InviteUser = "user.invite", "invited a user";
    UseLink = "user.use_link", "chose a password with a one-time link";
    ChangeRole = "user.change_role", "changed a role";
    DisableUser = "user.disable", "disabled a user";
    EnableUser = "user.enable", "enabled a user";
    ResetPassword = "user.reset_password", "reset a password";
    SetPassword = "user.set_password", "set a password";
    ChangePassword = "user.change_password", "changed the own password";
    CreateToken = "token.create", "created a token";
    RevokeToken = "token.revoke", "revoked a token";
    RunRetention = "retention.run", "dropped what was due";
    CancelRetention = "retention.cancel", "ended a retention run";
    CompressChunks = "chunks.compress", "compressed chunks";
    DecompressChunks = "chunks.decompress", "decompressed chunks";
    RecompressChunks = "chunks.recompress", "compressed chunks anew";
    DropChunks = "chunks.drop", "dropped chunks";
    FreezeChunks = "chunks.freeze", "froze chunks";
    UnfreezeChunks = "chunks.unfreeze", "unfroze chunks";
    RefreshAggregate = "aggregate.refresh", "refreshed a continuous aggregate";
    RunJob = "job.run", "ran a job";
    PauseJob = "job.pause", "paused a job";
    ResumeJob = "job.resume", "resumed a job";
    RescheduleJob = "job.reschedule", "rescheduled a job";
    CancelAction = "action.cancel", "ended an action";
    ApplyPolicy = "policy.apply", "changed a policy";
    UndoPolicy = "policy.undo", "took a change of a policy back";
    RemoveOldEvents = "audit.remove_old", "removed old events from the audit log";
}

/// A text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an action of the audit log")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// What kind of somebody did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    User,
    /// A program with a token.
    Token,
    /// Whoever sits at the console's machine.
    CommandLine,
    /// The console itself.
    Console,
    /// Somebody who has not signed in.
    Nobody,
}

impl ActorKind {
    /// Every kind there is.
    pub const ALL: [Self; 5] = [
        Self::User,
        Self::Token,
        Self::CommandLine,
        Self::Console,
        Self::Nobody,
    ];

    /// The kind's name as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::CommandLine => "command_line",
            Self::Console => "console",
            Self::Nobody => "nobody",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Succeeded,
    /// Tried, and not done.
    Failed,
    /// Not allowed.
    Refused,
}

impl Outcome {
    /// Every outcome there is.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Refused];

    /// The outcome's name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// Which outcomes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeFilter {
    /// Only what ended so.
    Is(Outcome),
    /// Only what began, and of whose end the console knows nothing.
    Unknown,
}

impl OutcomeFilter {
    /// Every filter there is.
    pub const ALL: [Self; 4] = [
        Self::Is(Outcome::Succeeded),
        Self::Is(Outcome::Failed),
        Self::Is(Outcome::Refused),
        Self::Unknown,
    ];

    /// As it stands in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is(outcome) => outcome.as_str(),
            Self::Unknown => "unknown",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Is(outcome) => outcome.as_str(),
            Self::Unknown => "no outcome",
        }
    }
}

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Rises with time.
    pub id: i64,
    /// When; of several events the first.
    pub at: Timestamp,
    /// What kind of somebody.
    pub actor_kind: ActorKind,
    /// The user's or the token's name.
    pub actor: String,
    /// From which address; empty for the command line and the console itself.
    pub address: String,
    /// What.
    pub action: Action,
    /// On which database; empty where it concerns none.
    pub database: String,
    /// On what: a table, a user, a token, a page.
    pub target: String,
    /// Facts before.
    pub before: Facts,
    /// Facts after.
    pub after: Facts,
    /// How it ended; `None`: it began, and the console knows of no end (it was killed in between).
    pub outcome: Option<Outcome>,
    /// Why it ended so.
    pub detail: String,
    /// How many events this line stands for.
    pub count: u64,
    /// When the last of them was.
    pub last_at: Timestamp,
}

/// Lines on a page of the audit trail.
pub const AUDIT_PAGE_SIZE: usize = 50;

/// Which lines of the audit trail are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Only people and tokens whose name contains this, regardless of case.
    pub actor: String,
    /// Only this action.
    pub action: Option<Action>,
    /// Only what happened to tables, users and so on whose name contains this, regardless of case.
    pub target: String,
    /// Only with this outcome.
    pub outcome: Option<OutcomeFilter>,
    /// Only older than this line: where the next page begins.
    pub before_id: Option<i64>,
}

/// What is wrong with a parameter of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{parameter}: {given:?} is not {wanted}")]
pub struct InvalidParameter {
    /// Its name.
    pub parameter: String,
    /// What was given.
    pub given: String,
    /// What would be right.
    pub wanted: String,
}

fn time(parameter: &str, text: &str) -> Result<Timestamp, InvalidParameter> {
    // A browser's field for date and time leaves out the seconds and the zone, which is UTC everywhere here.
    [
        text.to_owned(),
        format!("{text}Z"),
        format!("{text}:00Z"),
        format!("{text}T00:00:00Z"),
    ]
    .iter()
    .find_map(|text| text.parse().ok())
    .ok_or_else(|| InvalidParameter {
        parameter: parameter.to_owned(),
        given: text.chars().take(60).collect(),
        wanted: "a time in UTC, for example 2026-11-23T08:30".to_owned(),
    })
}

impl AuditQuery {
    /// Reads an address's parameters. A filter that cannot be understood is an error: showing more than was asked
    /// for would be taken for the answer.
    pub fn from_parameters(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidParameter> {
        let text = |name: &str| {
            get(name)
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let words = |name: &str| {
            text(name)
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect::<String>()
        };
        let wrong = |parameter: &str, given: &str, wanted: &str| InvalidParameter {
            parameter: parameter.to_owned(),
            given: given.chars().take(60).collect(),
            wanted: wanted.to_owned(),
        };
        Ok(Self {
            from: text("from").map(|t| time("from", &t)).transpose()?,
            until: text("until").map(|t| time("until", &t)).transpose()?,
            actor: words("person"),
            action: text("action")
                .map(|t| {
                    t.parse()
                        .map_err(|_| wrong("action", &t, "an action, for example user.invite"))
                })
                .transpose()?,
            target: words("target"),
            outcome: text("outcome")
                .map(|t| {
                    OutcomeFilter::ALL
                        .into_iter()
                        .find(|outcome| outcome.as_str() == t)
                        .ok_or_else(|| wrong("outcome", &t, "succeeded, failed, refused or unknown"))
                })
                .transpose()?,
            before_id: text("before")
                .map(|t| t.parse().map_err(|_| wrong("before", &t, "the number of a line")))
                .transpose()?,
        })
    }

    /// The parameters for an address; the values are not yet escaped.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        let mut add = |name: &'static str, value: String| {
            if !value.is_empty() {
                parameters.push((name, value));
            }
        };
        add("from", self.from.map(|t| t.to_string()).unwrap_or_default());
        add("until", self.until.map(|t| t.to_string()).unwrap_or_default());
        add("person", self.actor.clone());
        add(
            "action",
            self.action.map(|a| a.as_str().to_owned()).unwrap_or_default(),
        );
        add("target", self.target.clone());
        add(
            "outcome",
            self.outcome.map(|o| o.as_str().to_owned()).unwrap_or_default(),
        );
        add(
            "before",
            self.before_id.map(|id| id.to_string()).unwrap_or_default(),
        );
        parameters
    }

    /// The query string with its `?`, escaped; empty for everything.
    pub fn query_string(&self) -> String {
        query_string(&self.parameters())
    }

    /// The same lines, from the newest.
    #[must_use]
    pub fn from_the_newest(&self) -> Self {
        Self {
            before_id: None,
            ..self.clone()
        }
    }

    /// Whether it leaves anything out.
    pub fn is_filtered(&self) -> bool {
        self.from_the_newest() != Self::default()
    }
}

/// One page of the audit trail, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The lines.
    pub events: Vec<AuditEvent>,
    /// Where the next page begins; `None`: there is none.
    pub next_before_id: Option<i64>,
    /// How long lines are kept, in days.
    pub kept_days: i64,
    /// Reads that were not written down since the console started, because too many came at once.
    pub reads_lost: u64,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Result<AuditQuery, InvalidParameter> {
        AuditQuery::from_parameters(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_action_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
    }

    #[test]
    fn what_an_address_says_is_written_back_the_same() {
        let asked = query(&[
            ("from", "2026-11-23T08:30"),
            ("person", "anna"),
            ("action", "user.invite"),
            ("outcome", "failed"),
        ])
        .expect("valid");
        assert_eq!(asked.from.expect("a time").to_string(), "2026-11-23T08:30:00Z");
        assert_eq!(
            asked.query_string(),
            "?from=2026-11-23T08%3A30%3A00Z&person=anna&action=user.invite&outcome=failed"
        );
        assert_eq!(
            query(&[("from", "2026-11-23")])
                .expect("valid")
                .from
                .expect("a time")
                .to_string(),
            "2026-11-23T00:00:00Z"
        );
    }

    #[test]
    fn a_filter_that_cannot_be_understood_says_what_would_be_right() {
        assert_eq!(
            query(&[("from", "yesterday")]).expect_err("no time").to_string(),
            "from: \"yesterday\" is not a time in UTC, for example 2026-11-23T08:30"
        );
        assert!(query(&[("action", "user.eat")]).is_err());
        assert!(query(&[("before", "x")]).is_err());
    }
}

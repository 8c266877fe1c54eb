//! What the console's role may see: the value, or what would show it.

use serde::{Deserialize, Serialize};

/// A fact that depends on the rights of the console's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visible<T> {
    /// The role may see it.
    Shown(T),
    /// It may not.
    Hidden(Hidden),
}

/// Why a fact is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    /// What other sessions do.
    OtherSessions,
    /// Why a job failed.
    JobErrors,
    /// The value of a table's `integer_now_func`: calling it was refused, or it failed.
    NowFunctionRefused,
    /// The same: calling it took too long.
    NowFunctionSlow,
    /// The same: the console's role is a superuser, the function belongs to somebody who is not, and calling it would
    /// lend that person the superuser's rights.
    NowFunctionUntrusted,
}

impl Hidden {
    /// What would show it, in one sentence.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::OtherSessions => "Grant the console's role pg_monitor to see what other sessions do.",
            Self::JobErrors => {
                "Only members of a job's owner, or of the database's owner, may read why the job failed."
            }
            Self::NowFunctionRefused => {
                "Grant the console's role EXECUTE on the table's integer_now_func, and SELECT on what it reads."
            }
            Self::NowFunctionSlow => {
                "Calling the table's integer_now_func took too long; it has a second. An index on the columns it reads helps."
            }
            Self::NowFunctionUntrusted => {
                "The console reads as a superuser and calls no function of others; give it a role with pg_monitor instead."
            }
        }
    }
}

impl<T> Visible<T> {
    /// The value, where it may be seen.
    pub fn shown(&self) -> Option<&T> {
        match self {
            Self::Shown(value) => Some(value),
            Self::Hidden(_) => None,
        }
    }

    /// Why it is not shown; `None` where it is.
    pub fn hidden(&self) -> Option<Hidden> {
        match self {
            Self::Shown(_) => None,
            Self::Hidden(hidden) => Some(*hidden),
        }
    }
}

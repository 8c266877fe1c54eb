//! What a table's policy is, what it should be, and how one becomes the other: `current + desired + facts -> Plan`, purely.
//!
//! [`Current`] is what the server has, job ids, next starts and configurations included; [`TablePolicy`] is what a person
//! sets; [`plan`] says which statements lead from one to the other, in which order and under which locks, what they
//! would do to the chunks there are, and what speaks against it. [`Outlook`] foretells the runs of the next 90 days.

mod age;
mod blocker;
mod check;
mod columns;
mod current;
mod difference;
mod effect;
mod facts;
mod field;
mod fields;
mod integer_time;
mod model;
mod outlook;
mod parse;
mod plan;
mod schedule;
mod sql;
mod step;
#[cfg(test)]
mod tests;
mod warning;

pub use self::age::Cutoff;
pub(crate) use self::columns::write_order_by;

pub use self::blocker::{Blocker, Decompression, NotByCreation};
pub use self::current::{ActualJob, Aggregate, Current, NotPlannable};
pub use self::difference::{Difference, differences};
pub use self::effect::Effect;
pub use self::facts::{Applicant, Capabilities, Dependent, Facts};
pub use self::field::Field;
pub use self::fields::PolicyFields;
pub use self::integer_time::{IntegerClock, IntegerUnit};
pub use self::model::{
    AgePolicy, Compression, Desired, NextStarts, PolicyKind, Refresh, RefreshWindow, TablePolicy, Threshold,
};
pub use self::outlook::{Amount, DaySum, Fate, FirstRuns, HORIZON_DAYS, Outlook};
pub(crate) use self::parse::interval as parse_interval;
pub use self::parse::{FieldError, parse};
pub use self::plan::{Plan, PlannedStep, plan};
pub use self::schedule::Schedule;
pub use self::step::{
    AddPolicy, AlterPolicy, ConfigChange, Lock, NextStartChange, SettingsChange, Starts, Step, Work,
};
pub use self::warning::Warning;

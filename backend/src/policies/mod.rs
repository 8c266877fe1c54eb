//! Policies: looked at, previewed, applied, kept and taken back.
//!
//! A change is compared with what its preview saw, in the transaction that does it; its number is known before anything is
//! done, so that whoever looks for it later, this console or another one, can ask the database what became of it.

mod applying;
mod changes;
mod ending;
mod preview;
mod refused;
mod seen;
mod settling;
mod starting;

use std::sync::Arc;

use domain::policy::{
    Applicant, Current, Cutoff, Difference, FieldError, Outlook, Plan, PolicyFields, PolicyKind,
};
use domain::snapshot::{Edition, Snapshot};
use domain::table_name::TableName;

pub use self::refused::PolicyRefused;
pub(crate) use self::seen::PolicyDesk;
pub use self::settling::settle_policy_changes;

/// What somebody wants of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The hypertable, or the view of a continuous aggregate.
    pub table: TableName,
    /// What was written; a field that is missing stays as it is.
    pub fields: PolicyFields,
}

/// A table's policy as the server has it at this moment.
#[derive(Debug, Clone)]
pub struct PolicyNow {
    /// What there is.
    pub current: Current,
    /// The same as a form begins with it.
    pub fields: PolicyFields,
    /// What the server offers.
    pub edition: Edition,
    /// Who would change it.
    pub applicant: Option<Applicant>,
    /// Up to where each policy by age handles chunks now.
    pub cutoffs: Vec<(PolicyKind, Cutoff)>,
    /// The table's columns.
    pub columns: Vec<String>,
}

/// What a change would do.
#[derive(Debug, Clone)]
pub struct Preview {
    /// What there is.
    pub now: PolicyNow,
    /// What was wanted.
    pub wanted: Wanted,
    /// What leads there, or what cannot be read.
    pub planned: Result<Planned, Vec<FieldError>>,
}

/// What leads to what was wanted.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The steps, with what speaks for and against them.
    pub plan: Plan,
    /// What becomes of each chunk.
    pub outlook: Outlook,
    /// The fields that change.
    pub differences: Vec<Difference>,
    /// Up to where each policy by age would handle chunks now.
    pub cutoffs: Vec<(PolicyKind, Cutoff)>,
    /// The reading whose chunks the outlook is about.
    pub snapshot: Arc<Snapshot>,
}

/// A change that was previewed.
#[derive(Debug, Clone)]
pub struct ApplyPolicy {
    /// What is wanted.
    pub wanted: Wanted,
    /// Of what the preview saw; see [`Current::fingerprint`].
    pub fingerprint: String,
    /// The table's name as it was typed, where data will be deleted.
    pub typed_name: String,
    /// Why; may be empty.
    pub reason: String,
    /// The change that is taken back.
    pub undoes: Option<i64>,
}

//! How far the server is from what is declared, table by table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::declared::{Declaration, Declared, Unresolved};
use crate::hypertable::TimeSpan;
use crate::policy::{
    AgePolicy, Current, Difference, Facts, Field, IntegerClock, Plan, PolicyFields, PolicyKind, differences,
    parse, plan,
};
use crate::snapshot::Snapshot;
use crate::table_name::TableName;
use crate::time_axis::TimeAxis;
use crate::timestamp::Timestamp;

/// A table beside what is declared for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The table, or the continuous aggregate.
    pub table: TableName,
    /// What is declared, as the edition can have it; empty where nothing is.
    pub fields: PolicyFields,
    /// How far it is from that.
    pub state: DriftState,
    /// Whether existing data may be dropped without a person looking.
    pub allow_drop: bool,
    /// Whether the edition has not all of what is declared.
    pub is_partly_offered: bool,
}

/// How far a table is from what is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftState {
    /// Nothing is declared.
    NotDeclared,
    /// It is as declared.
    AsDeclared,
    /// It is not.
    Differs {
        /// In what.
        differences: Vec<Difference>,
        /// What would be done about it.
        plan: Box<Plan>,
    },
    /// What is declared cannot be made of this table, in sentences.
    Unfit(Vec<String>),
}

/// Workers the server has beside those that are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftedWorkers {
    /// What is declared.
    pub declared: u32,
    /// What the server has.
    pub actual: u32,
}

impl Drift {
    /// The plan, where there is one that may be applied.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.state {
            DriftState::Differs { plan, .. } => Some(plan),
            _ => None,
        }
    }

    /// Whether nobody has to look at it before it is applied: it drops nothing that is there, or may.
    pub fn is_held_back(&self) -> bool {
        self.plan()
            .is_some_and(|plan| is_held_back(plan, self.allow_drop))
    }
}

/// Whether a plan waits for a person: its next run would drop what is there, or nobody can say whether it would, and the
/// table does not allow that.
pub fn is_held_back(plan: &Plan, allow_drop: bool) -> bool {
    (plan.first_dropped.chunks > 0 || plan.undated > 0) && !allow_drop
}

/// Every table beside what is declared for it, by name; and the names that are no table's. `console_retention` is what the
/// console itself drops.
pub fn drifts(
    snapshot: &Snapshot,
    declared: &Declared,
    console_retention: &BTreeMap<TableName, AgePolicy>,
    now: Timestamp,
) -> (Vec<Drift>, Vec<Unresolved>) {
    let resolved = declared.resolve(snapshot);
    let nothing = Declaration::default();
    let drifts = super::names::known(snapshot)
        .into_iter()
        .map(|table| {
            let declaration = resolved.tables.get(&table).unwrap_or(&nothing);
            drift(snapshot, table, declaration, console_retention, now)
        })
        .collect();
    (drifts, resolved.unresolved)
}

fn drift(
    snapshot: &Snapshot,
    table: TableName,
    declaration: &Declaration,
    console_retention: &BTreeMap<TableName, AgePolicy>,
    now: Timestamp,
) -> Drift {
    let edition = snapshot.server.edition;
    let mut fields = declaration.asked_of(edition);
    let state = if declaration.is_empty() {
        DriftState::NotDeclared
    } else {
        match Current::of(snapshot, &table, console_retention.get(&table).cloned()) {
            Err(error) => DriftState::Unfit(vec![error.to_string()]),
            Ok(current) => {
                let facts = Facts::of(snapshot, &current, now);
                fields = in_its_unit(fields, &current, &facts);
                state(&current, &facts, &fields)
            }
        }
    };
    Drift {
        table,
        fields,
        state,
        allow_drop: declaration.allow_drop.unwrap_or(false),
        is_partly_offered: declaration.asks_too_much_of(edition),
    }
}

fn state(current: &Current, facts: &Facts<'_>, fields: &PolicyFields) -> DriftState {
    let desired = match parse(fields, current, facts) {
        Ok(desired) => desired,
        Err(errors) => return DriftState::Unfit(errors.iter().map(ToString::to_string).collect()),
    };
    let plan = plan(current, &desired, facts);
    if plan.is_empty() && plan.blockers.is_empty() {
        return DriftState::AsDeclared;
    }
    DriftState::Differs {
        differences: differences(&current.policy(), &plan.desired.policy),
        plan: Box::new(plan),
    }
}

/// Intervals that are meant for all tables, in the unit of one whose time is a number, where that is certain.
pub fn in_its_unit(mut fields: PolicyFields, current: &Current, facts: &Facts<'_>) -> PolicyFields {
    if current.time_axis != TimeAxis::Numbers {
        return fields;
    }
    let unit = facts
        .integer_now
        .and_then(|now| IntegerClock::read(now, facts.now).unit);
    for field in [
        Field::ChunkInterval,
        Field::Threshold(PolicyKind::Compression),
        Field::Threshold(PolicyKind::Retention),
    ] {
        let number = fields
            .get(field)
            .and_then(|text| text.parse().ok())
            .zip(unit)
            .and_then(|(interval, unit)| unit.units(interval));
        if let Some(number) = number {
            fields.set(field, TimeSpan::Number(number).to_string());
        }
    }
    fields
}

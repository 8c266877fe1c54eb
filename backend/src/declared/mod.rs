//! What the configuration declares: how far each table is from it, and getting there.

mod applying;
mod start;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::database::DatabaseName;
use domain::declared::{Declared, Drift, DriftedWorkers, as_configuration, drifts, in_its_unit};
use domain::policy::{AgePolicy, Current, Facts, Field, PolicyFields, PolicyKind};
use domain::role::Permission;
use domain::snapshot::Snapshot;
use domain::table_name::TableName;

use crate::auth::Granted;
use crate::console::{Console, NotShown};
use crate::policies::PolicyRefused;
use crate::state::StateError;
use crate::state::console_retention::console_retentions;

pub use self::applying::{ChosenTable, DeclaredOutcome, TableOutcome};
pub use self::start::apply_declared_at_start;

/// What is declared for each database, and what came of applying it when the console started.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    by_database: Arc<BTreeMap<DatabaseName, Declared>>,
    at_start: Arc<Mutex<BTreeMap<DatabaseName, AtStart>>>,
}

/// What came of applying what is declared when the console started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AtStart {
    /// Why it could not be done yet; it is tried again.
    pub waits: Option<String>,
    /// What came of each table, once it was done.
    pub tables: Vec<TableOutcome>,
}

impl Declarations {
    /// Of these databases.
    pub fn new(by_database: BTreeMap<DatabaseName, Declared>) -> Self {
        Self {
            by_database: Arc::new(by_database),
            at_start: Arc::default(),
        }
    }

    fn of(&self, database: &str) -> Declared {
        let declared = self
            .by_database
            .iter()
            .find(|(name, _)| name.as_str() == database);
        declared.map(|(_, declared)| declared.clone()).unwrap_or_default()
    }

    fn note_start(&self, database: &DatabaseName, came_of_it: AtStart) {
        let mut at_start = self.at_start.lock().unwrap_or_else(PoisonError::into_inner);
        at_start.insert(database.clone(), came_of_it);
    }

    fn at_start(&self, database: &str) -> AtStart {
        let at_start = self.at_start.lock().unwrap_or_else(PoisonError::into_inner);
        let found = at_start.iter().find(|(name, _)| name.as_str() == database);
        found
            .map(|(_, came_of_it)| came_of_it.clone())
            .unwrap_or_default()
    }
}

/// Every table of a database beside what is declared for it, as of the last reading.
#[derive(Debug, Clone)]
pub struct DriftReport {
    /// Whether anything is declared.
    pub is_declared: bool,
    /// The tables, by name.
    pub tables: Vec<Drift>,
    /// Names in the configuration that are no table's, in sentences.
    pub unresolved: Vec<String>,
    /// Background workers, where their number is declared.
    pub workers: Option<DriftedWorkers>,
    /// What came of applying it when the console started; empty where that was not asked for.
    pub at_start: AtStart,
}

/// What is declared for every table that does not say otherwise; `None` where nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeclaredDefaults {
    /// Whether chunks are compressed.
    pub compression_enabled: Option<bool>,
    /// The age at which they are dropped.
    pub drop_after: Option<String>,
    /// Their length.
    pub chunk_interval: Option<String>,
}

impl Console {
    /// What is declared for every table of a database. Names none of them.
    pub fn declared_defaults(&self, granted: &Granted, database: &str) -> Result<DeclaredDefaults, NotShown> {
        granted.require(Permission::ViewStatus)?;
        self.watched(database)?;
        let fields = self.declarations.of(database).defaults.fields;
        let said = |field: Field| fields.get(field).map(str::to_owned);
        Ok(DeclaredDefaults {
            compression_enabled: said(Field::Compression).map(|text| text == "on"),
            drop_after: said(Field::Threshold(PolicyKind::Retention)),
            chunk_interval: said(Field::ChunkInterval),
        })
    }

    /// How far each table is from what is declared for it. Made of the last reading: it costs the database nothing.
    pub async fn drift(&self, granted: &Granted, database: &str) -> Result<DriftReport, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let snapshot = self.snapshot_of(database)?;
        let declared = self.declarations.of(database);
        let retentions = self.retentions_of(database).await?;
        let (tables, unresolved) = drifts(&snapshot, &declared, &retentions, self.clock.now());
        // Whoever applies what is looked at now is told what changed since.
        for drift in tables.iter().filter(|drift| drift.plan().is_some()) {
            let retention = retentions.get(&drift.table).cloned();
            if let Ok(current) = Current::of(&snapshot, &drift.table, retention) {
                self.policies.remember(&current);
            }
        }
        Ok(DriftReport {
            is_declared: !declared.is_empty(),
            tables,
            unresolved: unresolved.iter().map(ToString::to_string).collect(),
            workers: declared.max_background_workers.map(|declared| DriftedWorkers {
                declared,
                actual: snapshot.health.workers.timescaledb_limit,
            }),
            at_start: self.declarations.at_start(database),
        })
    }

    /// What is declared for one table, as its form would say it; empty where nothing is.
    pub fn declared_fields(
        &self,
        granted: &Granted,
        database: &str,
        current: &Current,
    ) -> Result<PolicyFields, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let snapshot = self.snapshot_of(database)?;
        let resolved = self.declarations.of(database).resolve(&snapshot);
        let Some(declaration) = resolved.tables.get(current.relation()) else {
            return Ok(PolicyFields::default());
        };
        let facts = Facts::of(&snapshot, current, self.clock.now());
        Ok(in_its_unit(
            declaration.asked_of(snapshot.server.edition),
            current,
            &facts,
        ))
    }

    /// The actual policies of a database, as the configuration would declare them.
    pub async fn policies_as_configuration(
        &self,
        granted: &Granted,
        database: &str,
    ) -> Result<String, PolicyRefused> {
        granted.require(Permission::ChangePolicies)?;
        let snapshot = self.snapshot_of(database)?;
        let retentions = self.retentions_of(database).await?;
        self.note_export(granted, "policies", database, &[]);
        Ok(as_configuration(&snapshot, database, &retentions))
    }

    fn snapshot_of(&self, database: &str) -> Result<Arc<Snapshot>, PolicyRefused> {
        self.watched(database)?
            .observation()
            .snapshot
            .ok_or(PolicyRefused::NotRead)
    }

    /// What the console itself drops, by table.
    async fn retentions_of(&self, database: &str) -> Result<BTreeMap<TableName, AgePolicy>, StateError> {
        let mut connection = self.state.connection().await?;
        let retentions = console_retentions(&mut connection, database).await?;
        Ok(retentions.into_iter().map(|of| (of.table, of.policy)).collect())
    }
}

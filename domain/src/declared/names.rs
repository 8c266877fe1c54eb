//! Which table is meant by a name in the configuration, where environment variables have no lower case.

use std::fmt;

use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// A name that is no table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The name.
    pub name: String,
    /// Why not.
    pub why: UnresolvedName,
}

/// Why a name is no table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnresolvedName {
    /// There is none.
    Unknown,
    /// It could be any of these.
    Ambiguous(Vec<TableName>),
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.why {
            UnresolvedName::Unknown => write!(
                f,
                "policies are declared for {name:?}, but no table has this name or begins with it as a word"
            ),
            UnresolvedName::Ambiguous(tables) => {
                let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "policies are declared for {name:?}, which could be any of {}; write the whole name",
                    tables.join(", ")
                )
            }
        }
    }
}

/// Whatever can have policies: hypertables, and continuous aggregates by their views.
pub(super) fn known(snapshot: &Snapshot) -> Vec<TableName> {
    let tables = snapshot.hypertables.iter().filter(|of| of.materializes.is_none());
    let views = snapshot.continuous_aggregates.iter().map(|of| of.view.clone());
    tables
        .map(crate::hypertable::Hypertable::table_name)
        .chain(views)
        .collect()
}

/// The table of a name, and whether the name is all of it: as it is, whatever its case, or its leading word.
pub(super) fn find(name: &str, known: &[TableName]) -> Result<(TableName, bool), Unresolved> {
    let folded = name.to_lowercase();
    let ways: [&dyn Fn(&TableName) -> bool; 4] = [
        &|table| TableName::from_qualified(name).is_some_and(|of| of == *table),
        &|table| table.name == name,
        &|table| table.name.to_lowercase() == folded,
        &|table| {
            let rest = table.name.to_lowercase();
            rest.strip_prefix(&folded)
                .is_some_and(|rest| rest.starts_with('_'))
        },
    ];
    for (place, fits) in ways.iter().enumerate() {
        let mut found = known.iter().filter(|table| fits(table));
        let Some(first) = found.next() else { continue };
        let others: Vec<TableName> = found.cloned().collect();
        if others.is_empty() {
            return Ok((first.clone(), place < 3));
        }
        let mut tables = vec![first.clone()];
        tables.extend(others);
        return Err(Unresolved {
            name: name.to_owned(),
            why: UnresolvedName::Ambiguous(tables),
        });
    }
    Err(Unresolved {
        name: name.to_owned(),
        why: UnresolvedName::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<TableName> {
        [
            "metric_hist",
            "oee_calculations",
            "energy_consumption",
            "energy_price",
            "Mixed",
        ]
        .into_iter()
        .map(|name| TableName::new("public", name))
        .chain([TableName::new("plant", "metric_hist")])
        .collect()
    }

    #[test]
    fn a_table_is_meant_by_its_name_or_its_leading_word() {
        let found = |name: &str| find(name, &known()).map(|(table, _)| table.to_string());
        assert_eq!(found("OEE"), Ok("oee_calculations".to_owned()));
        assert_eq!(found("oee_calculations"), Ok("oee_calculations".to_owned()));
        assert_eq!(found("mixed"), Ok("Mixed".to_owned()));
        assert_eq!(found("plant.metric_hist"), Ok("plant.metric_hist".to_owned()));
        assert_eq!(
            found("metric_hist"),
            Ok("metric_hist".to_owned()),
            "public goes without saying"
        );
    }

    #[test]
    fn what_could_be_several_or_none_is_named() {
        let message = |name: &str| find(name, &known()).expect_err("no table").to_string();
        assert!(
            message("ENERGY").contains("energy_consumption, energy_price"),
            "{}",
            message("ENERGY")
        );
        assert!(message("METRIC_HIST").contains("plant.metric_hist"));
        assert!(
            message("oe").contains("no table has this name"),
            "half a word is none"
        );
        assert!(message("nothing").contains("\"nothing\""));
    }
}

//! Declared policies: what the configuration says every table, or one table, should have, and how far the server is from it.

mod drift;
mod export;
mod names;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::{Field, PolicyFields, PolicyKind};
use crate::snapshot::{Edition, Snapshot};
use crate::table_name::TableName;

pub use self::drift::{Drift, DriftState, DriftedWorkers, drifts, in_its_unit, is_held_back};
pub use self::export::as_configuration;
pub use self::names::{Unresolved, UnresolvedName};

/// What is declared in one place; fields that are missing are not declared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Declaration {
    /// As a form would say it.
    pub fields: PolicyFields,
    /// Whether existing data may be dropped without a person looking.
    pub allow_drop: Option<bool>,
}

/// Everything that is declared for a database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Declared {
    /// For every hypertable that does not say otherwise.
    pub defaults: Declaration,
    /// By a table's name, or its leading word.
    pub tables: BTreeMap<String, Declaration>,
    /// Background workers the server should have; compared, never set.
    pub max_background_workers: Option<u32>,
    /// Whether it is applied when the console starts.
    pub apply_on_start: bool,
}

/// What is declared, by table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// Tables and continuous aggregates for which anything is declared.
    pub tables: BTreeMap<TableName, Declaration>,
    /// Names that are no table's.
    pub unresolved: Vec<Unresolved>,
}

impl Declaration {
    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// This, and where it says nothing, the other.
    #[must_use]
    pub fn over(&self, general: &Self) -> Self {
        Self {
            fields: self.fields.over(&general.fields),
            allow_drop: self.allow_drop.or(general.allow_drop),
        }
    }

    /// The fields as they are asked of one edition: an age of compression means that there is compression, unless that is
    /// denied. What the edition has not is left out.
    pub fn asked_of(&self, edition: Edition) -> PolicyFields {
        use PolicyKind::{Compression, Refresh};
        let mut fields = self.fields.clone();
        let says_more = [Field::Threshold(Compression), Field::SegmentBy, Field::OrderBy];
        if edition == Edition::Apache {
            for field in [Field::Compression, Field::Threshold(Refresh)] {
                fields.remove(field);
            }
            for field in says_more {
                fields.remove(field);
            }
        } else if fields.get(Field::Compression).is_none()
            && fields
                .get(Field::Threshold(Compression))
                .is_some_and(|age| age != "never")
        {
            fields.set(Field::Compression, "on");
        } else if fields.get(Field::Compression) == Some("off") {
            for field in says_more {
                fields.remove(field);
            }
        }
        fields
    }

    /// Whether it asks for something the edition has not.
    pub fn asks_too_much_of(&self, edition: Edition) -> bool {
        edition == Edition::Apache && self.fields.get(Field::Compression) == Some("on")
    }
}

impl Declared {
    /// Whether nothing is declared at all.
    pub fn is_empty(&self) -> bool {
        self.defaults.is_empty()
            && self.tables.values().all(Declaration::is_empty)
            && self.max_background_workers.is_none()
    }

    /// Finds the tables that are meant. What is said in general is for hypertables, not for continuous aggregates.
    pub fn resolve(&self, snapshot: &Snapshot) -> Resolved {
        let mut resolved = Resolved::default();
        if !self.defaults.is_empty() {
            for table in snapshot.hypertables.iter().filter(|of| of.materializes.is_none()) {
                resolved.tables.insert(table.table_name(), self.defaults.clone());
            }
        }
        let known = names::known(snapshot);
        let mut named: BTreeMap<TableName, Declaration> = BTreeMap::new();
        for (name, declaration) in &self.tables {
            match names::find(name, &known) {
                // Field by field, a table's own name goes before its leading word.
                Ok((table, is_exact)) => {
                    let said = named.remove(&table).unwrap_or_default();
                    let (first, second) = if is_exact {
                        (declaration, &said)
                    } else {
                        (&said, declaration)
                    };
                    named.insert(table, first.over(second));
                }
                Err(unresolved) => resolved.unresolved.push(unresolved),
            }
        }
        for (table, declaration) in named {
            let is_aggregate = snapshot
                .continuous_aggregates
                .iter()
                .any(|aggregate| aggregate.view == table);
            let declaration = if is_aggregate {
                declaration
            } else {
                declaration.over(&self.defaults)
            };
            if declaration.is_empty() {
                resolved.tables.remove(&table);
            } else {
                resolved.tables.insert(table, declaration);
            }
        }
        resolved
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::hypertable::Hypertable;
    use crate::policy::PolicyKind;
    use crate::snapshot::example;

    fn says(pairs: &[(Field, &str)]) -> Declaration {
        let mut declaration = Declaration::default();
        for (field, text) in pairs {
            declaration.fields.set(*field, *text);
        }
        declaration
    }

    #[test]
    fn a_leading_word_adds_to_what_is_said_by_the_whole_name() {
        const DROP_AFTER: Field = Field::Threshold(PolicyKind::Retention);
        let snapshot = Snapshot {
            hypertables: Arc::new(vec![Hypertable {
                schema: "public".to_owned(),
                name: "oee_calculations".to_owned(),
                ..Hypertable::default()
            }]),
            ..example::empty()
        };
        let table = TableName::new("public", "oee_calculations");
        let by_word = says(&[(DROP_AFTER, "365 days"), (Field::SegmentBy, "machine")]);
        let by_name = says(&[(Field::SegmentBy, "line_id")]);
        for words in [["oee", "oee_calculations"], ["OEE", "public.oee_calculations"]] {
            let declared = Declared {
                defaults: says(&[(DROP_AFTER, "90 days")]),
                tables: [
                    (words[0].to_owned(), by_word.clone()),
                    (words[1].to_owned(), by_name.clone()),
                ]
                .into(),
                ..Declared::default()
            };
            let resolved = declared.resolve(&snapshot);
            assert_eq!(
                resolved.tables[&table],
                says(&[(DROP_AFTER, "365 days"), (Field::SegmentBy, "line_id")])
            );
        }
    }
}

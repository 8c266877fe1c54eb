//! The environment variables the console reads, and the fields they override.

use std::collections::BTreeMap;

use config::{ConfigError, Map, Source, Value, ValueKind};

use super::error::ConfigurationError;

/// Variable, field, and whether the value may come from a file named by `VARIABLE_FILE`.
const VARIABLES: [(&str, &str, bool); 15] = [
    ("TIDEMARK_LISTEN", "listen", false),
    ("TIDEMARK_PUBLIC_URL", "public_url", false),
    ("TIDEMARK_TRUSTED_PROXIES", "trusted_proxies", false),
    ("TIDEMARK_ENVIRONMENT", "environment", false),
    ("TIDEMARK_STATE_URL", "state_url", true),
    ("TIDEMARK_SITE_ROOT", "site_root", false),
    ("TIDEMARK_COLLECT_EVERY", "collect_every", false),
    ("TIDEMARK_AUDIT_KEEP", "audit_keep", false),
    ("TIDEMARK_LOG", "log", false),
    ("TIDEMARK_LOG_FORMAT", "log_format", false),
    ("TIDEMARK_ADMIN_USER", "admin.user", false),
    ("TIDEMARK_ADMIN_PASSWORD", "admin.password", true),
    ("TIDEMARK_DATABASE_URL", DATABASE_URL, true),
    ("TIDEMARK_DATABASE_CHANGE_URL", DATABASE_CHANGE_URL, true),
    ("TIDEMARK_CONFIG", "", false),
];

/// Fields of the one database that `TIDEMARK_DATABASE_URL` means; resolved to its name by [`super::file`].
pub(super) const DATABASE_URL: &str = "database_url";
pub(super) const DATABASE_CHANGE_URL: &str = "database_change_url";

/// Declared policies keep the names they have everywhere in the field.
const POLICY_VARIABLES: [(&str, &str, bool); 5] = [
    ("TIMESCALEDB_COMPRESSION_ENABLED", "compression_enabled", false),
    ("TIMESCALEDB_COMPRESSION_AFTER", "compress_after", true),
    ("TIMESCALEDB_RETENTION_POLICY", "drop_after", true),
    ("TIMESCALEDB_CHUNK_TIME_INTERVAL", "chunk_interval", true),
    (
        "TIMESCALEDB_MAX_BACKGROUND_WORKERS",
        "max_background_workers",
        false,
    ),
];

/// Variables of this prefix that are somebody else's: the tests', and those Kubernetes sets by itself for a Service
/// named "tidemark".
const FOREIGN: [&str; 3] = ["TIDEMARK_TEST_", "TIDEMARK_SERVICE_", "TIDEMARK_PORT"];

/// The process's environment, as a map so that tests can choose it.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The real one. Variables that are not UTF-8 are none of ours.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// One variable; an empty one counts as unset, as shells and compose files leave them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The fields the variables set, each with its variable as origin.
    pub(super) fn fields(&self) -> Result<Fields, ConfigurationError> {
        let mut fields = Fields::default();
        for (name, field, may_be_file) in VARIABLES {
            if field.is_empty() {
                continue;
            }
            if let Some((origin, value)) = self.value(name, may_be_file, field)? {
                let kind = if field == "trusted_proxies" {
                    ValueKind::Array(
                        value
                            .split([',', ' '])
                            .filter(|part| !part.is_empty())
                            .map(|part| Value::new(Some(&origin), part))
                            .collect(),
                    )
                } else {
                    ValueKind::String(value)
                };
                fields.set(field, &origin, kind);
            }
        }
        for name in self.0.keys().filter(|name| name.starts_with("TIDEMARK_")) {
            if let Some((database, key)) = database_variable(name) {
                if let Some((origin, value)) = self.value(name.trim_end_matches("_FILE"), true, key)? {
                    fields
                        .databases
                        .push((database, key, Value::new(Some(&origin), value)));
                }
            } else if self.get(name).is_some() && !is_known(name) {
                return Err(ConfigurationError::new(
                    format!("environment variable {name}"),
                    "unknown",
                    format!("there is no such variable; did you mean {}?", nearest(name)),
                ));
            }
        }
        for (name, field, has_tables) in POLICY_VARIABLES {
            for (variable, value) in self.0.range(name.to_owned()..) {
                let Some(suffix) = variable.strip_prefix(name) else {
                    break;
                };
                if value.is_empty() {
                    continue;
                }
                let origin = format!("environment variable {variable}");
                if suffix.is_empty() {
                    fields.set(
                        &format!("policies.{field}"),
                        &origin,
                        ValueKind::String(value.clone()),
                    );
                } else if let Some(table) = suffix.strip_prefix('_').filter(|t| has_tables && !t.is_empty()) {
                    let table = table.to_ascii_lowercase();
                    fields.set(
                        &format!("policies.tables.{table}.{field}"),
                        &origin,
                        ValueKind::String(value.clone()),
                    );
                }
            }
        }
        Ok(fields)
    }

    /// A variable's value, or the content of the file that `VARIABLE_FILE` names.
    fn value(
        &self,
        name: &str,
        may_be_file: bool,
        field: &str,
    ) -> Result<Option<(String, String)>, ConfigurationError> {
        let direct = self
            .get(name)
            .map(|value| (format!("environment variable {name}"), value.to_owned()));
        let file_variable = format!("{name}_FILE");
        let Some(path) = self.get(&file_variable).filter(|_| may_be_file) else {
            return Ok(direct);
        };
        let origin = format!("environment variable {file_variable}");
        if direct.is_some() {
            return Err(ConfigurationError::new(
                origin,
                field,
                format!("{name} is set as well; set one of the two"),
            ));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some((origin, text.trim_end_matches(['\r', '\n']).to_owned()))),
            Err(error) => Err(ConfigurationError::new(
                origin,
                field,
                format!("the file {path} cannot be read ({error})"),
            )),
        }
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// `TIDEMARK_DATABASES_PLANT_2_URL` is the `url` of a database whose name reads `PLANT_2` in capitals.
fn database_variable(name: &str) -> Option<(String, &'static str)> {
    let rest = name
        .strip_prefix("TIDEMARK_DATABASES_")?
        .trim_end_matches("_FILE");
    let (database, key) = rest
        .strip_suffix("_CHANGE_URL")
        .map(|database| (database, "change_url"))
        .or_else(|| rest.strip_suffix("_URL").map(|database| (database, "url")))?;
    (!database.is_empty()).then(|| (database.to_owned(), key))
}

fn is_known(name: &str) -> bool {
    FOREIGN.iter().any(|prefix| name.starts_with(prefix))
        || VARIABLES.iter().any(|(known, _, may_be_file)| {
            *known == name || (*may_be_file && name.strip_suffix("_FILE") == Some(known))
        })
}

/// The known variable that shares the longest beginning, or failing that the longest end.
fn nearest(name: &str) -> &'static str {
    let likeness = |known: &str| {
        let same = |a: &mut dyn Iterator<Item = (u8, u8)>| a.take_while(|(x, y)| x == y).count();
        same(&mut known.bytes().zip(name.bytes())) + same(&mut known.bytes().rev().zip(name.bytes().rev()))
    };
    VARIABLES
        .iter()
        .map(|(known, ..)| *known)
        .max_by_key(|known| likeness(known))
        .unwrap_or("TIDEMARK_DATABASE_URL")
}

/// What the environment sets.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    map: Map<String, Value>,
    /// Database name in capitals, key, value.
    pub(super) databases: Vec<(String, &'static str, Value)>,
}

impl Fields {
    fn set(&mut self, field: &str, origin: &str, kind: ValueKind) {
        self.map
            .insert(field.to_owned(), Value::new(Some(&origin.to_owned()), kind));
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        self.map.remove(field)
    }

    /// Puts a field in.
    pub(super) fn put(&mut self, field: String, value: Value) {
        self.map.insert(field, value);
    }
}

impl Source for Fields {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.map.clone())
    }
}

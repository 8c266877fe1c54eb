//! From file and environment to a valid [`Configuration`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use backend::state::StateUrl;
use backend::timescale::ConnectionUrl;
use config::{Config, File, FileFormat, Source, Value, ValueKind};
use domain::account::{UserName, check_password};
use domain::database::DatabaseName;
use domain::interval::Interval;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use url::Url;

use super::declared::{DeclaredPolicies, DeclaredPolicy};
use super::environment::{DATABASE_CHANGE_URL, DATABASE_URL, Environment, Fields};
use super::error::ConfigurationError;
use super::settings::{Admin, Configuration, Database, LogFormat, PositiveInterval};

/// Read when `--config` and `TIDEMARK_CONFIG` say nothing and it is there.
const DEFAULT_FILE: &str = "tidemark.toml";

/// Where a value comes from that nobody set.
const DEFAULTS: &str = "the defaults";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default = "default_listen", deserialize_with = "listen")]
    listen: SocketAddr,
    #[serde(default, deserialize_with = "public_url")]
    public_url: Option<Url>,
    #[serde(default, deserialize_with = "proxies")]
    trusted_proxies: Vec<IpNet>,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default = "default_state_url", deserialize_with = "parsed")]
    state_url: StateUrl,
    #[serde(default = "default_site_root")]
    site_root: PathBuf,
    #[serde(default)]
    collect_every: Option<PositiveInterval>,
    #[serde(default)]
    audit_keep: Option<PositiveInterval>,
    #[serde(default = "default_log", deserialize_with = "log_filter")]
    log: String,
    #[serde(default)]
    log_format: LogFormat,
    #[serde(default)]
    admin: Option<RawAdmin>,
    #[serde(default)]
    databases: BTreeMap<DatabaseName, RawDatabase>,
    #[serde(default)]
    policies: RawPolicies,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAdmin {
    #[serde(default, deserialize_with = "some_parsed")]
    user: Option<UserName>,
    #[serde(default)]
    password: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    #[serde(deserialize_with = "parsed")]
    url: ConnectionUrl,
    #[serde(default, deserialize_with = "some_parsed")]
    change_url: Option<ConnectionUrl>,
    #[serde(default)]
    policies: Option<RawPolicies>,
}

/// The fields of [`DeclaredPolicy`] stand beside these, so they are listed again.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicies {
    #[serde(default)]
    apply_on_start: Option<bool>,
    #[serde(default)]
    max_background_workers: Option<u32>,
    #[serde(default)]
    tables: BTreeMap<String, DeclaredPolicy>,
    #[serde(default)]
    compression_enabled: Option<bool>,
    #[serde(default)]
    compress_after: Option<PositiveInterval>,
    #[serde(default)]
    drop_after: Option<PositiveInterval>,
    #[serde(default)]
    chunk_interval: Option<PositiveInterval>,
}

impl RawPolicies {
    /// What a database says for itself goes before what is said for all.
    fn over(&self, general: &Self) -> DeclaredPolicies {
        let mut tables = general.tables.clone();
        for (name, policy) in &self.tables {
            let said = tables.remove(name).unwrap_or_default();
            tables.insert(name.clone(), policy.over(&said));
        }
        DeclaredPolicies {
            defaults: DeclaredPolicy {
                compression_enabled: self.compression_enabled.or(general.compression_enabled),
                compress_after: self.compress_after.or(general.compress_after).map(Into::into),
                drop_after: self.drop_after.or(general.drop_after).map(Into::into),
                chunk_interval: self.chunk_interval.or(general.chunk_interval).map(Into::into),
                ..DeclaredPolicy::default()
            },
            tables,
            max_background_workers: self.max_background_workers.or(general.max_background_workers),
            apply_on_start: self.apply_on_start.or(general.apply_on_start).unwrap_or(false),
        }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 3000))
}

fn default_state_url() -> StateUrl {
    "sqlite://tidemark.db".parse().expect("the default is valid")
}

fn default_site_root() -> PathBuf {
    PathBuf::from("target/site")
}

fn default_log() -> String {
    "info".to_owned()
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

fn some_parsed<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    parsed(deserializer).map(Some)
}

/// The text in quotes, unless it looks like something with a password in it.
fn quoted(text: &str) -> String {
    if text.contains('@') || text.contains("://") {
        "this".to_owned()
    } else {
        format!("{text:?}")
    }
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!(
            "{} is no address to listen on; write ADDRESS:PORT, for example 127.0.0.1:3000",
            quoted(&text)
        ))
    })
}

fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let problem = |what: &str| {
        serde::de::Error::custom(format!("{what}; write for example https://tidemark.example.com"))
    };
    let url =
        Url::parse(&text).map_err(|error| problem(&format!("{} is not a URL ({error})", quoted(&text))))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(problem("it is neither an https:// nor an http:// address"));
    }
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(problem(
            "the console needs an address of its own, without a path, a query or a user",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(problem(
            "browsers keep the console's session cookie only over https (or on 127.0.0.1), so nobody could sign in over plain http",
        ));
    }
    Ok(Some(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn proxies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .into_iter()
        .map(|text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    serde::de::Error::custom(format!(
                        "{} is no network; write for example 10.0.0.0/8",
                        quoted(&text)
                    ))
                })
        })
        .collect()
}

fn log_filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    tracing_subscriber::EnvFilter::try_new(&text)
        .map(|_| text.clone())
        .map_err(|_| {
            serde::de::Error::custom(format!(
                "{} is no log filter; write error, warn, info, debug or trace",
                quoted(&text)
            ))
        })
}

impl Configuration {
    /// Reads and validates. `path` is `--config`; without it, `TIDEMARK_CONFIG`, then `tidemark.toml` if it is there.
    pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Self, ConfigurationError> {
        let (file, file_name) = match read_file(path, environment)? {
            Some((file, name)) => (Some(file), name),
            None => (None, DEFAULTS.to_owned()),
        };
        let mut fields = environment.fields()?;
        let name = environment
            .get("TIDEMARK_ENVIRONMENT")
            .map(str::to_owned)
            .or_else(|| file.as_ref().and_then(|file| file.get_string("environment").ok()));

        let mut merged = Value::new(None, ValueKind::Table(config::Map::new()));
        if let Some(file) = &file {
            let internal = |error: config::ConfigError| {
                ConfigurationError::new("configuration file", "syntax", error.to_string())
            };
            let mut table = file.cache.clone().into_table().map_err(internal)?;
            let environments = table.remove("environments");
            let overrides = match (environments, &name) {
                (Some(environments), Some(name)) => environments.into_table().map_err(internal)?.remove(name),
                _ => None,
            };
            merged = Value::new(None, ValueKind::Table(table));
            if let Some(overrides) = overrides {
                merge(&mut merged, overrides);
            }
        }
        resolve_databases(&mut fields, &merged)?;
        fields
            .collect_to(&mut merged)
            .map_err(|error| ConfigurationError::new("the environment", "names", error.to_string()))?;

        let raw: Raw = serde_path_to_error::deserialize(merged.clone()).map_err(|error| {
            described(
                &merged,
                &file_name,
                &error.path().to_string(),
                &error.into_inner(),
            )
        })?;
        validated(raw, &merged, &file_name, name)
    }
}

/// The file's values and its name as it was given. Its values carry no origin of their own: what has none is the file's.
fn read_file(
    path: Option<&Path>,
    environment: &Environment,
) -> Result<Option<(Config, String)>, ConfigurationError> {
    let (path, asked_by) = match (path, environment.get("TIDEMARK_CONFIG")) {
        (Some(path), _) => (path.to_owned(), Some("--config")),
        (None, Some(path)) => (PathBuf::from(path), Some("environment variable TIDEMARK_CONFIG")),
        (None, None) => (PathBuf::from(DEFAULT_FILE), None),
    };
    if asked_by.is_none() && !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|error| {
        ConfigurationError::new(
            asked_by.unwrap_or(DEFAULT_FILE),
            "file",
            format!(
                "{} cannot be read ({error}); name a TOML file that exists",
                path.display()
            ),
        )
    })?;
    Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .build()
        .map(|file| Some((file, path.display().to_string())))
        .map_err(|error| {
            // The parser quotes the line, which may hold a password: only where it is, is told.
            let place = match &error {
                config::ConfigError::FileParse { cause, .. } => {
                    cause.to_string().lines().next().unwrap_or_default().to_owned()
                }
                other => other.to_string(),
            };
            ConfigurationError::new(
                path.display().to_string(),
                "syntax",
                format!("this is not TOML: {place}"),
            )
        })
}

/// Lays one tree of values over another, table by table.
fn merge(base: &mut Value, over: Value) {
    if !matches!(over.kind, ValueKind::Table(_)) || !matches!(base.kind, ValueKind::Table(_)) {
        *base = over;
        return;
    }
    if let (ValueKind::Table(base), ValueKind::Table(over)) = (&mut base.kind, over.kind) {
        for (key, value) in over {
            match base.get_mut(&key) {
                Some(existing) => merge(existing, value),
                None => {
                    base.insert(key, value);
                }
            }
        }
    }
}

/// Names of the databases that the file configures.
fn database_names(merged: &Value) -> Vec<String> {
    child(merged, "databases")
        .and_then(|databases| match &databases.kind {
            ValueKind::Table(table) => Some(table.keys().cloned().collect()),
            _ => None,
        })
        .unwrap_or_default()
}

/// `TIDEMARK_DATABASE_URL` means the one database: the file's, or one that it names by itself.
fn resolve_databases(fields: &mut Fields, merged: &Value) -> Result<(), ConfigurationError> {
    let names = database_names(merged);
    for (capitals, key, value) in std::mem::take(&mut fields.databases) {
        let name = names
            .iter()
            .find(|name| name.to_ascii_uppercase().replace('-', "_") == capitals)
            .cloned()
            .unwrap_or_else(|| capitals.to_ascii_lowercase());
        fields.put(format!("databases.{name}.{key}"), value);
    }
    let (url, change_url) = (fields.take(DATABASE_URL), fields.take(DATABASE_CHANGE_URL));
    let Some(any) = url.as_ref().or(change_url.as_ref()) else {
        return Ok(());
    };
    let origin = any.origin().unwrap_or(DEFAULTS).to_owned();
    let name = match (names.as_slice(), &url) {
        ([name], _) => name.clone(),
        ([], Some(url)) => {
            let text = url.clone().into_string().unwrap_or_default();
            let parsed: ConnectionUrl = text.parse().map_err(|error| {
                ConfigurationError::new(&origin, "databases.NAME.url", format!("{error}"))
            })?;
            parsed
                .database()
                .parse::<DatabaseName>()
                .map_err(|error| {
                    ConfigurationError::new(
                        &origin,
                        "databases.NAME",
                        format!("{error}; or give it another name in the file, as [databases.NAME]"),
                    )
                })?
                .to_string()
        }
        ([], None) => {
            return Err(ConfigurationError::new(
                origin,
                "databases.NAME.change_url",
                "set TIDEMARK_DATABASE_URL as well",
            ));
        }
        _ => {
            return Err(ConfigurationError::new(
                origin,
                "databases.NAME.url",
                format!(
                    "the file configures several databases ({}); set TIDEMARK_DATABASES_NAME_URL instead",
                    names.join(", ")
                ),
            ));
        }
    };
    if let Some(url) = url {
        fields.put(format!("databases.{name}.url"), url);
    }
    if let Some(change_url) = change_url {
        fields.put(format!("databases.{name}.change_url"), change_url);
    }
    Ok(())
}

fn child<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match &value.kind {
        ValueKind::Table(table) => table.get(key),
        ValueKind::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Where the value at a path comes from; for a table, where a variable set something in it, or else the file.
fn origin_at(merged: &Value, file_name: &str, path: &str) -> String {
    fn first_origin(value: &Value) -> Option<&str> {
        match &value.kind {
            ValueKind::Table(table) => table.values().find_map(first_origin),
            ValueKind::Array(items) => items.iter().find_map(first_origin).or(value.origin()),
            _ => value.origin(),
        }
    }
    let mut found = merged;
    let mut whole = true;
    for key in path
        .split('.')
        .flat_map(|part| part.split(['[', ']']))
        .filter(|part| !part.is_empty())
    {
        match child(found, key) {
            Some(value) => (found, whole) = (value, false),
            None => break,
        }
    }
    // A field that is nowhere belongs to no variable.
    if whole { None } else { first_origin(found) }
        .unwrap_or(file_name)
        .to_owned()
}

/// A deserialisation error as one message with source and field.
fn described(merged: &Value, file_name: &str, path: &str, error: &config::ConfigError) -> ConfigurationError {
    let mut path = path.trim_matches('.').to_owned();
    let mut problem = match error {
        config::ConfigError::At { error, .. } => error.to_string(),
        other => other.to_string(),
    };
    // The library adds key and origin, which are told in their own places here.
    if let Some(end) = problem.find(" for key `") {
        problem.truncate(end);
    }
    if let Some(rest) = problem.strip_prefix("unknown field `") {
        let (field, rest) = rest.split_once('`').unwrap_or((rest, ""));
        if path.rsplit('.').next() != Some(field) {
            path = if path.is_empty() || path == "?" {
                field.to_owned()
            } else {
                format!("{path}.{field}")
            };
        }
        problem = format!("there is no such field; {}", rest.trim_start_matches(", "));
    } else if let Some(field) = problem
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        let field = field.to_owned();
        if path.rsplit('.').next() != Some(field.as_str()) {
            path = format!("{path}.{field}");
        }
        problem = String::from("it is missing");
    } else if let Some(rest) = problem.strip_prefix("missing configuration field ") {
        problem = format!("it is missing ({})", rest.trim_matches('"'));
    }
    // serde quotes what it found; a connection URL in the wrong place would show its password.
    if let Some(start) = problem.find("string \"")
        // The last quotation mark: the text itself may hold some.
        && let Some(end) = problem.rfind("\", expected")
    {
        problem.replace_range(start..=end, "a text");
    }
    ConfigurationError::new(origin_at(merged, file_name, &path), path, problem)
}

fn validated(
    raw: Raw,
    merged: &Value,
    file_name: &str,
    environment: Option<String>,
) -> Result<Configuration, ConfigurationError> {
    let wrong = |field: &str, problem: &str| {
        ConfigurationError::new(origin_at(merged, file_name, field), field, problem)
    };
    if raw.databases.is_empty() {
        return Err(ConfigurationError::new(
            "the environment",
            "TIDEMARK_DATABASE_URL",
            "no database is configured; set it to postgres://ROLE:PASSWORD@HOST:PORT/DATABASE, or write [databases.NAME] into the configuration file",
        ));
    }
    if !raw.listen.ip().is_loopback() && raw.public_url.is_none() {
        return Err(wrong(
            "listen",
            "others can reach this address, so public_url (TIDEMARK_PUBLIC_URL) must say the https:// address they use; or listen on 127.0.0.1",
        ));
    }
    let environment = environment.or(raw.environment);
    if let Some(name) = &environment {
        let fits = (1..=32).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !fits {
            return Err(wrong(
                "environment",
                "write development, staging, production or a name of at most 32 letters, digits, \"-\" and \"_\"",
            ));
        }
    }
    let admin = match raw.admin {
        None => None,
        Some(RawAdmin {
            user: Some(user),
            password: Some(password),
        }) => {
            check_password(&user, password.expose_secret())
                .map_err(|error| wrong("admin.password", &error.to_string()))?;
            Some(Admin { user, password })
        }
        Some(RawAdmin { user: Some(_), .. }) => {
            return Err(wrong(
                "admin.user",
                "a password is missing; set TIDEMARK_ADMIN_PASSWORD or TIDEMARK_ADMIN_PASSWORD_FILE as well",
            ));
        }
        Some(_) => {
            return Err(wrong(
                "admin.password",
                "a name is missing; set TIDEMARK_ADMIN_USER as well",
            ));
        }
    };
    let collect_every = match raw.collect_every {
        None => Duration::from_secs(5),
        Some(interval) => {
            let microseconds = Interval::from(interval).approximate_microseconds();
            let beat = Duration::from_micros(u64::try_from(microseconds).unwrap_or(0));
            if beat < Duration::from_secs(1) || beat > Duration::from_hours(24) {
                return Err(wrong("collect_every", "write between \"1 second\" and \"1 day\""));
            }
            beat
        }
    };
    let audit_keep_days = match raw.audit_keep {
        None => 365,
        Some(interval) => {
            let days = Interval::from(interval).approximate_microseconds() / (24 * 3600 * 1_000_000);
            if !(1..=36_500).contains(&days) {
                return Err(wrong("audit_keep", "write between \"1 day\" and \"100 years\""));
            }
            days
        }
    };
    let general = raw.policies;
    let databases = raw
        .databases
        .into_iter()
        .map(|(name, database)| Database {
            name,
            policies: database.policies.unwrap_or_default().over(&general),
            url: database.url,
            change_url: database.change_url,
        })
        .collect();
    Ok(Configuration {
        listen: raw.listen,
        public_url: raw.public_url,
        trusted_proxies: raw.trusted_proxies,
        environment,
        state_url: raw.state_url,
        site_root: raw.site_root,
        collect_every,
        audit_keep_days,
        log: raw.log,
        log_format: raw.log_format,
        admin,
        databases,
    })
}

#[cfg(test)]
mod tests;

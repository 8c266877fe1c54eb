use super::*;

const URL: &str = "postgres://tidemark:hunter2@localhost:5432/factory";

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Writes a file of its own for each call; the directory goes with the returned guard.
fn with_file<T>(text: &str, check: impl FnOnce(&Path) -> T) -> T {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("tidemark.toml");
    std::fs::write(&path, text).expect("written");
    check(&path)
}

fn refused(text: &str, variables: &[(&str, &str)]) -> ConfigurationError {
    with_file(text, |path| {
        let mut error = Configuration::load(Some(path), &environment(variables)).expect_err("refused");
        error.source_name = error
            .source_name
            .replace(&path.display().to_string(), "tidemark.toml");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error
    })
}

fn accepted(text: &str, variables: &[(&str, &str)]) -> Configuration {
    with_file(text, |path| {
        Configuration::load(Some(path), &environment(variables)).expect("accepted")
    })
}

#[test]
fn a_database_url_alone_is_enough_and_names_the_database() {
    let configuration =
        Configuration::load(None, &environment(&[("TIDEMARK_DATABASE_URL", URL)])).expect("valid");
    assert_eq!(configuration.databases[0].name.as_str(), "factory");
    assert_eq!(configuration.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(configuration.state_url.to_string(), "sqlite://tidemark.db");
}

#[test]
fn the_environment_overrides_the_file_and_the_named_environment_overrides_its_rest() {
    let text = format!(
        "listen = \"127.0.0.1:1\"\nlog = \"warn\"\nenvironment = \"staging\"\n[databases.factory]\nurl = \"{URL}\"\n\
         [environments.staging]\nlog = \"debug\"\nlisten = \"127.0.0.1:2\"\n[environments.production]\nlog = \"error\""
    );
    let configuration = accepted(&text, &[("TIDEMARK_LISTEN", "127.0.0.1:3")]);
    assert_eq!(
        (configuration.listen.port(), configuration.log.as_str()),
        (3, "debug")
    );
    let configuration = accepted(&text, &[("TIDEMARK_ENVIRONMENT", "production")]);
    assert_eq!(
        (configuration.listen.port(), configuration.log.as_str()),
        (1, "error")
    );
    assert_eq!(configuration.environment.as_deref(), Some("production"));
}

#[test]
fn an_unknown_key_names_file_and_field() {
    let error = refused(
        &format!("listne = \"x\"\n[databases.factory]\nurl = \"{URL}\""),
        &[],
    );
    assert_eq!(
        (error.source_name.as_str(), error.field.as_str()),
        ("tidemark.toml", "listne")
    );
    assert!(
        error
            .problem
            .starts_with("there is no such field; expected one of `listen`"),
        "{error}"
    );
    let error = refused(&format!("[databases.factory]\nurl = \"{URL}\"\nuser = 1"), &[]);
    assert_eq!(error.field, "databases.factory.user");
}

#[test]
fn a_bad_interval_names_the_variable_and_what_would_be_right() {
    let text = format!("[databases.factory]\nurl = \"{URL}\"");
    let error = refused(&text, &[("TIMESCALEDB_RETENTION_POLICY_METRIC_HIST", "90")]);
    assert_eq!(
        error.to_string(),
        "environment variable TIMESCALEDB_RETENTION_POLICY_METRIC_HIST: policies.tables.metric_hist.drop_after: \
         \"90\" has no unit; write for example \"90 days\" or \"90 hours\""
    );
    let error = refused(&text, &[("TIDEMARK_COLLECT_EVERY", "-5 seconds")]);
    assert!(error.problem.contains("not longer than nothing"), "{error}");
}

#[test]
fn a_malformed_database_url_is_refused_without_its_password() {
    let error = refused("", &[("TIDEMARK_DATABASE_URL", "mysql://u:hunter2@h/d")]);
    assert_eq!(error.source_name, "environment variable TIDEMARK_DATABASE_URL");
    assert!(
        error
            .problem
            .ends_with("write postgres://ROLE:PASSWORD@HOST:PORT/DATABASE"),
        "{error}"
    );
    let error = refused("[databases.factory]\nurl = \"hunter2\"", &[]);
    assert_eq!(error.field, "databases.factory.url");
    refused("databases = \"postgres://u:hunter2@h/d\"", &[]);
    refused("listen = \"hunter2", &[]);
    refused("", &[("TIDEMARK_LISTEN", "postgres://u:hunter2@h/d")]);
    refused(
        "",
        &[
            ("TIDEMARK_DATABASE_URL", URL),
            ("TIDEMARK_PUBLIC_URL", "https://u:hunter2@h:99999"),
        ],
    );
    refused("databases = 'postgres://u:\"hunter2@h/d'", &[]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error =
        Configuration::load(Some(Path::new("/no/such/file.toml")), &environment(&[])).expect_err("refused");
    assert!(
        error
            .to_string()
            .starts_with("--config: file: /no/such/file.toml cannot be read"),
        "{error}"
    );
    let error = Configuration::load(
        None,
        &environment(&[("TIDEMARK_DATABASE_URL_FILE", "/no/such/secret")]),
    )
    .expect_err("refused");
    assert_eq!(
        error.source_name,
        "environment variable TIDEMARK_DATABASE_URL_FILE"
    );
}

#[test]
fn secrets_come_from_files_too_but_not_from_both() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let secret = directory.path().join("secret");
    std::fs::write(&secret, format!("{URL}\n")).expect("written");
    let secret = secret.display().to_string();
    let configuration =
        Configuration::load(None, &environment(&[("TIDEMARK_DATABASE_URL_FILE", &secret)])).expect("valid");
    assert_eq!(configuration.databases[0].url.database(), "factory");
    let both = environment(&[
        ("TIDEMARK_DATABASE_URL_FILE", &secret),
        ("TIDEMARK_DATABASE_URL", URL),
    ]);
    assert!(
        Configuration::load(None, &both)
            .expect_err("refused")
            .problem
            .contains("set one of the two")
    );
}

#[test]
fn a_misspelt_variable_is_named_with_the_nearest_one() {
    let error = refused("", &[("TIDEMARK_DATABASE_URL", URL), ("TIDEMARK_LISTN", "x")]);
    assert_eq!(
        error.to_string(),
        "environment variable TIDEMARK_LISTN: unknown: there is no such variable; did you mean TIDEMARK_LISTEN?"
    );
    // What Kubernetes sets for a Service of this name is none of ours.
    accepted(
        "",
        &[
            ("TIDEMARK_DATABASE_URL", URL),
            ("TIDEMARK_PORT_3000_TCP_ADDR", "10.0.0.1"),
        ],
    );
}

#[test]
fn plain_http_that_others_can_reach_is_refused_with_the_reason() {
    let error = refused(
        "",
        &[
            ("TIDEMARK_DATABASE_URL", URL),
            ("TIDEMARK_LISTEN", "0.0.0.0:3000"),
        ],
    );
    assert!(error.problem.contains("public_url"), "{error}");
    let error = refused(
        "",
        &[
            ("TIDEMARK_DATABASE_URL", URL),
            ("TIDEMARK_PUBLIC_URL", "http://console.example"),
        ],
    );
    assert!(error.problem.contains("session cookie"), "{error}");
    accepted(
        "",
        &[
            ("TIDEMARK_DATABASE_URL", URL),
            ("TIDEMARK_LISTEN", "0.0.0.0:3000"),
            ("TIDEMARK_PUBLIC_URL", "https://console.example"),
        ],
    );
}

#[test]
fn no_database_says_how_to_name_one() {
    let error = refused("", &[]);
    assert!(error.problem.contains("no database is configured"), "{error}");
}

#[test]
fn several_databases_are_told_apart_by_their_names() {
    let text = format!("[databases.plant-1]\nurl = \"{URL}\"\n[databases.plant-2]\nurl = \"{URL}\"");
    let configuration = accepted(
        &text,
        &[("TIDEMARK_DATABASES_PLANT_2_URL", "postgres://a:b@c/other")],
    );
    assert_eq!(configuration.databases[1].url.database(), "other");
    let error = refused(&text, &[("TIDEMARK_DATABASE_URL", URL)]);
    assert!(error.problem.contains("TIDEMARK_DATABASES_NAME_URL"), "{error}");
}

#[test]
fn declared_policies_keep_their_names_from_the_environment() {
    let configuration = accepted(
        &format!(
            "[databases.factory]\nurl = \"{URL}\"\n[databases.factory.policies]\ndrop_after = \"30 days\""
        ),
        &[
            ("TIMESCALEDB_COMPRESSION_ENABLED", "true"),
            ("TIMESCALEDB_COMPRESSION_AFTER", "7 days"),
            ("TIMESCALEDB_RETENTION_POLICY", "90 days"),
            ("TIMESCALEDB_CHUNK_TIME_INTERVAL", "1 day"),
            ("TIMESCALEDB_CHUNK_TIME_INTERVAL_METRIC_HIST", "1 hour"),
            ("TIMESCALEDB_MAX_BACKGROUND_WORKERS", "8"),
        ],
    );
    let policies = &configuration.databases[0].policies;
    assert_eq!(
        policies.defaults.summary().as_deref(),
        Some("chunk interval 1 day, compression on, compress after 7 days, keep 30 days")
    );
    assert_eq!(
        policies.tables["metric_hist"].summary().as_deref(),
        Some("chunk interval 1 hour")
    );
    assert_eq!(policies.max_background_workers, Some(8));
    assert!(!policies.apply_on_start);
}

#[test]
fn an_administrator_needs_both_name_and_password() {
    let error = refused(
        "",
        &[("TIDEMARK_DATABASE_URL", URL), ("TIDEMARK_ADMIN_USER", "anna")],
    );
    assert!(error.problem.contains("TIDEMARK_ADMIN_PASSWORD"), "{error}");
    let error = refused(
        "",
        &[
            ("TIDEMARK_DATABASE_URL", URL),
            ("TIDEMARK_ADMIN_USER", "anna"),
            ("TIDEMARK_ADMIN_PASSWORD", "hunter2"),
        ],
    );
    assert_eq!(error.field, "admin.password");
}

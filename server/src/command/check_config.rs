//! What is in force, without secrets.

use std::fmt::Write;

use crate::configuration::Configuration;

/// One line a setting.
pub(super) fn summary(configuration: &Configuration) -> String {
    let mut text = String::from("The configuration is valid.\n");
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<16} {value}");
    };
    line("listen", &configuration.listen);
    if let Some(url) = &configuration.public_url {
        line("public_url", url);
    }
    for network in &configuration.trusted_proxies {
        line("trusted_proxies", network);
    }
    if let Some(environment) = &configuration.environment {
        line("environment", environment);
    }
    line("state_url", &configuration.state_url);
    line("site_root", &configuration.site_root.display());
    line(
        "collect_every",
        &format!("{} s", configuration.collect_every.as_secs_f64()),
    );
    line("audit_keep", &format!("{} days", configuration.audit_keep_days));
    line("log", &configuration.log);
    if let Some(admin) = &configuration.admin {
        line("admin.user", &admin.user);
    }
    for database in &configuration.databases {
        line("database", &format!("{}: {}", database.name, database.url));
        if let Some(url) = &database.change_url {
            line("", &format!("changes as {url}"));
        }
        let policies = &database.policies;
        if let Some(policy) = policies.defaults.summary() {
            line("", &format!("every table: {policy}"));
        }
        for (table, policy) in &policies.tables {
            if let Some(policy) = policy.summary() {
                line("", &format!("{table}: {policy}"));
            }
        }
        if let Some(workers) = policies.max_background_workers {
            line("", &format!("{workers} background workers expected"));
        }
    }
    text
}

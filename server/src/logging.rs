//! The log, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::configuration::{Configuration, LogFormat};

/// What a console that serves logs, as configured.
pub(crate) fn log_everything(configuration: &Configuration) {
    start(EnvFilter::new(&configuration.log), configuration.log_format);
}

/// What a command logs: its lines of the audit trail, for whoever collects them. A person at a terminal has the
/// command's own words.
pub(crate) fn log_audit(configuration: &Configuration) {
    if !std::io::stderr().is_terminal() {
        start(EnvFilter::new("error,audit=info"), configuration.log_format);
    }
}

fn start(filter: EnvFilter, format: LogFormat) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}

//! The command line. Exit status: 0 fine, 1 it ran and the answer is no, 2 bad usage or configuration.

mod check_config;
mod demo;
mod state;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use backend::clock::{SharedClock, SystemClock};
use clap::{Parser, Subcommand};

use crate::configuration::{Configuration, Environment};

/// A web admin console for TimescaleDB: serves it, and manages its users, tokens and demo data
#[derive(Debug, Parser)]
#[command(name = "tidemark", version)]
struct Arguments {
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Configuration file [default: TIDEMARK_CONFIG, or tidemark.toml in the current directory if there is one]"
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the console; this is also what happens without a command
    Serve,
    /// Check the configuration and show what is in force, without passwords
    CheckConfig,
    /// Add, invite, disable and list the people who sign in; works while the console runs
    #[command(subcommand)]
    User(user::UserCommand),
    /// Create, revoke and list the tokens of programs that read the API; works while the console runs
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Print the description of the REST API (OpenAPI 3.1); needs no configuration
    Openapi,
    /// Fill a database with a factory's made-up telemetry
    #[command(subcommand)]
    Demo(demo::DemoCommand),
}

/// Why a command ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// Exit status 1.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// Exit status 1, with the error's words.
    pub(crate) fn refused(error: impl std::fmt::Display) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Parses the command line, runs the command, and says how it ended.
pub fn run() -> ExitCode {
    // clap itself ends with 2 on bad usage and 0 on --help.
    let arguments = Arguments::parse();
    if matches!(arguments.command, Some(Command::Openapi)) {
        print!("{}", crate::api::v1::document::document());
        return ExitCode::SUCCESS;
    }
    let outcome = Configuration::load(arguments.config.as_deref(), &Environment::of_process())
        .map_err(|error| Failure::Usage(error.to_string()))
        .and_then(|configuration| execute(arguments.command.unwrap_or(Command::Serve), &configuration));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tidemark: {failure}");
            match failure {
                Failure::Usage(_) => ExitCode::from(2),
                Failure::Refused(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn execute(command: Command, configuration: &Configuration) -> Result<(), Failure> {
    let clock: SharedClock = Arc::new(SystemClock);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::refused)?;
    match command {
        Command::CheckConfig => {
            print!("{}", check_config::summary(configuration));
            Ok(())
        }
        // Answered before, without a configuration.
        Command::Openapi => Ok(()),
        Command::Serve => runtime.block_on(crate::serve::serve(configuration, clock)),
        Command::User(command) => runtime.block_on(user::run(command, configuration, &clock)),
        Command::Token(command) => runtime.block_on(token::run(command, configuration, &clock)),
        Command::Demo(command) => runtime.block_on(demo::run(command, configuration, &clock)),
    }
}

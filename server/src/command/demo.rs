//! `tidemark demo …`: fills a database with a factory's telemetry and keeps it alive.

use backend::clock::SharedClock;
use backend::demo;
use clap::Subcommand;
use domain::quantity::thousands;

use super::Failure;
use crate::configuration::{Configuration, Database};

#[derive(Debug, Subcommand)]
pub(super) enum DemoCommand {
    /// Create four hypertables in the configured database and fill them with some 40 days up to now
    Load {
        /// The database's name in the configuration; needed where it names several
        #[arg(long, value_name = "NAME")]
        db: Option<String>,
    },
    /// Go on adding rows to them as time passes, until interrupted; first those that are missing since the last time
    Stream {
        /// The database's name in the configuration; needed where it names several
        #[arg(long, value_name = "NAME")]
        db: Option<String>,
    },
}

fn chosen<'a>(configuration: &'a Configuration, name: Option<&str>) -> Result<&'a Database, Failure> {
    let names = || {
        configuration
            .databases
            .iter()
            .map(|d| d.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (name, configuration.databases.as_slice()) {
        (None, [database]) => Ok(database),
        (None, _) => Err(Failure::Usage(format!(
            "several databases are configured ({}); choose one with --db",
            names()
        ))),
        (Some(name), databases) => databases
            .iter()
            .find(|database| database.name.as_str() == name)
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "no database {name:?} is configured; there is: {}",
                    names()
                ))
            }),
    }
}

pub(super) async fn run(
    command: DemoCommand,
    configuration: &Configuration,
    clock: &SharedClock,
) -> Result<(), Failure> {
    match command {
        DemoCommand::Load { db } => {
            let database = chosen(configuration, db.as_deref())?;
            let report = demo::load(database.changes(), clock)
                .await
                .map_err(Failure::refused)?;
            print!("Loaded {} rows into {}", thousands(report.rows), database.name);
            if report.compressed_chunks > 0 {
                print!(", compressed {} chunks", thousands(report.compressed_chunks));
            }
            println!(".");
            Ok(())
        }
        DemoCommand::Stream { db } => {
            let database = chosen(configuration, db.as_deref())?;
            tokio::select! {
                outcome = demo::stream(database.changes(), clock) => outcome.map_err(Failure::refused),
                () = crate::serve::interrupted() => Ok(()),
            }
        }
    }
}

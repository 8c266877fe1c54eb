//! `tidemark token …`: tokens for programs, from the machine the console runs on, also while it runs.

use backend::accounts::TokenRequest;
use backend::auth::Granted;
use backend::clock::SharedClock;
use backend::console::Console;
use clap::Subcommand;
use domain::interval::Interval;
use domain::role::{Permission, Role};
use domain::token::{TokenName, TokenState};
use jiff::SignedDuration;

use super::{Failure, state};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Create a token; prints it, this once, alone on the last line
    Create {
        /// What to call it, for example after the program that uses it
        #[arg(long)]
        name: TokenName,
        /// What it may do: viewer, operator or admin
        #[arg(long)]
        role: Role,
        #[arg(
            long = "permission",
            value_name = "PERMISSION",
            help = "Only this permission of the role, for example view_status; can be given several times [default: all]"
        )]
        permissions: Vec<Permission>,
        /// When it ends, for example "90 days" [default: never]
        #[arg(long, value_name = "DURATION")]
        expires: Option<Interval>,
    },
    /// Revoke a token: it opens nothing from then on, and does not come back
    Revoke {
        /// The token's name, as "tidemark token list" shows it
        name: TokenName,
    },
    /// List the tokens: name, first characters, role, state, end, last use
    List,
}

pub(super) async fn run(
    command: TokenCommand,
    configuration: &Configuration,
    clock: &SharedClock,
) -> Result<(), Failure> {
    let (console, granted) = state::open(configuration, clock).await?;
    let outcome = change(command, &console, &granted).await;
    console.close().await;
    outcome
}

async fn change(command: TokenCommand, console: &Console, granted: &Granted) -> Result<(), Failure> {
    match command {
        TokenCommand::Create {
            name,
            role,
            permissions,
            expires,
        } => {
            let surplus = permissions
                .iter()
                .find(|permission| !role.token_permissions().contains(**permission));
            if let Some(permission) = surplus {
                return Err(Failure::Usage(format!(
                    "a token of the role {role} cannot have the permission {permission}"
                )));
            }
            let expires_at = match expires {
                None => None,
                Some(interval) => {
                    let microseconds = interval.approximate_microseconds();
                    if microseconds <= 0 {
                        return Err(Failure::Usage(
                            "--expires: write for example \"90 days\"".to_owned(),
                        ));
                    }
                    let end = console
                        .now()
                        .checked_add(SignedDuration::from_micros(microseconds))
                        .map_err(|_| Failure::Usage("--expires: this is too far away".to_owned()))?;
                    Some(end)
                }
            };
            let request = TokenRequest {
                name: name.clone(),
                role,
                permissions: permissions.into(),
                expires_at,
            };
            let token = console
                .create_token(granted, request)
                .await
                .map_err(Failure::refused)?;
            eprintln!("The token {name} is shown this once:");
            println!("{}", token.expose());
        }
        TokenCommand::Revoke { name } => {
            let tokens = console.tokens(granted).await.map_err(Failure::refused)?;
            let token = tokens
                .iter()
                .find(|token| token.name == name && token.state != TokenState::Revoked)
                .ok_or_else(|| {
                    Failure::Refused(format!("there is no token {:?} to revoke", name.as_str()))
                })?;
            console
                .revoke_token(granted, token.id)
                .await
                .map_err(Failure::refused)?;
            println!("The token {name} is revoked.");
        }
        TokenCommand::List => {
            for token in console.tokens(granted).await.map_err(Failure::refused)? {
                let end = token
                    .expires_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string());
                let used = token
                    .used_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string());
                println!(
                    "{:<24} {}… {:<9} {:<8} ends {end}, last used {used}",
                    token.name.as_str(),
                    token.hint,
                    token.role.as_str(),
                    token.state.label(),
                );
            }
        }
    }
    Ok(())
}

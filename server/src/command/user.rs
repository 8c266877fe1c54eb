//! `tidemark user …`: users, from the machine the console runs on, also while it runs.

use std::io::{BufRead, IsTerminal};

use backend::auth::PasswordHasher;
use backend::clock::SharedClock;
use backend::state::{NewUser, StateStore, UserExists};
use clap::{Args, Subcommand};
use domain::account::{UserName, check_password};
use domain::role::Role;
use secrecy::SecretString;

use super::Failure;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user
    Add {
        /// The name to sign in with
        name: UserName,
        /// viewer, operator or admin
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Give a user a new password; ends all of the user's sessions
    Passwd {
        /// The user
        name: UserName,
        #[command(flatten)]
        password: PasswordSource,
    },
}

#[derive(Debug, Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input; otherwise it is asked for
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    fn read(&self, name: &UserName) -> Result<SecretString, Failure> {
        let password = if self.password_stdin {
            let mut line = String::new();
            std::io::stdin()
                .lock()
                .read_line(&mut line)
                .map_err(Failure::refused)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        } else if std::io::stdin().is_terminal() {
            let ask = |prompt: String| rpassword::prompt_password(prompt).map_err(Failure::refused);
            let password = ask(format!("Password for {name}: "))?;
            if ask("The same again: ".to_owned())? != password {
                return Err(Failure::Refused(
                    "the two passwords differ; nothing was changed".to_owned(),
                ));
            }
            password
        } else {
            return Err(Failure::Usage(
                "there is no terminal to ask for the password; use --password-stdin".to_owned(),
            ));
        };
        check_password(name, &password).map_err(Failure::refused)?;
        Ok(password.into())
    }
}

pub(super) async fn run(
    command: UserCommand,
    configuration: &Configuration,
    clock: &SharedClock,
) -> Result<(), Failure> {
    let (name, password) = match &command {
        UserCommand::Add { name, password, .. } | UserCommand::Passwd { name, password } => {
            (name, password.read(name)?)
        }
    };
    let state = StateStore::open(&configuration.state_url)
        .await
        .map_err(Failure::refused)?;
    let outcome = change(&command, name, &password, &state, clock).await;
    state.close().await;
    outcome
}

async fn change(
    command: &UserCommand,
    name: &UserName,
    password: &SecretString,
    state: &StateStore,
    clock: &SharedClock,
) -> Result<(), Failure> {
    let password_hash = PasswordHasher::new(1)
        .map_err(Failure::refused)?
        .hash(password)
        .await
        .map_err(Failure::refused)?;
    match command {
        UserCommand::Add { role, .. } => {
            let user = NewUser {
                name: name.clone(),
                role: *role,
                password_hash,
            };
            match state.add_user(&user, clock.now()).await {
                Ok(_) => println!("Added {name} as {role}."),
                Err(UserExists::Taken(name)) => {
                    return Err(Failure::Refused(format!(
                        "there is a user {name} already; for a new password: tidemark user passwd {name}"
                    )));
                }
                Err(UserExists::State(error)) => return Err(Failure::refused(error)),
            }
        }
        UserCommand::Passwd { .. } => {
            if !state
                .set_password(name, &password_hash, clock.now())
                .await
                .map_err(Failure::refused)?
            {
                return Err(Failure::Refused(format!(
                    "there is no user {name}; to add one: tidemark user add {name} --role ROLE"
                )));
            }
            println!("{name} has a new password; all of {name}'s sessions have ended.");
        }
    }
    Ok(())
}

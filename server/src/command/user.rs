//! `tidemark user …`: users, from the machine the console runs on, also while it runs.

use std::io::{BufRead, IsTerminal};

use backend::accounts::ChangeRefused;
use backend::auth::{Client, Granted};
use backend::clock::SharedClock;
use backend::console::Console;
use clap::{Args, Subcommand};
use domain::account::{UserName, check_password};
use domain::role::Role;
use secrecy::SecretString;

use super::{Failure, state};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user with a password
    Add {
        /// The name to sign in with
        name: UserName,
        /// What the user may do: viewer, operator or admin
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Add a user without a password; prints the link to choose one on the last line
    Invite {
        /// The name to sign in with
        name: UserName,
        /// What the user may do: viewer, operator or admin
        #[arg(long)]
        role: Role,
    },
    /// Give a user a new password; ends all of the user's sessions
    Passwd {
        /// The user's name
        name: UserName,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Take a user's password away and end all sessions; prints the link to choose another on the last line
    Reset {
        /// The user's name
        name: UserName,
    },
    /// Give a user another role; ends all of the user's sessions
    Role {
        /// The user's name
        name: UserName,
        /// What the user may do: viewer, operator or admin
        role: Role,
    },
    /// Shut a user out at once, until enabled again; ends all of the user's sessions
    Disable {
        /// The user's name
        name: UserName,
    },
    /// Let a disabled user in again
    Enable {
        /// The user's name
        name: UserName,
    },
    /// Sign a user out everywhere, or everybody; nothing else changes
    SignOut {
        /// The user's name
        #[arg(required_unless_present = "all")]
        name: Option<UserName>,
        /// Everybody
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// List the users: name, role, state, last sign-in
    List,
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
    let (console, granted) = state::open(configuration, clock).await?;
    let outcome = async {
        // A name that is no good is said before anybody types a password for it.
        check_name(&command, &console, &granted).await?;
        let password = match &command {
            UserCommand::Add { name, password, .. } | UserCommand::Passwd { name, password } => {
                Some(password.read(name)?)
            }
            _ => None,
        };
        change(command, password, &console, &granted).await
    }
    .await;
    console.close().await;
    outcome
}

/// Whether there is a user whose password can be changed, or none where one is added.
async fn check_name(command: &UserCommand, console: &Console, granted: &Granted) -> Result<(), Failure> {
    let (UserCommand::Add { name, .. } | UserCommand::Passwd { name, .. }) = command else {
        return Ok(());
    };
    let users = console.users(granted).await.map_err(Failure::refused)?;
    match (command, users.iter().any(|user| user.name == *name)) {
        (UserCommand::Add { .. }, true) => Err(explained(ChangeRefused::NameTaken, name)),
        (UserCommand::Passwd { .. }, false) => {
            Err(explained(ChangeRefused::Unknown(format!("user {name}")), name))
        }
        _ => Ok(()),
    }
}

async fn change(
    command: UserCommand,
    password: Option<SecretString>,
    console: &Console,
    granted: &Granted,
) -> Result<(), Failure> {
    let password = password.unwrap_or_default();
    match command {
        UserCommand::Add { name, role, .. } => {
            console
                .add_user(granted, name.clone(), role, &password)
                .await
                .map_err(|error| explained(error, &name))?;
            println!("Added {name} as {role}.");
        }
        UserCommand::Invite { name, role } => {
            let token = console
                .invite_user(granted, name.clone(), role)
                .await
                .map_err(|error| explained(error, &name))?;
            eprintln!("{name} is invited as {role}. The link can be used once, within 72 hours:");
            println!("{}/setup?token={}", console.public_address(), token.expose());
        }
        UserCommand::Passwd { name, .. } => {
            console
                .set_password(granted, &name, &password)
                .await
                .map_err(|error| explained(error, &name))?;
            println!("{name} has a new password; all of {name}'s sessions have ended.");
        }
        UserCommand::Reset { name } => {
            let token = console
                .reset_password(granted, &name)
                .await
                .map_err(|error| explained(error, &name))?;
            eprintln!("{name} cannot sign in any more. The link can be used once, within 24 hours:");
            println!("{}/setup?token={}", console.public_address(), token.expose());
        }
        UserCommand::Role { name, role } => {
            console
                .change_role(granted, &name, role)
                .await
                .map_err(|error| explained(error, &name))?;
            println!("{name} is {role} now; all of {name}'s sessions have ended.");
        }
        UserCommand::Disable { name } => {
            console
                .disable_user(granted, &name)
                .await
                .map_err(|error| explained(error, &name))?;
            println!("{name} is disabled; all of {name}'s sessions have ended.");
        }
        UserCommand::Enable { name } => {
            console
                .enable_user(granted, &name)
                .await
                .map_err(|error| explained(error, &name))?;
            println!("{name} can sign in again.");
        }
        UserCommand::SignOut { name: None, .. } => {
            let ended = console
                .end_everyones_sessions(granted, &Client::default(), &SecretString::default())
                .await
                .map_err(Failure::refused)?;
            println!("{ended} sessions have ended, everybody's.");
        }
        UserCommand::SignOut { name: Some(name), .. } => {
            console
                .end_user_sessions(granted, &name)
                .await
                .map_err(|error| explained(error, &name))?;
            println!("All of {name}'s sessions have ended.");
        }
        UserCommand::List => {
            for user in console.users(granted).await.map_err(Failure::refused)? {
                let signed_in = user
                    .signed_in_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string());
                println!(
                    "{:<24} {:<9} {:<17} last signed in {signed_in}",
                    user.name.as_str(),
                    user.role.as_str(),
                    user.state.label(),
                );
            }
        }
    }
    Ok(())
}

/// The refusal, and what would be right.
fn explained(error: ChangeRefused, name: &UserName) -> Failure {
    Failure::Refused(match error {
        ChangeRefused::NameTaken => {
            format!("there is a user {name} already; for a new password: tidemark user passwd {name}")
        }
        ChangeRefused::Unknown(_) => {
            format!("there is no user {name}; to add one: tidemark user add {name} --role ROLE")
        }
        ChangeRefused::LastAdministrator => format!(
            "{name} is the last administrator who can sign in; make somebody else one first: tidemark user role NAME admin"
        ),
        other => other.to_string(),
    })
}

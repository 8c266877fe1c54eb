//! What administrators do to users.

use domain::account::{User, UserName};
use domain::audit::Action;
use domain::role::{Permission, Role};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;

use super::{ChangeRefused, require};
use crate::audit::{Entry, Intent};
use crate::auth::{Granted, Principal, check_new_password};
use crate::console::Console;
use crate::random::SecretToken;
use crate::state::known_browsers::forget_browsers;
use crate::state::links::{put_link, remove_link};
use crate::state::sessions::end_sessions;
use crate::state::users::{
    count_active_administrators, find_user, insert_user, lock_roster, set_disabled, set_password, set_role,
};
use crate::state::{LinkPurpose, NewUser, StateError, StoredUser};

/// How long an invitation can be used.
const INVITATION_HOURS: i64 = 72;
/// How long a reset can be used.
const RESET_HOURS: i64 = 24;

fn unknown(name: &UserName) -> ChangeRefused {
    ChangeRefused::Unknown(format!("user {name}"))
}

/// One does not lock oneself out.
fn not_oneself(granted: &Granted, name: &UserName) -> Result<(), ChangeRefused> {
    match &granted.caller().principal {
        Principal::User(user) if user.account.name == *name => Err(ChangeRefused::OwnAccount),
        _ => Ok(()),
    }
}

/// Somebody must be left who can manage users. Comes after the change, in its transaction, under the roster's lock.
async fn keep_an_administrator(connection: &mut AnyConnection) -> Result<(), ChangeRefused> {
    if count_active_administrators(connection).await? == 0 {
        return Err(ChangeRefused::LastAdministrator);
    }
    Ok(())
}

/// The sessions of somebody who may do something else now are over, and so are the browsers and links that lead back.
async fn end_access(connection: &mut AnyConnection, user_id: i64) -> Result<(), StateError> {
    end_sessions(connection, user_id).await?;
    forget_browsers(connection, user_id).await?;
    remove_link(connection, user_id).await
}

impl Console {
    /// Every user, by name.
    pub async fn users(&self, granted: &Granted) -> Result<Vec<User>, ChangeRefused> {
        require(granted, Permission::ManageUsers)?;
        self.note_read(granted, "users", "");
        Ok(self.state.users(self.clock.now()).await?)
    }

    /// One user.
    pub async fn managed_user(&self, granted: &Granted, name: &UserName) -> Result<User, ChangeRefused> {
        require(granted, Permission::ManageUsers)?;
        self.note_read(granted, &format!("user {name}"), "");
        self.state
            .users(self.clock.now())
            .await?
            .into_iter()
            .find(|user| user.name == *name)
            .ok_or_else(|| unknown(name))
    }

    /// Begins a change of a user: the intent is in the audit trail from here on.
    async fn intend_for(
        &self,
        granted: &Granted,
        action: Action,
        name: &UserName,
        describe: impl FnOnce(Entry) -> Entry,
    ) -> Result<Intent, ChangeRefused> {
        require(granted, Permission::ManageUsers)?;
        let entry = Entry::of(granted.caller(), action).on(format!("user {name}"));
        Ok(self.intend(describe(entry)).await?)
    }

    /// Adds a user with a password.
    pub async fn add_user(
        &self,
        granted: &Granted,
        name: UserName,
        role: Role,
        password: &SecretString,
    ) -> Result<(), ChangeRefused> {
        require(granted, Permission::ManageUsers)?;
        check_new_password(&name, password.expose_secret())?;
        let hash = self
            .hasher
            .hash(password)
            .await
            .map_err(crate::auth::SessionFailed::from)?;
        let intent = self
            .intend_for(granted, Action::AddUser, &name, |entry| {
                entry.after("role", role.as_str())
            })
            .await?;
        let user = NewUser {
            name,
            role,
            password_hash: Some(hash),
        };
        let change = async {
            let mut transaction = self.state.begin().await?;
            insert_user(&mut transaction, &user, self.clock.now())
                .await?
                .ok_or(ChangeRefused::NameTaken)?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Adds a user without a password; returns the token of the link with which the user chooses one.
    pub async fn invite_user(
        &self,
        granted: &Granted,
        name: UserName,
        role: Role,
    ) -> Result<SecretToken, ChangeRefused> {
        let intent = self
            .intend_for(granted, Action::InviteUser, &name, |entry| {
                entry.after("role", role.as_str())
            })
            .await?;
        let token = SecretToken::generate().map_err(crate::auth::SessionFailed::from)?;
        let user = NewUser {
            name,
            role,
            password_hash: None,
        };
        let change = async {
            let now = self.clock.now();
            let mut transaction = self.state.begin().await?;
            let id = insert_user(&mut transaction, &user, now)
                .await?
                .ok_or(ChangeRefused::NameTaken)?;
            let until = hours_from(now, INVITATION_HOURS);
            put_link(
                &mut transaction,
                id,
                &token.digest(),
                LinkPurpose::Invitation,
                until,
            )
            .await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await?;
        Ok(token)
    }

    /// Gives a user another role and ends the user's sessions.
    pub async fn change_role(
        &self,
        granted: &Granted,
        name: &UserName,
        role: Role,
    ) -> Result<(), ChangeRefused> {
        let old = self.state.find_user(name).await?.map(|user| user.account.role);
        let intent = self
            .intend_for(granted, Action::ChangeRole, name, |entry| {
                let entry = entry.after("role", role.as_str());
                match old {
                    Some(old) => entry.before("role", old.as_str()),
                    None => entry,
                }
            })
            .await?;
        let change = async {
            let mut transaction = self.state.begin().await?;
            let user = locked(&mut transaction, name).await?;
            if user.account.role == role {
                return Err(ChangeRefused::Already(role.to_string()));
            }
            set_role(&mut transaction, user.id, role).await?;
            end_sessions(&mut transaction, user.id).await?;
            // A link that was passed on for the old role must not open the new one.
            remove_link(&mut transaction, user.id).await?;
            if user.account.role == Role::Admin {
                keep_an_administrator(&mut transaction).await?;
            }
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Shuts a user out at once.
    pub async fn disable_user(&self, granted: &Granted, name: &UserName) -> Result<(), ChangeRefused> {
        let intent = self
            .intend_for(granted, Action::DisableUser, name, |entry| {
                entry.before("disabled", "no").after("disabled", "yes")
            })
            .await?;
        let change = async {
            not_oneself(granted, name)?;
            let mut transaction = self.state.begin().await?;
            let user = locked(&mut transaction, name).await?;
            if user.disabled_at.is_some() {
                return Err(ChangeRefused::Already("disabled".to_owned()));
            }
            set_disabled(&mut transaction, user.id, Some(self.clock.now())).await?;
            end_access(&mut transaction, user.id).await?;
            if user.account.role == Role::Admin {
                keep_an_administrator(&mut transaction).await?;
            }
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Lets a disabled user in again.
    pub async fn enable_user(&self, granted: &Granted, name: &UserName) -> Result<(), ChangeRefused> {
        let intent = self
            .intend_for(granted, Action::EnableUser, name, |entry| {
                entry.before("disabled", "yes").after("disabled", "no")
            })
            .await?;
        let change = async {
            let mut transaction = self.state.begin().await?;
            let user = locked(&mut transaction, name).await?;
            if user.disabled_at.is_none() {
                return Err(ChangeRefused::Already("enabled".to_owned()));
            }
            set_disabled(&mut transaction, user.id, None).await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Signs a user out everywhere.
    pub async fn end_user_sessions(&self, granted: &Granted, name: &UserName) -> Result<(), ChangeRefused> {
        let intent = self
            .intend_for(granted, Action::EndAllSessions, name, |entry| entry)
            .await?;
        let change = async {
            let mut transaction = self.state.begin().await?;
            let user = find_user(&mut transaction, name)
                .await?
                .ok_or_else(|| unknown(name))?;
            end_sessions(&mut transaction, user.id).await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Takes a user's password away and ends the user's sessions; returns the token of the link with which the user
    /// chooses another. For an invited user this replaces the invitation.
    pub async fn reset_password(
        &self,
        granted: &Granted,
        name: &UserName,
    ) -> Result<SecretToken, ChangeRefused> {
        let intent = self
            .intend_for(granted, Action::ResetPassword, name, |entry| entry)
            .await?;
        let token = SecretToken::generate().map_err(crate::auth::SessionFailed::from)?;
        let change = async {
            not_oneself(granted, name)?;
            let now = self.clock.now();
            let mut transaction = self.state.begin().await?;
            let user = locked(&mut transaction, name).await?;
            if user.disabled_at.is_some() {
                return Err(ChangeRefused::Already("disabled".to_owned()));
            }
            let had_password = user.password_hash.is_some();
            if had_password {
                set_password(&mut transaction, user.id, None, now).await?;
            }
            end_access(&mut transaction, user.id).await?;
            let purpose = if had_password {
                LinkPurpose::Reset
            } else {
                LinkPurpose::Invitation
            };
            let until = hours_from(now, RESET_HOURS);
            put_link(&mut transaction, user.id, &token.digest(), purpose, until).await?;
            if user.account.role == Role::Admin && had_password {
                keep_an_administrator(&mut transaction).await?;
            }
            Ok(transaction)
        };
        self.conclude(intent, change.await).await?;
        Ok(token)
    }

    /// Gives a user this password and ends the user's sessions. For the command line.
    pub async fn set_password(
        &self,
        granted: &Granted,
        name: &UserName,
        password: &SecretString,
    ) -> Result<(), ChangeRefused> {
        require(granted, Permission::ManageUsers)?;
        check_new_password(name, password.expose_secret())?;
        let hash = self
            .hasher
            .hash(password)
            .await
            .map_err(crate::auth::SessionFailed::from)?;
        let intent = self
            .intend_for(granted, Action::SetPassword, name, |entry| entry)
            .await?;
        let change = async {
            let mut transaction = self.state.begin().await?;
            let user = locked(&mut transaction, name).await?;
            set_password(&mut transaction, user.id, Some(&hash), self.clock.now()).await?;
            end_access(&mut transaction, user.id).await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Commits a change together with its outcome, or writes down why there is none.
    pub(super) async fn conclude(
        &self,
        intent: Intent,
        change: Result<sqlx::Transaction<'_, sqlx::Any>, ChangeRefused>,
    ) -> Result<(), ChangeRefused> {
        match change {
            Ok(mut transaction) => {
                let committed = async {
                    intent.succeed(&mut transaction, self.clock.now()).await?;
                    transaction.commit().await.map_err(StateError::from)
                };
                match committed.await {
                    Ok(()) => intent.announce(),
                    Err(error) => {
                        intent.fail(self, &error).await;
                        return Err(error.into());
                    }
                }
                Ok(())
            }
            Err(refused) => {
                intent.fail(self, &refused).await;
                Err(refused)
            }
        }
    }
}

/// The user, while nobody else changes who is an administrator.
async fn locked(connection: &mut AnyConnection, name: &UserName) -> Result<StoredUser, ChangeRefused> {
    lock_roster(connection).await?;
    find_user(connection, name).await?.ok_or_else(|| unknown(name))
}

pub(super) fn hours_from(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(hours))
        .unwrap_or(Timestamp::MAX)
}

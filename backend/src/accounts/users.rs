//! What administrators do to users.

use domain::account::{ManagedUser, User, UserName, UserState};
use domain::audit::Action;
use domain::role::{Permission, Role};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;

use super::ChangeRefused;
use crate::audit::{Entry, Intent};
use crate::auth::{Client, Granted, Principal, WrongGrant, check_new_password, still_grants};
use crate::console::Console;
use crate::random::SecretToken;
use crate::state::known_browsers::forget_browsers;
use crate::state::links::{put_link, remove_link};
use crate::state::sessions::{end_everyones_sessions, end_sessions};
use crate::state::users::{
    count_active_administrators, find_user, insert_user, lock_roster, set_disabled, set_password, set_role,
};
use crate::state::{LinkPurpose, NewUser, StateError, StoredUser};

/// How long an invitation can be used, in hours.
pub const INVITATION_HOURS: u32 = 72;
/// How long a reset can be used, in hours.
pub const RESET_HOURS: u32 = 24;

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
        granted.require(Permission::ManageUsers)?;
        self.note_read(granted, "users", "");
        Ok(self.state.users(self.clock.now()).await?)
    }

    /// One user, and what of what administrators do would be refused.
    pub async fn managed_user(
        &self,
        granted: &Granted,
        name: &UserName,
    ) -> Result<ManagedUser, ChangeRefused> {
        granted.require(Permission::ManageUsers)?;
        let users = self.state.users(self.clock.now()).await?;
        let can_administer = |user: &User| user.role == Role::Admin && user.state == UserState::Active;
        let administrators = users.iter().filter(|user| can_administer(user)).count();
        let user = users
            .into_iter()
            .find(|user| user.name == *name)
            .ok_or_else(|| unknown(name))?;
        self.note_read(granted, &format!("user {name}"), "");
        Ok(ManagedUser {
            is_oneself: not_oneself(granted, name).is_err(),
            is_last_administrator: administrators == 1 && can_administer(&user),
            user,
        })
    }

    /// Begins a change of a user: the intent is in the audit trail from here on.
    async fn intend_for(
        &self,
        granted: &Granted,
        action: Action,
        name: &UserName,
        describe: impl FnOnce(Entry) -> Entry,
    ) -> Result<Intent, ChangeRefused> {
        granted.require(Permission::ManageUsers)?;
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
        granted.require(Permission::ManageUsers)?;
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
            self.lock_accounts(&mut transaction, granted).await?;
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
            self.lock_accounts(&mut transaction, granted).await?;
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
            let user = self.locked(&mut transaction, granted, name).await?;
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
            let user = self.locked(&mut transaction, granted, name).await?;
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
            let user = self.locked(&mut transaction, granted, name).await?;
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
            // One's own end with one's password.
            not_oneself(granted, name)?;
            let mut transaction = self.state.begin().await?;
            let user = self.locked(&mut transaction, granted, name).await?;
            end_sessions(&mut transaction, user.id).await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Signs everybody out everywhere, whoever asks too; returns how many sessions that were. A person is asked for the
    /// password.
    pub async fn end_everyones_sessions(
        &self,
        granted: &Granted,
        client: &Client,
        password: &SecretString,
    ) -> Result<u64, ChangeRefused> {
        granted.require(Permission::ManageUsers)?;
        let entry = Entry::of(granted.caller(), Action::EndAllSessions).on("everybody");
        if let Some(user) = granted.user() {
            self.demand_password(user, client, password, &entry).await?;
        }
        let intent = self.intend(entry).await?;
        let mut ended = 0;
        let change = async {
            let mut transaction = self.state.begin().await?;
            self.lock_accounts(&mut transaction, granted).await?;
            ended = end_everyones_sessions(&mut transaction).await?;
            Ok(transaction)
        };
        let change = change.await;
        self.conclude(intent, change).await?;
        Ok(ended)
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
            let user = self.locked(&mut transaction, granted, name).await?;
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
        granted.require(Permission::ManageUsers)?;
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
            let user = self.locked(&mut transaction, granted, name).await?;
            set_password(&mut transaction, user.id, Some(&hash), self.clock.now()).await?;
            end_access(&mut transaction, user.id).await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Waits until no other change of users and tokens is under way, and asks again for the grant: whoever was demoted
    /// or signed out meanwhile changes nothing any more.
    pub(super) async fn lock_accounts(
        &self,
        connection: &mut AnyConnection,
        granted: &Granted,
    ) -> Result<(), ChangeRefused> {
        lock_roster(connection).await?;
        if still_grants(connection, granted, self.clock.now()).await? {
            Ok(())
        } else {
            Err(WrongGrant(granted.permission()).into())
        }
    }

    /// The user, while nobody else changes who is an administrator.
    async fn locked(
        &self,
        connection: &mut AnyConnection,
        granted: &Granted,
        name: &UserName,
    ) -> Result<StoredUser, ChangeRefused> {
        self.lock_accounts(connection, granted).await?;
        find_user(connection, name).await?.ok_or_else(|| unknown(name))
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

pub(super) fn hours_from(now: Timestamp, hours: u32) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(hours.into()))
        .unwrap_or(Timestamp::MAX)
}

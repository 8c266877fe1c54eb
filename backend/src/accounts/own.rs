//! What people do to their own account.

use domain::account::OpenSession;
use domain::audit::{Action, Outcome};
use domain::role::Permission;
use secrecy::{ExposeSecret, SecretString};
use tower_sessions_core::Session;

use super::ChangeRefused;
use crate::audit::Entry;
use crate::auth::{
    Client, Granted, PasswordHash, SessionFailed, SignedIn, SignedInAs, WrongGrant, check_new_password,
    still_grants,
};
use crate::console::Console;
use crate::state::known_browsers::forget_browsers;
use crate::state::sessions::{end_session, end_sessions};
use crate::state::users::replace_password;

/// A token has no account; the command line neither.
fn oneself(granted: &Granted) -> Result<&SignedIn, ChangeRefused> {
    granted.require(Permission::ManageOwnAccount)?;
    granted
        .user()
        .ok_or_else(|| ChangeRefused::Unknown("account behind this token".to_owned()))
}

impl Console {
    /// The sessions one has open.
    pub async fn own_sessions(&self, granted: &Granted) -> Result<Vec<OpenSession>, ChangeRefused> {
        let user = oneself(granted)?;
        Ok(self
            .state
            .open_sessions(user.user_id, Some(user.session.as_str()), self.clock.now())
            .await?)
    }

    /// The hash of the password that is asked for again; a wrong one is written down.
    pub(super) async fn demand_password(
        &self,
        user: &SignedIn,
        client: &Client,
        password: &SecretString,
        entry: &Entry,
    ) -> Result<PasswordHash, ChangeRefused> {
        if let Some(hash) = self.check_own_password(client, user, password).await? {
            return Ok(hash);
        }
        self.record(entry.clone(), Outcome::Failed, "the password is wrong")
            .await?;
        Err(ChangeRefused::WrongPassword)
    }

    /// Ends one of one's own sessions. Asks for the password: a session somebody else got hold of must not end the
    /// others.
    pub async fn end_own_session(
        &self,
        granted: &Granted,
        client: &Client,
        password: &SecretString,
        id: i64,
    ) -> Result<(), ChangeRefused> {
        let user = oneself(granted)?;
        let entry = Entry::of(granted.caller(), Action::EndSession).on(format!("session {id}"));
        self.demand_password(user, client, password, &entry).await?;
        let intent = self.intend(entry).await?;
        let change = async {
            let mut transaction = self.state.begin().await?;
            if !end_session(&mut transaction, user.user_id, id).await? {
                return Err(ChangeRefused::Unknown(format!("session {id} of yours")));
            }
            Ok(transaction)
        };
        self.conclude(intent, change.await).await
    }

    /// Signs out everywhere, here too. Asks for the password.
    pub async fn end_all_own_sessions(
        &self,
        granted: &Granted,
        client: &Client,
        password: &SecretString,
        session: &Session,
    ) -> Result<(), ChangeRefused> {
        let user = oneself(granted)?;
        let entry = Entry::of(granted.caller(), Action::EndAllSessions);
        self.demand_password(user, client, password, &entry).await?;
        let intent = self.intend(entry).await?;
        let change = async {
            let mut transaction = self.state.begin().await?;
            end_sessions(&mut transaction, user.user_id).await?;
            Ok(transaction)
        };
        self.conclude(intent, change.await).await?;
        session.flush().await.map_err(SessionFailed::from)?;
        Ok(())
    }

    /// Changes one's own password. Every other session ends, and this one goes on under a new id. A wrong old
    /// password is paid from the same budget as a sign-in: a borrowed session must not become a way to guess it.
    pub async fn change_own_password(
        &self,
        granted: &Granted,
        session: &Session,
        client: &Client,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<SignedInAs, ChangeRefused> {
        let user = oneself(granted)?;
        let account = user.account.clone();
        check_new_password(&account.name, new.expose_secret())?;
        let entry = Entry::of(granted.caller(), Action::ChangePassword).on(format!("user {}", account.name));
        let old_hash = self.demand_password(user, client, old, &entry).await?;
        let hash = self.hasher.hash(new).await.map_err(SessionFailed::from)?;
        let intent = self.intend(entry).await?;
        let now = self.clock.now();
        let mut epoch = 0;
        let change = async {
            let mut transaction = self.state.begin().await?;
            // An administrator who reset it meanwhile has the last word.
            if !replace_password(&mut transaction, user.user_id, &old_hash, &hash, now).await? {
                return Err(ChangeRefused::WrongPassword);
            }
            // So has one who signed this person out or disabled them. The user's row is held: nobody does it now.
            if !still_grants(&mut transaction, granted, now).await? {
                return Err(WrongGrant(granted.permission()).into());
            }
            epoch = end_sessions(&mut transaction, user.user_id).await?;
            forget_browsers(&mut transaction, user.user_id).await?;
            Ok(transaction)
        };
        let change = change.await;
        self.conclude(intent, change).await?;
        Ok(self
            .complete_sign_in(session, client, (user.user_id, account, epoch), None)
            .await?)
    }
}

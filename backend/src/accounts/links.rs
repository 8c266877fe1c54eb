//! One-time links: the first administrator's, invitations and resets. All of them lead to `/setup`.

use domain::account::{Account, UserName};
use domain::audit::{Action, Outcome};
use domain::role::Role;
use secrecy::{ExposeSecret, SecretString};
use tower_sessions_core::Session;

use super::ChangeRefused;
use super::users::hours_from;
use crate::audit::Entry;
use crate::auth::{Client, SessionFailed, SignedInAs, Way, anonymous, check_new_password};
use crate::console::Console;
use crate::random::{NoRandomness, SecretToken, digest};
use crate::state::links::use_link;
use crate::state::sessions::end_sessions;
use crate::state::setup::use_setup_link;
use crate::state::users::{insert_user, set_password};
use crate::state::{LinkPurpose, NewUser, StateError};

/// How long the first administrator's link can be used.
const SETUP_LINK_HOURS: u32 = 24;

/// What a link's token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenLink {
    /// Name and password of the first administrator.
    FirstAdministrator,
    /// A first password for this user.
    Invitation(Account),
    /// Another password for this user.
    Reset(Account),
}

/// A setup link could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupLinkFailed {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Console {
    /// A new setup link's token; `None` when there is a user already.
    pub async fn new_setup_token(&self) -> Result<Option<SecretToken>, SetupLinkFailed> {
        let token = SecretToken::generate()?;
        let until = hours_from(self.clock.now(), SETUP_LINK_HOURS);
        Ok(self
            .state
            .put_setup_link(&token.digest(), until)
            .await?
            .then_some(token))
    }

    /// What a link's token opens now; `None` where it opens nothing (any more).
    pub async fn open_link(&self, token: &str) -> Result<Option<OpenLink>, StateError> {
        let (digest, now) = (digest(token), self.clock.now());
        if self.state.has_setup_link(&digest, now).await? {
            return Ok(Some(OpenLink::FirstAdministrator));
        }
        Ok(self
            .state
            .password_link(&digest, now)
            .await?
            .map(|link| match link.purpose {
                LinkPurpose::Invitation => OpenLink::Invitation(link.account),
                LinkPurpose::Reset => OpenLink::Reset(link.account),
            }))
    }

    /// Counted: anybody can try links.
    fn note_invalid_link(&self, client: &Client) {
        let entry = Entry::of(&anonymous(client), Action::UseLink);
        self.reads.note(entry, Outcome::Refused, self.clock.now());
    }

    /// Creates the first administrator with a setup link and signs the session in.
    pub async fn set_up(
        &self,
        session: &Session,
        client: &Client,
        token: &str,
        name: &str,
        password: &SecretString,
    ) -> Result<SignedInAs, ChangeRefused> {
        // Before anything costly: without the link nobody makes the console hash.
        if self.open_link(token).await? != Some(OpenLink::FirstAdministrator) {
            self.note_invalid_link(client);
            return Err(ChangeRefused::LinkInvalid);
        }
        let name: UserName = name.parse()?;
        check_new_password(&name, password.expose_secret())?;
        self.pay_for_link(client, &digest(token)).await?;
        let hash = self.hasher.hash(password).await.map_err(SessionFailed::from)?;
        let entry = Entry::of(&anonymous(client), Action::SetUp)
            .by(name.as_str())
            .on(format!("user {name}"))
            .after("role", Role::Admin.as_str());
        let intent = self.intend(entry).await?;
        let user = NewUser {
            name: name.clone(),
            role: Role::Admin,
            password_hash: Some(hash),
        };
        let mut id = None;
        let now = self.clock.now();
        let change = async {
            let mut transaction = self.state.begin().await?;
            if !use_setup_link(&mut transaction, &digest(token), now).await? {
                return Err(ChangeRefused::LinkInvalid);
            }
            let inserted = insert_user(&mut transaction, &user, now).await?;
            id = Some(inserted.ok_or(ChangeRefused::NameTaken)?);
            Ok(transaction)
        };
        let change = change.await;
        self.conclude(intent, change).await?;
        let id = id.ok_or(ChangeRefused::NameTaken)?;
        let account = Account {
            name,
            role: Role::Admin,
        };
        Ok(self
            .complete_sign_in(session, client, (id, account, 0), Some(Way::Link))
            .await?)
    }

    /// Chooses a password with an invitation or a reset, and signs the session in.
    pub async fn use_password_link(
        &self,
        session: &Session,
        client: &Client,
        token: &str,
        password: &SecretString,
    ) -> Result<SignedInAs, ChangeRefused> {
        let digest = digest(token);
        let Some(link) = self.state.password_link(&digest, self.clock.now()).await? else {
            self.note_invalid_link(client);
            return Err(ChangeRefused::LinkInvalid);
        };
        let account = link.account;
        check_new_password(&account.name, password.expose_secret())?;
        self.pay_for_link(client, &digest).await?;
        let hash = self.hasher.hash(password).await.map_err(SessionFailed::from)?;
        let entry = Entry::of(&anonymous(client), Action::UseLink)
            .by(account.name.as_str())
            .on(format!("user {}", account.name))
            .after("link", link.purpose.as_str());
        let intent = self.intend(entry).await?;
        let now = self.clock.now();
        let mut epoch = 0;
        let change = async {
            let mut transaction = self.state.begin().await?;
            // The user first, as everywhere: two changes that wait for each other's row would never end.
            set_password(&mut transaction, link.user_id, Some(&hash), now).await?;
            if !use_link(&mut transaction, &digest, now).await? {
                return Err(ChangeRefused::LinkInvalid);
            }
            epoch = end_sessions(&mut transaction, link.user_id).await?;
            Ok(transaction)
        };
        let change = change.await;
        self.conclude(intent, change).await?;
        Ok(self
            .complete_sign_in(session, client, (link.user_id, account, epoch), Some(Way::Link))
            .await?)
    }
}

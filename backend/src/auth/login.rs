//! Signing in.
//!
//! The order matters. First the queue and the budgets, then the look-up, then the hash: an attempt beyond the budget
//! costs nothing and learns nothing. A budget is kept for the address and for the submitted name, whether there is
//! such a user or not. A browser that has signed in as this name before has a budget of its own instead, so that an
//! attack from elsewhere never locks its owner out (OWASP's device cookie).

use std::net::{IpAddr, Ipv6Addr};

use domain::account::{Account, UserName};
use domain::audit::{Action, ActorKind, Outcome};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tower_sessions_core::Session;

use super::session::{Client, begin};
use super::{Caller, PasswordHash, Principal, SessionFailed, SignedIn};
use crate::audit::Entry;
use crate::console::Console;
use crate::random::{SecretToken, digest};
use crate::state::sessions::keep_newest_sessions;
use crate::state::{Budget, StateError, StoredUser};

/// For everybody behind one address: thirty at once, then one every two seconds.
const ADDRESS: Budget = Budget {
    attempts: 30,
    each_ms: 2_000,
};
/// For one name from browsers it is not known in: ten at once, then one every half minute.
const NAME: Budget = Budget {
    attempts: 10,
    each_ms: 30_000,
};
/// For one name in a browser it is known in.
const BROWSER: Budget = NAME;
/// So many sessions one account has at a time; the one used longest ago makes room for another.
const SESSIONS_AT_ONCE: i64 = 50;
/// How long a browser stays known after signing in.
pub const BROWSER_KNOWN_DAYS: i64 = 180;
/// The cookie by which a browser that has signed in before is known.
pub const BROWSER_COOKIE: &str = "__Host-tidemark-browser";
/// When the hashing queue is full, it is worth trying again after this.
const BUSY_SECONDS: u64 = 2;

/// Why somebody could not sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// No such user, wrong password, or disabled: the answer is the same, so that names can't be found out.
    #[error("name or password is wrong")]
    WrongCredentials,
    /// Too many attempts.
    #[error("too many attempts; try again in {retry_after_s} s")]
    TooManyAttempts {
        /// Seconds until another attempt is allowed.
        retry_after_s: u64,
    },
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] SessionFailed),
}

impl From<StateError> for SignInRefused {
    fn from(error: StateError) -> Self {
        Self::Failed(error.into())
    }
}

/// Somebody has signed in.
#[derive(Debug)]
pub struct SignedInAs {
    /// Name and role.
    pub account: Account,
    /// The token by which this browser is known from now on.
    pub browser_token: SecretToken,
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With name and password.
    Password,
    /// With a one-time link, choosing a password.
    Link,
}

impl Way {
    fn as_str(self) -> &'static str {
        match self {
            Self::Password => "",
            Self::Link => "with a one-time link",
        }
    }
}

/// The budgets an attempt is paid from.
struct Payment(Vec<(String, Budget)>);

/// The part of an address that one customer has: all of it, or the first 64 bits.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let bits = u128::from(v6) & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from(bits))
        }
        _ => address.to_owned(),
    }
}

/// What a submitted name is counted under. A digest: people type passwords into the wrong field.
fn name_key(name: &str) -> String {
    digest(&name.trim().to_ascii_lowercase())
}

impl Console {
    /// Signs in: on success the session has a new id and belongs to the user.
    pub async fn sign_in(
        &self,
        session: &Session,
        client: &Client,
        name: &str,
        password: &SecretString,
    ) -> Result<SignedInAs, SignInRefused> {
        let now = self.clock.now();
        let parsed = name.parse::<UserName>().ok();
        let known = match (&client.browser_token, &parsed) {
            (Some(token), Some(name)) => self.state.known_browser(&digest(token), name, now).await?,
            _ => None,
        };
        // A known browser waits its turn even in a flood.
        let queue = self.hasher.queue();
        if queue.is_none() && known.is_none() {
            self.note_limited(client, now);
            return Err(SignInRefused::TooManyAttempts {
                retry_after_s: BUSY_SECONDS,
            });
        }
        let budgets = match known {
            Some(id) => vec![(format!("browser:{id}"), BROWSER)],
            None => vec![
                (format!("address:{}", network(&client.address)), ADDRESS),
                (format!("name:{}", name_key(name)), NAME),
            ],
        };
        let payment = self.pay(budgets, client, now).await?;

        // A name that cannot exist goes the same way as one that does not.
        let user = match &parsed {
            Some(name) => self.state.find_user(name).await?,
            None => None,
        };
        let verification = self
            .hasher
            .verify(
                password,
                user.as_ref().and_then(|user| user.password_hash.as_ref()),
            )
            .await
            .map_err(SessionFailed::from)?;
        drop(queue);
        let Some(user) = user
            .clone()
            .filter(|user| verification.fits && user.disabled_at.is_none())
        else {
            self.record_failure(client, user.as_ref(), verification.fits)
                .await?;
            return Err(SignInRefused::WrongCredentials);
        };
        for (key, budget) in &payment.0 {
            self.state.return_attempt(key, *budget).await?;
        }
        if verification.is_outdated {
            self.renew_hash(&user, password).await?;
        }
        let epoch = user.sessions_epoch;
        self.complete_sign_in(
            session,
            client,
            (user.id, user.account, epoch),
            Some(Way::Password),
        )
        .await
        .map_err(SignInRefused::Failed)
    }

    /// The hash of this password where it is that of somebody who is signed in. Paid for like a sign-in, from a budget
    /// of this session's own: neither an attack on the name nor another session of the same user, which may be in other
    /// hands, keeps its owner from it.
    pub(crate) async fn check_own_password(
        &self,
        client: &Client,
        user: &SignedIn,
        password: &SecretString,
    ) -> Result<Option<PasswordHash>, SignInRefused> {
        let budgets = vec![(format!("session:{}", user.session.as_str()), NAME)];
        let payment = self.pay(budgets, client, self.clock.now()).await?;
        let user = self.state.user(user.user_id).await?;
        let verification = self
            .hasher
            .verify(
                password,
                user.as_ref().and_then(|user| user.password_hash.as_ref()),
            )
            .await
            .map_err(SessionFailed::from)?;
        if !verification.fits {
            return Ok(None);
        }
        for (key, budget) in &payment.0 {
            self.state.return_attempt(key, *budget).await?;
        }
        Ok(user.and_then(|user| user.password_hash))
    }

    /// Counted, not one row each: there is no end to these.
    fn note_limited(&self, client: &Client, now: Timestamp) {
        let entry = Entry::of(&anonymous(client), Action::SignInLimited);
        self.reads.note(entry, Outcome::Refused, now);
    }

    /// Takes an attempt from each budget, until one of them is spent.
    async fn pay(
        &self,
        budgets: Vec<(String, Budget)>,
        client: &Client,
        now: Timestamp,
    ) -> Result<Payment, SignInRefused> {
        let mut paid = Vec::new();
        for (key, budget) in budgets {
            match self.state.take_attempt(&key, budget, now).await? {
                Ok(()) => paid.push((key, budget)),
                // What was paid before stays paid: hammering a name that is spent is paid for by the address.
                Err(spent) => {
                    self.note_limited(client, now);
                    let wait_ms = (spent.retry_at.as_millisecond() - now.as_millisecond()).max(1);
                    return Err(SignInRefused::TooManyAttempts {
                        retry_after_s: u64::try_from(wait_ms).unwrap_or(1).div_ceil(1000),
                    });
                }
            }
        }
        Ok(Payment(paid))
    }

    async fn record_failure(
        &self,
        client: &Client,
        user: Option<&StoredUser>,
        fits: bool,
    ) -> Result<(), StateError> {
        let mut entry = Entry::of(&anonymous(client), Action::SignIn);
        let detail = match user {
            // A name nobody has may be a password in the wrong field: it is not written down.
            None => "no such user",
            Some(user) => {
                user.account.name.as_str().clone_into(&mut entry.actor);
                entry.actor_kind = ActorKind::Nobody;
                match (&user.password_hash, fits) {
                    (None, _) => "the user has no password yet",
                    (Some(_), true) => "the user is disabled",
                    (Some(_), false) => "wrong password",
                }
            }
        };
        self.record(entry, Outcome::Failed, detail).await
    }

    async fn renew_hash(&self, user: &StoredUser, password: &SecretString) -> Result<(), SessionFailed> {
        if let Some(old) = &user.password_hash {
            let new = self.hasher.hash(password).await?;
            self.state.rehash_password(user.id, old, &new).await?;
        }
        Ok(())
    }

    /// A link is worth one password; who has it must not make the console hash without end.
    pub(crate) async fn pay_for_link(
        &self,
        client: &Client,
        token_digest: &str,
    ) -> Result<(), SignInRefused> {
        let budgets = vec![(format!("link:{token_digest}"), NAME)];
        self.pay(budgets, client, self.clock.now()).await.map(drop)
    }

    /// The session begins, the browser is known, the audit trail says so where it is a sign-in.
    pub(crate) async fn complete_sign_in(
        &self,
        session: &Session,
        client: &Client,
        (user_id, account, epoch): (i64, Account, i64),
        way: Option<Way>,
    ) -> Result<SignedInAs, SessionFailed> {
        let now = self.clock.now();
        let browser_token = SecretToken::generate()?;
        let known_until = now
            .checked_add(SignedDuration::from_hours(24 * BROWSER_KNOWN_DAYS))
            .unwrap_or(Timestamp::MAX);
        let old = client.browser_token.as_deref().map(digest);
        self.state
            .remember_browser(user_id, old.as_deref(), &browser_token.digest(), known_until)
            .await?;
        self.state.note_sign_in(user_id, now).await?;
        keep_newest_sessions(
            &mut *self.state.connection().await?,
            user_id,
            SESSIONS_AT_ONCE - 1,
        )
        .await?;
        if let Some(way) = way {
            let entry = Entry::of(&anonymous(client), Action::SignIn).by(account.name.as_str());
            self.record(entry, Outcome::Succeeded, way.as_str()).await?;
        }
        // Last: where any of this fails, there is no session.
        begin(session, user_id, epoch, client, now).await?;
        Ok(SignedInAs {
            account,
            browser_token,
        })
    }

    /// Signs out.
    pub async fn sign_out(&self, caller: &Caller, session: &Session) -> Result<(), SessionFailed> {
        session.flush().await?;
        self.record(Entry::of(caller, Action::SignOut), Outcome::Succeeded, "")
            .await?;
        Ok(())
    }
}

/// Whoever it is, this far.
pub(crate) fn anonymous(client: &Client) -> Caller {
    Caller::new(Principal::Anonymous, client.address.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_customer_is_counted_by_network_and_an_ipv4_one_by_address() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::9"), "2001:db8:1:2::/64");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn a_name_is_counted_regardless_of_case_and_never_in_clear() {
        assert_eq!(name_key(" Anna "), name_key("anna"));
        assert!(!name_key("anna").contains("anna"));
    }
}

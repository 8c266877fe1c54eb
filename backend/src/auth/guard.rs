//! The guard: the only way to a [`Granted`], which backend functions demand as proof.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::account::Account;
use domain::audit::{Action, ActorKind, Outcome};
use domain::role::{Permission, PermissionSet};
use domain::token::TokenName;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::audit::Entry;
use crate::console::Console;
use crate::state::StateError;
use crate::state::sessions::open_account;
use crate::state::tokens::valid_token_of_id;

/// Whoever is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Nobody has signed in.
    Anonymous,
    /// A signed-in person.
    User(SignedIn),
    /// A program with a token.
    Token(TokenHolder),
    /// Whoever may start programs as the user that owns the console's state.
    CommandLine(CommandLine),
    /// The console itself, which does what its configuration says.
    Console(ConsoleItself),
}

/// Stands for the console itself; made by [`Granted::of_console_itself`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleItself(());

/// Stands for the command line; made by [`Granted::of_command_line`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine(());

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub(crate) user_id: i64,
    pub(crate) account: Account,
    pub(crate) session: SessionKey,
}

impl SignedIn {
    /// Name and role.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The session they asked in.
    pub fn session(&self) -> &SessionKey {
        &self.session
    }
}

/// What the state store calls a session: the SHA-256 of its id. Not printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    pub(crate) fn new(digest: String) -> Self {
        Self(digest)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// A program with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// The token's id.
    pub(crate) token_id: i64,
    /// The token's name.
    pub(crate) name: TokenName,
    /// What the token may do.
    pub(crate) permissions: PermissionSet,
}

/// Whoever is asking, and from where. One for a request: its clones share whether a refusal was written.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(crate) principal: Principal,
    /// The client's address, behind the trusted proxies; empty for the command line.
    pub address: String,
    /// A page asks for several things at once; what it is refused is one line.
    refusal_is_written: Arc<AtomicBool>,
}

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody has signed in.
    #[error("sign in first")]
    NotSignedIn,
    /// Signed in, without the permission.
    #[error("this needs the permission {0}")]
    Forbidden(Permission),
}

/// The grant is for something else, or was taken back meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this needs the permission {0}")]
pub struct WrongGrant(pub Permission);

/// Proof that somebody may do something. Has no public constructor: it comes from
/// [`Console::demand`], for the command line from [`Granted::of_command_line`], and for the console itself from within the backend.
#[derive(Debug, Clone)]
pub struct Granted {
    caller: Caller,
    permission: Permission,
}

impl Principal {
    /// What it may do.
    pub fn permissions(&self) -> PermissionSet {
        match self {
            Self::Anonymous => PermissionSet::default(),
            Self::User(user) => user.account.role.permissions(),
            Self::Token(token) => token.permissions,
            Self::CommandLine(_) => Permission::ALL.into_iter().collect(),
            Self::Console(_) => [Permission::ChangePolicies].into_iter().collect(),
        }
    }

    /// What kind of somebody it is.
    pub fn kind(&self) -> ActorKind {
        match self {
            Self::Anonymous => ActorKind::Nobody,
            Self::User(_) => ActorKind::User,
            Self::Token(_) => ActorKind::Token,
            Self::CommandLine(_) => ActorKind::CommandLine,
            Self::Console(_) => ActorKind::Console,
        }
    }

    /// The user's or the token's name; empty where there is none.
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => user.account.name.as_str(),
            Self::Token(token) => token.name.as_str(),
            Self::Anonymous | Self::CommandLine(_) | Self::Console(_) => "",
        }
    }
}

impl Caller {
    /// Whoever [`Console::principal`] or [`Console::token_principal`] found.
    pub fn new(principal: Principal, address: String) -> Self {
        Self {
            principal,
            address,
            refusal_is_written: Arc::default(),
        }
    }

    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Demands a permission. [`Console::demand`] also writes a refusal into the audit trail.
    pub(crate) fn demand(&self, permission: Permission) -> Result<Granted, Denied> {
        if self.principal == Principal::Anonymous {
            Err(Denied::NotSignedIn)
        } else if self.principal.permissions().contains(permission) {
            Ok(Granted {
                caller: self.clone(),
                permission,
            })
        } else {
            Err(Denied::Forbidden(permission))
        }
    }
}

impl Granted {
    /// What the command line is granted: whoever may start programs there may do everything.
    pub fn of_command_line(permission: Permission) -> Self {
        Self {
            caller: Caller::new(Principal::CommandLine(CommandLine(())), String::new()),
            permission,
        }
    }

    /// What the console itself is granted, for what its configuration says.
    pub(crate) fn of_console_itself(permission: Permission) -> Self {
        Self {
            caller: Caller::new(Principal::Console(ConsoleItself(())), String::new()),
            permission,
        }
    }

    /// Who may, and from where.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The person, where it is one.
    pub fn user(&self) -> Option<&SignedIn> {
        match &self.caller.principal {
            Principal::User(user) => Some(user),
            _ => None,
        }
    }

    /// What was demanded.
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// A grant proves one permission; this checks that it is the right one.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), WrongGrant> {
        if self.permission == permission {
            Ok(())
        } else {
            Err(WrongGrant(permission))
        }
    }

    /// Whether they may do something else too.
    pub fn may(&self, permission: Permission) -> bool {
        self.caller.principal.permissions().contains(permission)
    }
}

impl Console {
    /// Demands a permission for a resource (a page, a server function, an endpoint). The first refusal
    /// of a request is written into the audit trail.
    pub async fn demand(
        &self,
        caller: &Caller,
        permission: Permission,
        resource: &str,
    ) -> Result<Granted, Denied> {
        let outcome = caller.demand(permission);
        if matches!(outcome, Err(Denied::Forbidden(_)))
            && !caller.refusal_is_written.swap(true, Ordering::Relaxed)
        {
            let entry = Entry::of(caller, Action::Refuse).on(resource);
            let now = self.clock.now();
            if !self.refusals.admit(&caller.principal, now) {
                self.reads.note(entry, Outcome::Refused, now);
                return outcome;
            }
            let detail = format!("needs {permission}");
            if let Err(error) = self.record(entry, Outcome::Refused, &detail).await {
                tracing::error!(%error, "a refusal could not be written into the audit trail");
            }
        }
        outcome
    }

    /// Whether what was granted would be granted now. A long answer asks again and again, so that it ends when its
    /// session does.
    pub async fn still_grants(&self, granted: &Granted) -> Result<bool, StateError> {
        let mut connection = self.state.connection().await?;
        still_grants(&mut connection, granted, self.clock.now()).await
    }
}

/// Whether what was granted would be granted now. A change asks within its transaction, under the roster's lock.
pub(crate) async fn still_grants(
    connection: &mut AnyConnection,
    granted: &Granted,
    now: Timestamp,
) -> Result<bool, StateError> {
    let permissions = match &granted.caller.principal {
        Principal::Anonymous => None,
        Principal::CommandLine(_) | Principal::Console(_) => return Ok(true),
        Principal::Token(token) => valid_token_of_id(connection, token.token_id, now)
            .await?
            .map(|token| token.permissions),
        Principal::User(user) => open_account(connection, user.session.as_str(), user.user_id, now)
            .await?
            .map(|account| account.role.permissions()),
    };
    Ok(permissions.is_some_and(|permissions| permissions.contains(granted.permission)))
}

#[cfg(test)]
mod tests {
    use domain::role::Role;

    use super::*;

    fn user(role: Role) -> Caller {
        Caller::new(
            Principal::User(SignedIn {
                user_id: 1,
                account: Account {
                    name: "anna".parse().expect("valid"),
                    role,
                },
                session: SessionKey::new("digest".into()),
            }),
            "192.0.2.1".into(),
        )
    }

    fn token(permissions: PermissionSet) -> Caller {
        Caller::new(
            Principal::Token(TokenHolder {
                token_id: 1,
                name: "prometheus".parse().expect("valid"),
                permissions,
            }),
            "192.0.2.1".into(),
        )
    }

    #[test]
    fn nobody_signed_in_is_granted_nothing() {
        let nobody = Caller::new(Principal::Anonymous, "192.0.2.1".into());
        for permission in Permission::ALL {
            assert_eq!(nobody.demand(permission).err(), Some(Denied::NotSignedIn));
        }
    }

    #[test]
    fn a_viewer_is_refused_details_and_granted_status() {
        assert!(user(Role::Viewer).demand(Permission::ViewStatus).is_ok());
        assert_eq!(
            user(Role::Viewer).demand(Permission::ViewDetails).err(),
            Some(Denied::Forbidden(Permission::ViewDetails))
        );
    }

    #[test]
    fn a_token_is_granted_what_it_holds_and_nothing_more() {
        let caller = token([Permission::ViewDetails].into_iter().collect());
        assert!(caller.demand(Permission::ViewDetails).is_ok());
        assert_eq!(
            caller.demand(Permission::ViewStatus).err(),
            Some(Denied::Forbidden(Permission::ViewStatus))
        );
    }

    #[test]
    fn a_grant_says_who_and_what() {
        let granted = user(Role::Admin)
            .demand(Permission::ManageUsers)
            .expect("granted");
        assert_eq!(granted.caller().principal.name(), "anna");
        assert_eq!(granted.permission(), Permission::ManageUsers);
        assert!(granted.may(Permission::ViewAudit));
    }
}

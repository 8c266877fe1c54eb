//! The guard: the only way to a [`Granted`], which backend functions demand as proof.

use domain::account::Account;
use domain::role::Permission;

/// Whoever is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Nobody has signed in.
    Anonymous,
    /// A signed-in person.
    User(Account),
}

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody has signed in.
    #[error("sign in first")]
    NotSignedIn,
    /// Signed in, without the permission.
    #[error("this needs the permission {0:?}")]
    Forbidden(Permission),
}

/// Proof that somebody may do something. Has no public constructor: it comes from [`Principal::demand`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    account: Account,
    permission: Permission,
}

impl Granted {
    /// Who may.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What they may.
    pub fn permission(&self) -> Permission {
        self.permission
    }
}

impl Principal {
    /// Demands a permission.
    pub fn demand(&self, permission: Permission) -> Result<Granted, Denied> {
        match self {
            Self::Anonymous => Err(Denied::NotSignedIn),
            Self::User(account) if account.may(permission) => Ok(Granted {
                account: account.clone(),
                permission,
            }),
            Self::User(_) => Err(Denied::Forbidden(permission)),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::role::Role;

    use super::*;

    fn user(role: Role) -> Principal {
        Principal::User(Account {
            name: "anna".parse().expect("valid"),
            role,
        })
    }

    #[test]
    fn nobody_signed_in_is_granted_nothing() {
        for permission in Permission::ALL {
            assert_eq!(Principal::Anonymous.demand(permission), Err(Denied::NotSignedIn));
        }
    }

    #[test]
    fn a_viewer_is_refused_details_and_granted_status() {
        assert!(user(Role::Viewer).demand(Permission::ViewStatus).is_ok());
        assert_eq!(
            user(Role::Viewer).demand(Permission::ViewDetails),
            Err(Denied::Forbidden(Permission::ViewDetails))
        );
    }

    #[test]
    fn a_grant_says_who_and_what() {
        let granted = user(Role::Admin)
            .demand(Permission::ManageUsers)
            .expect("granted");
        assert_eq!(granted.account().name.as_str(), "anna");
        assert_eq!(granted.permission(), Permission::ManageUsers);
    }
}

//! Who may do what: permissions, and the roles that are sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing a person or a program may do. Code asks for a permission, never for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Health, version, edition, database size, connections, totals and the age of the data.
    ViewStatus,
    /// One's own account: password, sessions, sign out.
    ManageOwnAccount,
    /// Names and details of hypertables, chunks, compression, jobs, alerts; history.
    ViewDetails,
    /// Ask the collector for a fresh reading now.
    Refresh,
    /// Run or pause compression, reorder and refresh jobs.
    OperateJobs,
    /// Acknowledge an alert.
    AcknowledgeAlerts,
    /// Change policies, run retention and custom jobs, reschedule jobs, act on chunks.
    ChangePolicies,
    /// Run the performance check.
    CheckPerformance,
    /// Read the console's configuration.
    ViewConfiguration,
    /// Invite, change, disable and reset users; create and revoke tokens.
    ManageUsers,
    /// Read the audit log.
    ViewAudit,
}

impl Permission {
    /// Every permission there is.
    pub const ALL: [Self; 11] = [
        Self::ViewStatus,
        Self::ManageOwnAccount,
        Self::ViewDetails,
        Self::Refresh,
        Self::OperateJobs,
        Self::AcknowledgeAlerts,
        Self::ChangePolicies,
        Self::CheckPerformance,
        Self::ViewConfiguration,
        Self::ManageUsers,
        Self::ViewAudit,
    ];

    /// The permission's name as it is stored, configured and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewStatus => "view_status",
            Self::ManageOwnAccount => "manage_own_account",
            Self::ViewDetails => "view_details",
            Self::Refresh => "refresh",
            Self::OperateJobs => "operate_jobs",
            Self::AcknowledgeAlerts => "acknowledge_alerts",
            Self::ChangePolicies => "change_policies",
            Self::CheckPerformance => "check_performance",
            Self::ViewConfiguration => "view_configuration",
            Self::ManageUsers => "manage_users",
            Self::ViewAudit => "view_audit",
        }
    }

    /// What it allows, in words that follow "may".
    pub fn label(self) -> &'static str {
        match self {
            Self::ViewStatus => "see the status",
            Self::ManageOwnAccount => "manage the own account",
            Self::ViewDetails => "see hypertables, chunks and jobs",
            Self::Refresh => "have the database read now",
            Self::OperateJobs => "run and pause jobs",
            Self::AcknowledgeAlerts => "acknowledge alerts",
            Self::ChangePolicies => "change policies and act on chunks",
            Self::CheckPerformance => "run the performance check",
            Self::ViewConfiguration => "see the configuration",
            Self::ManageUsers => "manage users and tokens",
            Self::ViewAudit => "read the audit log",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A text that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a permission: use {}", Permission::ALL.map(Permission::as_str).join(", "))]
pub struct UnknownPermission {
    given: String,
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| UnknownPermission {
                given: text.to_owned(),
            })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some of the permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Permission>", into = "Vec<Permission>")]
pub struct PermissionSet(u16);

impl PermissionSet {
    /// Whether this one is among them.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }
}

impl From<Vec<Permission>> for PermissionSet {
    fn from(permissions: Vec<Permission>) -> Self {
        permissions.into_iter().collect()
    }
}

impl From<PermissionSet> for Vec<Permission> {
    fn from(set: PermissionSet) -> Self {
        set.iter().collect()
    }
}

/// A set of permissions with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees status only.
    Viewer,
    /// Sees everything that is read and runs what is routine.
    Operator,
    /// Everything.
    Admin,
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: use viewer, operator or admin")]
pub struct UnknownRole(String);

impl Role {
    /// Every role there is, from least to most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Whether this role includes the permission.
    pub fn grants(self, permission: Permission) -> bool {
        match permission {
            Permission::ViewStatus | Permission::ManageOwnAccount => true,
            Permission::ViewDetails
            | Permission::Refresh
            | Permission::OperateJobs
            | Permission::AcknowledgeAlerts => self != Self::Viewer,
            Permission::ChangePolicies
            | Permission::CheckPerformance
            | Permission::ViewConfiguration
            | Permission::ManageUsers
            | Permission::ViewAudit => self == Self::Admin,
        }
    }

    /// All that this role includes.
    pub fn permissions(self) -> PermissionSet {
        Permission::ALL
            .into_iter()
            .filter(|permission| self.grants(*permission))
            .collect()
    }

    /// What a token of this role may do at most: an account is something a person has.
    pub fn token_permissions(self) -> PermissionSet {
        self.permissions()
            .iter()
            .filter(|permission| *permission != Permission::ManageOwnAccount)
            .collect()
    }

    /// What the role is for, in a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Self::Viewer => "sees the status, nothing else",
            Self::Operator => "sees everything, runs routine jobs",
            Self::Admin => "may do everything",
        }
    }

    /// The role's name as it is stored, configured and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_sees_status_and_minds_its_own_account_and_nothing_else() {
        let granted: Vec<_> = Permission::ALL
            .into_iter()
            .filter(|p| Role::Viewer.grants(*p))
            .collect();
        assert_eq!(granted, [Permission::ViewStatus, Permission::ManageOwnAccount]);
    }

    #[test]
    fn each_role_includes_the_one_below_it() {
        for pair in Role::ALL.windows(2) {
            for permission in Permission::ALL {
                assert!(!pair[0].grants(permission) || pair[1].grants(permission));
            }
        }
        assert!(Permission::ALL.into_iter().all(|p| Role::Admin.grants(p)));
    }

    #[test]
    fn an_operator_may_not_change_what_is_kept() {
        assert!(!Role::Operator.grants(Permission::ChangePolicies));
        assert!(!Role::Operator.grants(Permission::ManageUsers));
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_a_token_has_no_account() {
        for permission in Permission::ALL {
            let set: PermissionSet = [permission].into_iter().collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), [permission]);
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        assert!(
            !Role::Admin
                .token_permissions()
                .contains(Permission::ManageOwnAccount)
        );
        assert_eq!(
            Role::Viewer.token_permissions().iter().collect::<Vec<_>>(),
            [Permission::ViewStatus]
        );
    }

    #[test]
    fn an_unknown_role_says_which_there_are() {
        let message = "root".parse::<Role>().expect_err("no such role").to_string();
        assert_eq!(message, "\"root\" is not a role: use viewer, operator or admin");
    }
}

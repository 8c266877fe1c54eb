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
    fn an_unknown_role_says_which_there_are() {
        let message = "root".parse::<Role>().expect_err("no such role").to_string();
        assert_eq!(message, "\"root\" is not a role: use viewer, operator or admin");
    }
}

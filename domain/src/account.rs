//! Names and passwords as people choose them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::role::{Permission, Role};

/// The name a person signs in with. Kept in lower case, so that nobody can register `Anna` beside `anna`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// Why a text is no [`UserName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a user name has 1 to 64 characters: letters, digits, \".\", \"_\", \"-\" and \"@\", beginning with a letter or digit"
)]
pub struct InvalidUserName;

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One or two letters that stand for the person in the account menu.
    pub fn initials(&self) -> String {
        let mut parts = self
            .0
            .split(['.', '_', '-', '@'])
            .filter_map(|part| part.chars().next());
        match (parts.next(), parts.next()) {
            (Some(first), Some(second)) => format!("{first}{second}").to_uppercase(),
            _ => self.0.chars().take(2).collect::<String>().to_uppercase(),
        }
    }
}

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@'));
        if fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(InvalidUserName)
        }
    }
}

impl TryFrom<String> for UserName {
    type Error = InvalidUserName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fewest bytes in a password.
pub const PASSWORD_MIN_BYTES: usize = 12;
/// Most bytes in a password: more would only make hashing expensive.
pub const PASSWORD_MAX_BYTES: usize = 512;

/// Why a password can't be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UnfitPassword {
    /// Fewer than [`PASSWORD_MIN_BYTES`].
    #[error("A password has at least 12 characters.")]
    TooShort,
    /// More than [`PASSWORD_MAX_BYTES`].
    #[error("A password has at most 512 bytes.")]
    TooLong,
    /// The same as the name.
    #[error("A password is not the user name.")]
    IsTheName,
}

/// Whether a password may be chosen by the person of this name.
pub fn check_password(name: &UserName, password: &str) -> Result<(), UnfitPassword> {
    if password.len() < PASSWORD_MIN_BYTES {
        Err(UnfitPassword::TooShort)
    } else if password.len() > PASSWORD_MAX_BYTES {
        Err(UnfitPassword::TooLong)
    } else if password.trim().eq_ignore_ascii_case(name.as_str()) {
        Err(UnfitPassword::IsTheName)
    } else {
        Ok(())
    }
}

/// The signed-in person, as far as the page may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The name.
    pub name: UserName,
    /// The role; decides which links and controls are shown. The server decides again on every call.
    pub role: Role,
}

impl Account {
    /// Whether this person may do it.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.grants(permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_lower_case_and_trimmed() {
        assert_eq!(" Anna.B ".parse::<UserName>().expect("valid").as_str(), "anna.b");
    }

    #[test]
    fn names_with_line_breaks_markup_or_nothing_are_refused() {
        for name in ["", " ", "a\nb", "<b>", "a b", "-a", "ä", &"x".repeat(65)] {
            assert!(name.parse::<UserName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn initials_come_from_two_parts_or_two_letters() {
        let initials = |name: &str| name.parse::<UserName>().expect("valid").initials();
        assert_eq!(initials("anna.berg"), "AB");
        assert_eq!(initials("admin"), "AD");
        assert_eq!(initials("x"), "X");
    }

    #[test]
    fn short_long_and_name_passwords_are_unfit() {
        let name: UserName = "administrator".parse().expect("valid");
        assert_eq!(check_password(&name, "short"), Err(UnfitPassword::TooShort));
        assert_eq!(
            check_password(&name, &"x".repeat(513)),
            Err(UnfitPassword::TooLong)
        );
        assert_eq!(
            check_password(&name, "Administrator"),
            Err(UnfitPassword::IsTheName)
        );
        assert_eq!(check_password(&name, "correct horse battery"), Ok(()));
    }
}

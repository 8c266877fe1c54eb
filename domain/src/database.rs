//! The name under which the console watches a database.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a watched database: part of every page's address, of REST queries and of metric labels.
///
/// 1 to 63 characters: letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatabaseName(String);

/// Why a text is no [`DatabaseName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a name for a database: use 1 to 63 letters, digits, \"_\" and \"-\"")]
pub struct InvalidDatabaseName(String);

impl DatabaseName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseName {
    type Err = InvalidDatabaseName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=63).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDatabaseName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for DatabaseName {
    type Error = InvalidDatabaseName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DatabaseName> for String {
    fn from(name: DatabaseName) -> Self {
        name.0
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_an_address_is_refused() {
        for name in ["", ".", "..", "a.b", "a/b", "a b", "ä", "a?b", &"x".repeat(64)] {
            assert!(name.parse::<DatabaseName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn ordinary_names_are_taken_as_they_are() {
        for name in ["factory", "Plant-2", "mes_prod", "0"] {
            assert_eq!(name.parse::<DatabaseName>().expect("valid").as_str(), name);
        }
    }
}

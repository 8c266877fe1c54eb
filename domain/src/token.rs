//! Tokens that programs sign in with.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::listing::{Column, Direction, Listed, directed, present_first};
use crate::role::{PermissionSet, Role};

/// What every token begins with, so that people and secret scanners recognise one.
pub const TOKEN_PREFIX: &str = "tdm_";

/// What a token is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenName(String);

/// Why a text is no [`TokenName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token's name has 1 to 64 characters: letters, digits, spaces and \".\", \"_\", \"-\", \":\", \"/\""
)]
pub struct InvalidTokenName;

impl TokenName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = InvalidTokenName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = (1..=64).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | ':' | '/'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTokenName)
        }
    }
}

impl TryFrom<String> for TokenName {
    type Error = InvalidTokenName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TokenName> for String {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody took it back.
    Revoked,
}

impl TokenState {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A token, as administrators see it: everything but the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What a revocation calls it by. Opens nothing.
    pub id: i64,
    /// What it is called.
    pub name: TokenName,
    /// Its first characters.
    pub hint: String,
    /// Its role.
    pub role: Role,
    /// What it may do: the role's permissions, or fewer.
    pub permissions: PermissionSet,
    /// Whether it can be used.
    pub state: TokenState,
    /// Who created it.
    pub created_by: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// The address it was last used from.
    pub used_from: Option<String>,
}

impl Token {
    /// Whether it may do less than its role.
    pub fn is_restricted(&self) -> bool {
        self.permissions != self.role.token_permissions()
    }
}

/// What the list of tokens can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenColumn {
    /// Name.
    Name,
    /// Role.
    Role,
    /// Whether it can be used.
    State,
    /// When it ends.
    Expires,
    /// When it was last used.
    Used,
    /// When it was created.
    Created,
}

impl Column for TokenColumn {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Role,
        Self::State,
        Self::Expires,
        Self::Used,
        Self::Created,
    ];
    const DEFAULT: Self = Self::State;
    const IDENTITY: Self = Self::Name;

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Role => "role",
            Self::State => "state",
            Self::Expires => "expires",
            Self::Used => "used",
            Self::Created => "created",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Role => "May",
            Self::State => "State",
            Self::Expires => "Ends",
            Self::Used => "Last used",
            Self::Created => "Created",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::Name | Self::State | Self::Expires => Direction::Ascending,
            _ => Direction::Descending,
        }
    }
}

impl Listed for Token {
    type Column = TokenColumn;

    fn matches(&self, needle: &str) -> bool {
        self.name.as_str().to_lowercase().contains(needle)
            || self.hint.to_lowercase().contains(needle)
            || self.role.as_str().contains(needle)
            || self.state.label().contains(needle)
            || self.created_by.contains(needle)
    }

    fn compare(column: TokenColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        match column {
            // A revoked token and its successor have the same name.
            TokenColumn::Name => directed(direction, a.name.cmp(&b.name)).then(a.id.cmp(&b.id)),
            TokenColumn::Role => directed(direction, (a.role as u8).cmp(&(b.role as u8))),
            TokenColumn::State => directed(direction, a.state.cmp(&b.state)),
            TokenColumn::Expires => {
                present_first(a.expires_at, b.expires_at, |a, b| directed(direction, a.cmp(&b)))
            }
            TokenColumn::Used => present_first(a.used_at, b.used_at, |a, b| directed(direction, a.cmp(&b))),
            TokenColumn::Created => directed(direction, a.created_at.cmp(&b.created_at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_no_markup_and_no_line_break() {
        assert_eq!(
            " Prometheus eu-1 ".parse::<TokenName>().expect("valid").as_str(),
            "Prometheus eu-1"
        );
        for name in ["", "  ", "<b>", "a\r\nb", "ä", &"x".repeat(65)] {
            assert!(name.parse::<TokenName>().is_err(), "{name:?}");
        }
    }
}

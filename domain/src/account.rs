//! Names and passwords as people choose them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::listing::{Column, Direction, Listed, directed, present_first};
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
            (Some(first), Some(second)) => format!("{first}{second}").to_ascii_uppercase(),
            _ => self.0.chars().take(2).collect::<String>().to_ascii_uppercase(),
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
/// Fewest characters, where one takes several bytes.
pub const PASSWORD_MIN_CHARACTERS: usize = 8;
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
    /// Among the passwords that are tried first.
    #[error(
        "This password is one of those that are tried first. Choose another, for example a sentence of your own."
    )]
    TooCommon,
}

/// Whether a password may be chosen by the person of this name. The list of common ones is the server's.
pub fn check_password(name: &UserName, password: &str) -> Result<(), UnfitPassword> {
    if password.len() < PASSWORD_MIN_BYTES || password.chars().count() < PASSWORD_MIN_CHARACTERS {
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

/// Where a user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Can sign in.
    Active,
    /// Has no password yet, or none any more: a one-time link leads to one.
    WithoutPassword,
    /// An administrator shut this user out.
    Disabled,
}

impl UserState {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::WithoutPassword => "without password",
            Self::Disabled => "disabled",
        }
    }
}

/// A user, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name.
    pub name: UserName,
    /// The role.
    pub role: Role,
    /// Where the user stands.
    pub state: UserState,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user last signed in.
    pub signed_in_at: Option<Timestamp>,
    /// When the password was last changed.
    pub password_changed_at: Option<Timestamp>,
    /// Until when the one-time link that was given out can be used.
    pub link_expires_at: Option<Timestamp>,
    /// Sessions that are open now.
    pub sessions: u64,
}

/// A user, and which changes of it would be refused to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedUser {
    /// The user.
    pub user: User,
    /// Whether it is the one who asks: one does not lock oneself out.
    pub is_oneself: bool,
    /// Whether nobody else could manage users: somebody must be left who can.
    pub is_last_administrator: bool,
}

/// What the list of users can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserColumn {
    /// Name.
    Name,
    /// Role.
    Role,
    /// Where the user stands.
    State,
    /// When the user last signed in.
    SignedIn,
    /// Open sessions.
    Sessions,
    /// When the user was created.
    Created,
}

impl Column for UserColumn {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Role,
        Self::State,
        Self::SignedIn,
        Self::Sessions,
        Self::Created,
    ];
    const DEFAULT: Self = Self::Name;
    const IDENTITY: Self = Self::Name;

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Role => "role",
            Self::State => "state",
            Self::SignedIn => "signed_in",
            Self::Sessions => "sessions",
            Self::Created => "created",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Role => "Role",
            Self::State => "State",
            Self::SignedIn => "Last signed in",
            Self::Sessions => "Sessions",
            Self::Created => "Created",
        }
    }

    fn natural_direction(self) -> Direction {
        match self {
            Self::Name | Self::State => Direction::Ascending,
            _ => Direction::Descending,
        }
    }
}

impl Listed for User {
    type Column = UserColumn;

    fn matches(&self, needle: &str) -> bool {
        self.name.as_str().contains(needle)
            || self.role.as_str().contains(needle)
            || self.state.label().contains(needle)
    }

    fn compare(column: UserColumn, direction: Direction, a: &Self, b: &Self) -> Ordering {
        match column {
            UserColumn::Name => directed(direction, a.name.cmp(&b.name)),
            UserColumn::Role => directed(direction, (a.role as u8).cmp(&(b.role as u8))),
            UserColumn::State => directed(direction, a.state.cmp(&b.state)),
            UserColumn::SignedIn => present_first(a.signed_in_at, b.signed_in_at, |a, b| {
                directed(direction, a.cmp(&b))
            }),
            UserColumn::Sessions => directed(direction, a.sessions.cmp(&b.sessions)),
            UserColumn::Created => directed(direction, a.created_at.cmp(&b.created_at)),
        }
    }
}

/// A session somebody has open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// What a revocation calls it by. Opens nothing.
    pub id: i64,
    /// The address it was last used from.
    pub address: String,
    /// The browser, in words.
    pub browser: String,
    /// When it began.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// The browser that a `User-Agent` header names, in words; versions are left out, they change weekly.
pub fn browser_name(user_agent: &str) -> String {
    let named = |pairs: &[(&str, &'static str)]| {
        pairs
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    // The order matters: each of them claims to be those below it.
    let browser = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("FxiOS/", "Firefox"),
        ("Safari/", "Safari"),
    ]);
    let system = named(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) if user_agent.is_empty() => "unknown".to_owned(),
        (None, _) => user_agent
            .split(['/', ' '])
            .next()
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect(),
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
        assert_eq!(check_password(&name, "🔑🔑🔑"), Err(UnfitPassword::TooShort));
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

    #[test]
    fn any_characters_make_a_password_and_as_many_as_one_likes_up_to_512_bytes() {
        let name: UserName = "anna".parse().expect("valid");
        for password in [
            "onlysmallletters",
            "ONLYCAPITALS",
            "840926175538",
            "~~!!??##//((",
            "            ",
            "пароль без цифр",
            "correct\thorse\nbattery",
        ] {
            assert_eq!(check_password(&name, password), Ok(()), "{password:?}");
        }
        for length in [64, 128, 512] {
            assert_eq!(check_password(&name, &"x".repeat(length)), Ok(()), "{length}");
        }
    }

    #[test]
    fn browsers_are_named_in_words() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        assert_eq!(browser_name(chrome), "Chrome on Linux");
        assert_eq!(browser_name(&format!("{chrome} Edg/142.0")), "Edge on Linux");
        assert_eq!(browser_name("curl/8.5.0"), "curl");
        assert_eq!(browser_name(""), "unknown");
    }
}

//! Light, dark, or as the system has it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// How the pages are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the operating system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every theme, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As it stands in the cookie and on the page's root.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

#[cfg(feature = "ssr")]
const COOKIE: &str = "tidemark-theme";

/// The theme that the request's cookie asks for.
#[cfg(feature = "ssr")]
pub(crate) fn requested_theme() -> Theme {
    super::cookie(COOKIE)
        .and_then(|value| Theme::ALL.into_iter().find(|theme| theme.as_str() == value))
        .unwrap_or_default()
}

/// Remembers a theme in this browser for a year. Holds nothing secret, so plain `Lax` is enough.
#[server(prefix = "/fn", endpoint = "set_theme")]
pub async fn set_theme(theme: Theme) -> Result<(), AppError> {
    super::guard::demand(domain::role::Permission::ManageOwnAccount, "theme").await?;
    let cookie = format!(
        "{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; Secure; HttpOnly",
        theme.as_str()
    );
    let value = http::HeaderValue::from_str(&cookie)
        .map_err(|error| super::guard::failed("remembering a theme", &error))?;
    expect_context::<leptos_axum::ResponseOptions>().append_header(http::header::SET_COOKIE, value);
    Ok(())
}

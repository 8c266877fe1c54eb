//! What a form has to say once it is done: shown once, on the page that comes next, with and without JavaScript.
//!
//! It travels in a cookie of this browser's, and nowhere else: a link or a token that is shown once is not kept in the
//! console, not even for a moment.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoneNotice {
    /// Done, in words.
    Done(String),
    /// A link for somebody else.
    Link {
        /// Whose.
        user: String,
        /// The whole address.
        url: String,
        /// How long it can be used.
        hours: u32,
    },
    /// A token.
    Token {
        /// What it is called.
        name: String,
        /// The token.
        token: String,
    },
}

#[cfg(feature = "ssr")]
const COOKIE: &str = "__Host-tidemark-notice";
/// Long enough for the next page to load, and no longer.
#[cfg(feature = "ssr")]
const SECONDS: u32 = 60;

#[cfg(feature = "ssr")]
fn send_cookie(value: &str, seconds: u32) {
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; SameSite=Strict; Secure; HttpOnly");
    if let (Some(response), Ok(value)) = (
        use_context::<leptos_axum::ResponseOptions>(),
        http::HeaderValue::from_str(&cookie),
    ) {
        response.append_header(http::header::SET_COOKIE, value);
    }
}

/// Has the next page show this.
#[cfg(feature = "ssr")]
pub(super) fn leave_notice(notice: &DoneNotice) -> Result<(), AppError> {
    use base64::Engine;

    let text =
        serde_json::to_vec(notice).map_err(|error| super::guard::failed("leaving a notice", &error))?;
    send_cookie(&base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text), SECONDS);
    Ok(())
}

/// Whoever comes or goes leaves nothing behind for the next person in this browser.
#[cfg(feature = "ssr")]
pub(super) fn clear_notice() {
    if super::cookie(COOKIE).is_some() {
        send_cookie("", 0);
    }
}

/// Takes what the form before left, if it did. It is gone from then on.
#[server(prefix = "/fn", endpoint = "take_notice")]
pub async fn take_notice() -> Result<Option<DoneNotice>, AppError> {
    use base64::Engine;

    super::guard::demand(domain::role::Permission::ManageOwnAccount, "notice").await?;
    let Some(text) = super::cookie(COOKIE) else {
        return Ok(None);
    };
    send_cookie("", 0);
    Ok(base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

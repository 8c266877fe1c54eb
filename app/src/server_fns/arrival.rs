//! What follows once somebody has signed in: the browser is known from now on, and a page opens.

use backend::auth::{BROWSER_COOKIE, BROWSER_KNOWN_DAYS, SignedInAs};
use backend::console::Console;
use domain::page::is_own_page;
use http::{HeaderValue, header};
use leptos::prelude::expect_context;
use leptos_axum::ResponseOptions;

use super::guard;
use crate::error::AppError;

/// Sends the cookie by which the browser is known.
pub(super) fn remember_browser(signed_in: &SignedInAs) -> Result<(), AppError> {
    let cookie = format!(
        "{BROWSER_COOKIE}={}; Path=/; Max-Age={}; SameSite=Strict; Secure; HttpOnly",
        signed_in.browser_token.expose(),
        BROWSER_KNOWN_DAYS * 24 * 3600,
    );
    let value =
        HeaderValue::from_str(&cookie).map_err(|error| guard::failed("remembering a browser", &error))?;
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
    Ok(())
}

/// Remembers the browser and opens the page.
pub(super) fn arrive(console: &Console, signed_in: &SignedInAs, next: Option<&str>) -> Result<(), AppError> {
    super::notice::clear_notice();
    remember_browser(signed_in)?;
    leptos_axum::redirect(&landing(console, signed_in, next));
    Ok(())
}

/// The page asked for if it is one of ours, else the first database's Overview.
fn landing(console: &Console, signed_in: &SignedInAs, next: Option<&str>) -> String {
    match next.filter(|path| is_own_page(path)) {
        Some(path) => path.to_owned(),
        None => console
            .first_database(signed_in)
            .map_or_else(|| "/".to_owned(), |database| format!("/db/{database}")),
    }
}

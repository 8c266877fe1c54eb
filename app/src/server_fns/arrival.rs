//! What follows once somebody has signed in: the browser is known from now on, and a page opens.

use backend::auth::{BROWSER_COOKIE, BROWSER_KNOWN_DAYS, SignedInAs};
use backend::console::Console;
use http::{HeaderValue, header};
use leptos::prelude::expect_context;
use leptos_axum::ResponseOptions;

use super::guard;
use crate::error::AppError;

/// The console's own pages, to which somebody may be sent after signing in.
const PAGES: [&str; 5] = ["/db", "/account", "/users", "/tokens", "/audit"];

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
    remember_browser(signed_in)?;
    leptos_axum::redirect(&landing(console, next));
    Ok(())
}

/// The page asked for if it is one of ours, else the first database's Overview.
fn landing(console: &Console, next: Option<&str>) -> String {
    match next.filter(|path| is_own_page(path)) {
        Some(path) => path.to_owned(),
        None => console
            .database_names()
            .first()
            .map_or_else(|| "/".to_owned(), |database| format!("/db/{database}")),
    }
}

/// A path on this console. `//host`, `/\host` and anything with control characters would leave it.
fn is_own_page(path: &str) -> bool {
    let is_page = PAGES.iter().any(|page| {
        path.strip_prefix(page)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    });
    is_page
        && path.len() <= 2000
        && !path.contains('\\')
        && path.chars().all(|c| !c.is_control() && c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn only_pages_of_this_console_are_gone_to_after_signing_in() {
        for path in [
            "/db/factory/hypertables?sort=rows&dir=asc",
            "/users",
            "/audit?person=anna",
        ] {
            assert!(is_own_page(path), "{path:?}");
        }
        for path in [
            "",
            "//evil.example",
            "//db/evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/db/\\evil",
            "/db/a\r\nSet-Cookie: x=y",
            "/usersx",
            "/fn/sign_out",
            "/audit.evil.example",
            "javascript:alert(1)",
            "/login",
        ] {
            assert!(!is_own_page(path), "{path:?}");
        }
    }
}

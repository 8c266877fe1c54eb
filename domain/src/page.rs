//! Addresses of the console's own pages.

/// The console's own pages, to which somebody may be sent after signing in.
const PAGES: [&str; 5] = ["/db", "/account", "/users", "/tokens", "/audit"];

/// Whether this is a path on this console. `//host`, `/\host` and anything with control characters would leave it.
pub fn is_own_page(path: &str) -> bool {
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

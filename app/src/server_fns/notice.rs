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
    /// What did not go as asked, or not wholly.
    Told {
        /// Whether nothing of it was done; else a part was.
        is_refused: bool,
        /// What happened.
        title: String,
        /// Why, and what to do; a sentence or a few each.
        words: Vec<String>,
        /// What was typed in the form, by the names of its fields, where the page's address does not hold it.
        typed: Vec<(String, String)>,
    },
}

#[cfg(feature = "ssr")]
const COOKIE: &str = "__Host-tidemark-notice";
/// Long enough for the next page to load, and no longer.
#[cfg(feature = "ssr")]
const SECONDS: u32 = 60;

/// A browser keeps no cookie of more than 4,096 bytes with its name and attributes; this leaves room for those, and for
/// what base64 adds.
#[cfg(feature = "ssr")]
const MOST_BYTES: usize = 2_800;

/// As much of the words as a cookie holds, and how much more there was.
#[cfg(feature = "ssr")]
fn bounded(notice: DoneNotice) -> DoneNotice {
    let DoneNotice::Told {
        is_refused,
        title,
        words,
        typed,
    } = notice
    else {
        return notice;
    };
    // Quotes and line ends take a byte more in JSON.
    let bytes = |text: &str| text.len() + text.matches(['"', '\\', '\n']).count() + 3;
    let mut room = MOST_BYTES.saturating_sub(
        200 + bytes(&title)
            + typed
                .iter()
                .map(|(name, text)| bytes(name) + bytes(text) + 2)
                .sum::<usize>(),
    );
    let all = words.len();
    let mut kept: Vec<String> = Vec::with_capacity(all);
    for mut line in words {
        if bytes(&line) > room {
            if !kept.is_empty() {
                break;
            }
            // One that does not fit is better read in part than not at all.
            let mut end = line.len().min(room / 2);
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            line.truncate(end);
            line.push('…');
        }
        room = room.saturating_sub(bytes(&line));
        kept.push(line);
    }
    if kept.len() < all {
        kept.push(format!("And {} more.", all - kept.len()));
    }
    DoneNotice::Told {
        is_refused,
        title,
        words: kept,
        typed,
    }
}

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

    let text = serde_json::to_vec(&bounded(notice.clone()))
        .map_err(|error| super::guard::failed("leaving a notice", &error))?;
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

#[cfg(feature = "ssr")]
fn left() -> Option<DoneNotice> {
    use base64::Engine;

    let text = super::cookie(COOKIE)?;
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What was typed in a form that was refused, for the page that draws it again; the notice itself is taken by
/// [`take_notice`].
#[cfg(feature = "ssr")]
pub(super) fn typed_before(field: &str) -> Option<String> {
    let DoneNotice::Told { typed, .. } = left()? else {
        return None;
    };
    let (_, text) = typed.into_iter().find(|(name, _)| name == field)?;
    Some(text)
}

/// Takes what the form before left, if it did. It is gone from then on.
#[server(prefix = "/fn", endpoint = "take_notice")]
pub async fn take_notice() -> Result<Option<DoneNotice>, AppError> {
    super::guard::demand(domain::role::Permission::ManageOwnAccount, "notice").await?;
    if super::cookie(COOKIE).is_some() {
        send_cookie("", 0);
    }
    Ok(left())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn told(words: Vec<String>) -> DoneNotice {
        DoneNotice::Told {
            is_refused: true,
            title: "Nothing was changed".to_owned(),
            words,
            typed: vec![("reason".to_owned(), "ü".repeat(500))],
        }
    }

    fn bytes(notice: &DoneNotice) -> usize {
        serde_json::to_vec(notice).expect("plain data").len()
    }

    fn words(notice: DoneNotice) -> Vec<String> {
        let DoneNotice::Told { words, .. } = notice else {
            panic!("another notice")
        };
        words
    }

    #[test]
    fn what_fits_into_a_cookie_is_left_as_it_is() {
        let notice = told(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(bounded(notice.clone()), notice);
    }

    #[test]
    fn of_more_than_a_cookie_holds_it_says_how_much_more_there_is() {
        let notice = bounded(told(
            (0..100)
                .map(|at| format!("table_{at}: \"not applied\""))
                .collect(),
        ));
        assert!(bytes(&notice) <= MOST_BYTES, "{}", bytes(&notice));
        let words = words(notice);
        assert_eq!(
            words.first().map(String::as_str),
            Some("table_0: \"not applied\"")
        );
        assert_eq!(
            words.last().cloned(),
            Some(format!("And {} more.", 100 - (words.len() - 1)))
        );
    }

    #[test]
    fn a_sentence_that_alone_is_too_long_is_cut_between_letters() {
        let notice = bounded(told(vec!["ß\"".repeat(5_000)]));
        assert!(bytes(&notice) <= MOST_BYTES, "{}", bytes(&notice));
        assert!(words(notice)[0].ends_with('…'));
    }
}

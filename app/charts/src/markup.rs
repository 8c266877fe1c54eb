//! Markup that the server made and the page shows as it is.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize, Serializer};

/// Stands for what was left out. No markup is this, an empty one included: what is compared with it is another.
const LEFT_OUT: &str = "\0";

thread_local! {
    static IS_LEFT_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Complete and escaped markup: an SVG element, a fragment of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Markup(String);

/// The markup itself; a text that no markup is where it was left out.
impl Deref for Markup {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Markup {
    /// What `serialize` makes with all markup left out. A document that holds the markup gives the browser its data
    /// without it: once is enough.
    pub fn left_out<T>(serialize: impl FnOnce() -> T) -> T {
        struct Back(bool);
        impl Drop for Back {
            fn drop(&mut self) {
                IS_LEFT_OUT.set(self.0);
            }
        }
        let _back = Back(IS_LEFT_OUT.replace(true));
        serialize()
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Markup {
    fn from(markup: String) -> Self {
        Self(markup)
    }
}

impl Serialize for Markup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if IS_LEFT_OUT.get() { LEFT_OUT } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_left_out_where_it_is_said_and_nowhere_else() {
        let markup = Markup::from("<svg></svg>".to_owned());
        let json = || serde_json::to_string(&markup).expect("serializable");
        assert_eq!(Markup::left_out(json), "\"\\u0000\"");
        assert_eq!(json(), "\"<svg></svg>\"");
    }

    #[test]
    fn what_was_left_out_is_not_taken_for_markup_that_is_empty() {
        let json = Markup::left_out(|| serde_json::to_string(&Markup::from("<svg></svg>".to_owned())));
        let read: Markup = serde_json::from_str(&json.expect("serializable")).expect("markup");
        assert_ne!(read, Markup::default());
    }
}

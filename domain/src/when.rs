//! Moments as pages tell them: relative on the face, absolute on hover. The server writes the words, so that no view
//! reads a clock.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::quantity::{age, age_ms};

/// A moment in words, and the moment itself where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// For example `3 min ago`, `in 12 min`, `never`.
    pub words: String,
    /// The moment; `None` where the words tell of none.
    pub at: Option<Timestamp>,
}

impl When {
    /// A moment, told from now.
    pub fn from_now(now: Timestamp, at: Timestamp) -> Self {
        let words = match (age_ms(now, at), age_ms(at, now)) {
            (0..1000, 0..1000) => "now".to_owned(),
            (0, ahead_ms) => format!("in {}", age(ahead_ms)),
            (past_ms, _) => format!("{} ago", age(past_ms)),
        };
        Self { words, at: Some(at) }
    }

    /// Words that tell of no moment.
    pub fn said(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_from_now_in_both_directions() {
        let second = |s| Timestamp::from_second(s).expect("in range");
        for (at, words) in [
            (1000, "now"),
            (940, "1 min ago"),
            (1090, "in 1 min"),
            (998, "2 s ago"),
            (1003, "in 3 s"),
        ] {
            assert_eq!(When::from_now(second(1000), second(at)).words, words);
        }
    }
}

//! Facts and findings in words: what pages show beside tables, written by the server.

use serde::{Deserialize, Serialize};

/// One fact: what it is called, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is called.
    pub label: String,
    /// Its value, as people read it.
    pub value: String,
    /// The exact value, or what it means; shown on hover.
    pub hint: Option<String>,
}

impl Fact {
    /// A fact without a hint.
    pub fn new(label: &str, value: impl Into<String>) -> Self {
        Self {
            label: label.to_owned(),
            value: value.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// Worth knowing.
    Note,
    /// Will become a problem.
    Warning,
    /// Is one.
    Problem,
}

impl Concern {
    /// As a person calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "Note",
            Self::Warning => "Warning",
            Self::Problem => "Problem",
        }
    }
}

/// What is to be said about facts: what is so, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub concern: Concern,
    /// What is so, in a sentence or two.
    pub sentence: String,
    /// What to do.
    pub advice: Option<String>,
    /// The statement that does it.
    pub statement: Option<String>,
}

impl Finding {
    /// A finding that a sentence of advice answers.
    pub fn new(concern: Concern, sentence: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            concern,
            sentence: sentence.into(),
            advice: Some(advice.into()),
            statement: None,
        }
    }

    /// A finding that nothing needs to be done about.
    pub fn note(sentence: impl Into<String>) -> Self {
        Self {
            concern: Concern::Note,
            sentence: sentence.into(),
            advice: None,
            statement: None,
        }
    }

    /// The same with the statement that does what is advised.
    #[must_use]
    pub fn statement(self, statement: impl Into<String>) -> Self {
        Self {
            statement: Some(statement.into()),
            ..self
        }
    }
}

/// Facts that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactGroup {
    /// What they are about.
    pub title: String,
    /// The facts.
    pub facts: Vec<Fact>,
    /// What is to be said about them; empty while nothing is.
    pub findings: Vec<Finding>,
}

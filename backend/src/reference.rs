//! What ties an error page to a line in the log.

use std::fmt;
use std::sync::Arc;

use crate::random::readable;

/// Identifies one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(Arc<str>);

impl Reference {
    /// A new one.
    pub fn generate() -> Self {
        Self(readable().into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self::generate()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

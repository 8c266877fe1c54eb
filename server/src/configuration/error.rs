//! One message that names the source, the field and what would be right, and never a secret.

/// Why a configuration can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {field}: {problem}")]
pub struct ConfigurationError {
    /// The file or environment variable.
    pub source_name: String,
    /// The field's path, for example `databases.factory.url`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl ConfigurationError {
    /// From its three parts.
    pub fn new(source_name: impl Into<String>, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            source_name: source_name.into(),
            field: field.into(),
            problem: problem.into(),
        }
    }
}

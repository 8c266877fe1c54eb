//! Configuration: a TOML file, overridden by environment variables, validated before anything is started.

mod declared;
mod environment;
mod error;
mod file;
mod settings;

pub use declared::{DeclaredPolicies, DeclaredPolicy};
pub use environment::Environment;
pub use error::ConfigurationError;
pub use settings::{Admin, Configuration, Database, LogFormat};

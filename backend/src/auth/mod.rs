//! Who is asking, and what they may do.

mod guard;
mod password;
mod session;

pub use tower_sessions_core::Session;

pub use guard::{Denied, Granted, Principal};
pub use password::{HashFailed, PasswordHash, PasswordHasher};
pub use session::{SessionFailed, SignInRefused};
pub(crate) use session::{begin, sign_in, sign_out, signed_in_account};

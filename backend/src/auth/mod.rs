//! Who is asking, and what they may do.

mod bearer;
mod common_password;
mod guard;
mod login;
mod password;
mod session;

pub use tower_sessions_core::Session;

pub(crate) use common_password::check_new_password;
pub(crate) use guard::still_grants;
pub use guard::{Caller, Denied, Granted, Principal, SessionKey, SignedIn, TokenHolder, WrongGrant};
pub use login::{BROWSER_COOKIE, BROWSER_KNOWN_DAYS, SignInRefused, SignedInAs};
pub(crate) use login::{Way, anonymous, network};
pub use password::{HashFailed, PasswordHash, PasswordHasher};
pub use session::{Client, SessionFailed};

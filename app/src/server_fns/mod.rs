//! Server functions: guard first, then the backend, then `domain` types. One file a noun.

#![expect(
    missing_docs,
    reason = "the fields of the structs that #[server] makes are the arguments it documents"
)]
#![allow(
    clippy::unused_async,
    reason = "a server function is async whatever its body does"
)]

mod frame;
#[cfg(feature = "ssr")]
mod guard;
mod hypertables;
mod overview;
mod refresh;
mod session;
pub(crate) mod theme;

pub use frame::{Frame, LoadFrame, load_frame};
pub use hypertables::{ListHypertables, list_hypertables};
pub use overview::{LoadOverview, load_overview};
pub use refresh::{RefreshDatabase, refresh_database};
pub use session::{
    CheckSetupLink, SetUp, SetupLink, SignIn, SignOut, check_setup_link, set_up, sign_in, sign_out,
};
pub use theme::{SetTheme, Theme, set_theme};

//! One file a page.

mod hypertables;
mod login;
mod not_found;
mod overview;
mod setup;

pub(crate) use hypertables::HypertablesPage;
pub(crate) use login::LoginPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use overview::OverviewPage;
pub(crate) use setup::SetupPage;

//! One file a page.

mod account;
mod audit;
mod hypertables;
mod login;
mod not_found;
mod overview;
mod setup;
mod tokens;
mod user;
mod users;

pub(crate) use account::AccountPage;
pub(crate) use audit::AuditLogPage;
pub(crate) use hypertables::HypertablesPage;
pub(crate) use login::LoginPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use overview::OverviewPage;
pub(crate) use setup::SetupPage;
pub(crate) use tokens::TokensPage;
pub(crate) use user::UserPage;
pub(crate) use users::UsersPage;

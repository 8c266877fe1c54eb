//! One file a page.

mod account;
mod actions;
mod activity;
mod aggregates;
mod audit;
mod chunks;
mod compression;
mod hypertables;
mod job;
mod jobs;
#[cfg(feature = "ssr")]
mod kept_list;
mod login;
mod not_found;
mod overview;
mod policies;
mod search;
mod setup;
mod table;
mod tokens;
mod user;
mod users;

use domain::page::{TableTab, hypertable_page};

pub(crate) use account::AccountPage;
#[cfg(feature = "ssr")]
pub(crate) use actions::{
    ACTIONS_A_PAGE, ActionAsked, TARGETS_A_PAGE, action_address, draw_action_list, draw_action_preview_of,
    draw_action_question, draw_action_run, draw_kept_policies, draw_retention_of, draw_unfit_action,
    draw_unread_action,
};
pub(crate) use actions::{
    ActionPage, ActionsPage, AggregateActions, JobActions, MOST_CHOSEN, NewActionPage, RetentionPage,
    TableActions,
};
pub(crate) use activity::ActivityPage;
pub(crate) use aggregates::AggregatesPage;
pub(crate) use audit::AuditLogPage;
pub(crate) use chunks::ChunksPage;
pub(crate) use compression::CompressionPage;
pub(crate) use hypertables::HypertablesPage;
pub(crate) use job::JobPage;
pub(crate) use jobs::JobsPage;
#[cfg(feature = "ssr")]
use kept_list::KeptList;
pub(crate) use login::LoginPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use overview::OverviewPage;
#[cfg(feature = "ssr")]
pub(crate) use overview::draw_overview;
#[cfg(feature = "ssr")]
pub(crate) use policies::{
    CHANGES_A_PAGE, PolicyFormAsked, draw_change, draw_form, draw_policy_list, policy_form_address,
};
pub(crate) use policies::{PoliciesPage, PolicyChangePage, PolicyFormPage};
pub(crate) use search::SearchPage;
pub(crate) use setup::SetupPage;
pub(crate) use table::{
    TableChunksPage, TableCompressionPage, TableFrame, TableJobsPage, TableOverviewPage, TablePoliciesPage,
};
pub(crate) use tokens::TokensPage;
pub(crate) use user::UserPage;
pub(crate) use users::UsersPage;

/// The address of a hypertable's page: by the name of the continuous aggregate whose results lie in it, if any.
fn table_address(database: &str, table: &domain::hypertable::Hypertable) -> String {
    let name = table.materializes.clone().unwrap_or_else(|| table.table_name());
    hypertable_page(database, &name, TableTab::Overview)
}

//! Server functions: guard first, then the backend, then `domain` types. One file a noun.

#![expect(
    missing_docs,
    reason = "the fields of the structs that #[server] makes are the arguments it documents"
)]
#![allow(
    clippy::unused_async,
    reason = "a server function is async whatever its body does"
)]

mod account;
mod actions;
mod activity;
mod aggregates;
#[cfg(feature = "ssr")]
mod arrival;
mod audit;
mod charts;
mod chunks;
mod compression;
mod frame;
#[cfg(feature = "ssr")]
mod guard;
mod hypertables;
mod jobs;
mod link;
mod notice;
mod overview;
mod policies;
mod psql;
mod refresh;
mod retention;
mod search;
mod session;
pub(crate) mod theme;
mod tokens;
mod users;

pub use account::{
    ChangePassword, EndAllSessions, EndSession, ListOwnSessions, NoteUse, change_password, end_all_sessions,
    end_session, list_own_sessions, note_use,
};
pub use actions::{
    CancelAction, DrawAction, DrawActionPreview, DrawActions, StartAction, cancel_action, draw_action,
    draw_action_preview, draw_actions, start_action,
};
pub use activity::{LoadActivity, load_activity};
pub use aggregates::{ListAggregates, list_aggregates};
pub use audit::{ListAudit, list_audit};
pub use charts::{
    ChunkFigures, DrawChunks, DrawCompression, DrawIngest, DrawSizes, DrawStorage, DrawTables, LONGEST_LIMIT,
    SizeFigure, draw_chunks, draw_compression, draw_ingest, draw_sizes, draw_storage, draw_tables,
};
pub use chunks::{ListChunks, list_chunks};
pub use compression::{ListCompression, list_compression};
pub use frame::{Frame, LoadFrame, LoadStatus, load_frame, load_status};
pub use hypertables::{ListHypertables, LoadHypertable, list_hypertables, load_hypertable};
pub use jobs::{DrawRuns, ListJobs, LoadJob, draw_runs, list_jobs, load_job};
pub use link::{CheckLink, ChoosePassword, LinkState, SetUp, check_link, choose_password, set_up};
pub use notice::{DoneNotice, TakeNotice, take_notice};
pub use overview::{DrawnOverview, LoadOverview, load_overview};
pub use policies::{
    ApplyDeclared, ApplyPolicy, DrawPolicies, DrawPolicyChange, DrawPolicyForm, DrawnPolicyForm,
    DrawnPreview, apply_declared, apply_policy, draw_policies, draw_policy_change, draw_policy_form,
};
pub use psql::{PsqlStatement, psql_statement};
pub use refresh::{RefreshDatabase, refresh_database};
pub use retention::{
    CancelRetention, DrawKeptPolicies, DrawRetention, RunRetention, cancel_retention, draw_kept_policies,
    draw_retention, run_retention,
};
pub use search::{Search, search};
pub use session::{SignIn, SignOut, sign_in, sign_out};
pub use theme::{SetTheme, Theme, set_theme};
pub use tokens::{CreateToken, ListTokens, RevokeToken, create_token, list_tokens, revoke_token};
pub use users::{
    ChangeRole, DisableUser, EnableUser, EndEveryonesSessions, EndUserSessions, InviteUser, ListUsers,
    LoadUser, ResetPassword, change_role, disable_user, enable_user, end_everyones_sessions,
    end_user_sessions, invite_user, list_users, load_user, reset_password,
};

/// What was sent could not be understood.
#[cfg(feature = "ssr")]
pub(crate) fn bad_request() -> crate::error::AppError {
    guard::refuse(http::StatusCode::BAD_REQUEST, crate::error::AppError::BadRequest)
}

/// The value of a cookie of the request.
#[cfg(feature = "ssr")]
fn cookie(name: &str) -> Option<String> {
    leptos::prelude::use_context::<http::request::Parts>().and_then(|parts| {
        parts
            .headers
            .get_all(http::header::COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    })
}

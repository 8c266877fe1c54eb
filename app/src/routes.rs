//! Which page is at which address.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::{ConsoleFrame, DatabaseFrame, LostFrame};
use crate::pages::{
    AccountPage, AuditLogPage, HypertablesPage, LoginPage, NotFoundPage, OverviewPage, SetupPage, TokensPage,
    UserPage, UsersPage,
};

/// The app. Pages behind the login are rendered whole, so that they have the right status and need no JavaScript.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <LostFrame><NotFoundPage /></LostFrame> }>
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/setup") view=SetupPage ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=ConsoleFrame ssr=SsrMode::Async>
                    <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async />
                    <Route path=path!("/users") view=UsersPage ssr=SsrMode::Async />
                    <Route path=path!("/users/:name") view=UserPage ssr=SsrMode::Async />
                    <Route path=path!("/tokens") view=TokensPage ssr=SsrMode::Async />
                    <Route path=path!("/audit") view=AuditLogPage ssr=SsrMode::Async />
                </ParentRoute>
                <ParentRoute path=path!("/db/:database") view=DatabaseFrame ssr=SsrMode::Async>
                    <Route path=path!("") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("/hypertables") view=HypertablesPage ssr=SsrMode::Async />
                    <Route path=path!("/*any") view=NotFoundPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

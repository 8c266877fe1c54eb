//! Which page is at which address, and in which part of the code the browser finds it.
//!
//! The frame and the Overview come first. Everything else is in three parts that are loaded when a page of theirs is
//! opened: tables, operations, administration.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{ChooseView, SsrMode, path};

use crate::components::{ConsoleFrame, DatabaseFrame, LostFrame};
use crate::pages::{
    AccountPage, ActionPage, ActionsPage, ActivityPage, AggregatesPage, AuditLogPage, ChunksPage,
    CompressionPage, HypertablesPage, JobPage, JobsPage, LoginPage, NewActionPage, NotFoundPage,
    OverviewPage, PoliciesPage, PolicyChangePage, PolicyFormPage, RetentionPage, SearchPage, SetupPage,
    TableChunksPage, TableCompressionPage, TableFrame, TableJobsPage, TableOverviewPage, TablePoliciesPage,
    TokensPage, UserPage, UsersPage,
};

/// What is at an address. One type for all of them: the router's code is in the browser once for each.
#[derive(Debug, Clone, Copy)]
enum Page {
    /// Comes with the frame.
    Here(fn() -> AnyView),
    Table(TablePart),
    Operations(OperationsPart),
    Administration(AdministrationPart),
}

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        match self {
            Self::Here(draw) => draw(),
            Self::Table(page) => draw_table_page(page).await,
            Self::Operations(page) => draw_operations_page(page).await,
            Self::Administration(page) => draw_administration_page(page).await,
        }
    }

    async fn preload(&self) {
        #[cfg(feature = "hydrate")]
        match self {
            Self::Here(_) => {}
            Self::Table(_) => __preload_draw_table_page().await,
            Self::Operations(_) => __preload_draw_operations_page().await,
            Self::Administration(_) => __preload_draw_administration_page().await,
        }
    }
}

/// A part of the code: its pages, and one function that draws any of them. A function of its own for each page would be a
/// file of its own for each.
macro_rules! part {
    ($(#[$doc:meta])* $part:ident, $draw:ident: $($route:ident => $page:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        enum $part {
            $($route),+
        }

        #[lazy]
        fn $draw(page: $part) -> AnyView {
            match page {
                $($part::$route => view! { <$page /> }.into_any()),+
            }
        }
    };
}

part!(
    /// Tables and their chunks.
    TablePart, draw_table_page:
    Hypertables => HypertablesPage,
    Table => TableFrame,
    TableOverview => TableOverviewPage,
    TableChunks => TableChunksPage,
    TableCompression => TableCompressionPage,
    TablePolicies => TablePoliciesPage,
    TableJobs => TableJobsPage,
    PolicyForm => PolicyFormPage,
    Policies => PoliciesPage,
    PolicyChange => PolicyChangePage,
    Chunks => ChunksPage,
    Compression => CompressionPage,
);

part!(
    /// What runs on the server.
    OperationsPart, draw_operations_page:
    Jobs => JobsPage,
    Job => JobPage,
    Aggregates => AggregatesPage,
    Activity => ActivityPage,
    Search => SearchPage,
    NewAction => NewActionPage,
    Action => ActionPage,
    Actions => ActionsPage,
    Retention => RetentionPage,
);

part!(
    /// Who may use the console.
    AdministrationPart, draw_administration_page:
    Login => LoginPage,
    SetUp => SetupPage,
    Account => AccountPage,
    Users => UsersPage,
    User => UserPage,
    Tokens => TokensPage,
    AuditLog => AuditLogPage,
);

/// The app. Pages behind the login are rendered whole, so that they have the right status and need no JavaScript.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <LostFrame><NotFoundPage /></LostFrame> }>
                <Route path=path!("/login") view=Page::Administration(AdministrationPart::Login) ssr=SsrMode::Async />
                <Route path=path!("/setup") view=Page::Administration(AdministrationPart::SetUp) ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Page::Here(|| view! { <ConsoleFrame /> }.into_any()) ssr=SsrMode::Async>
                    <Route path=path!("/account") view=Page::Administration(AdministrationPart::Account) ssr=SsrMode::Async />
                    <Route path=path!("/users") view=Page::Administration(AdministrationPart::Users) ssr=SsrMode::Async />
                    <Route path=path!("/users/:name") view=Page::Administration(AdministrationPart::User) ssr=SsrMode::Async />
                    <Route path=path!("/tokens") view=Page::Administration(AdministrationPart::Tokens) ssr=SsrMode::Async />
                    <Route path=path!("/audit") view=Page::Administration(AdministrationPart::AuditLog) ssr=SsrMode::Async />
                </ParentRoute>
                <ParentRoute path=path!("/db/:database") view=Page::Here(|| view! { <DatabaseFrame /> }.into_any()) ssr=SsrMode::Async>
                    <Route path=path!("") view=Page::Here(|| view! { <OverviewPage /> }.into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/hypertables") view=Page::Table(TablePart::Hypertables) ssr=SsrMode::Async />
                    <ParentRoute path=path!("/hypertables/:schema/:name") view=Page::Table(TablePart::Table) ssr=SsrMode::Async>
                        <Route path=path!("") view=Page::Table(TablePart::TableOverview) ssr=SsrMode::Async />
                        <Route path=path!("/chunks") view=Page::Table(TablePart::TableChunks) ssr=SsrMode::Async />
                        <Route path=path!("/compression") view=Page::Table(TablePart::TableCompression) ssr=SsrMode::Async />
                        <Route path=path!("/policies") view=Page::Table(TablePart::TablePolicies) ssr=SsrMode::Async />
                        <Route path=path!("/policies/change") view=Page::Table(TablePart::PolicyForm) ssr=SsrMode::Async />
                        <Route path=path!("/jobs") view=Page::Table(TablePart::TableJobs) ssr=SsrMode::Async />
                    </ParentRoute>
                    <Route path=path!("/chunks") view=Page::Table(TablePart::Chunks) ssr=SsrMode::Async />
                    <Route path=path!("/compression") view=Page::Table(TablePart::Compression) ssr=SsrMode::Async />
                    <Route path=path!("/policies") view=Page::Table(TablePart::Policies) ssr=SsrMode::Async />
                    // For tables whose name a browser takes for a step in the path.
                    <Route path=path!("/policies/change") view=Page::Table(TablePart::PolicyForm) ssr=SsrMode::Async />
                    <Route path=path!("/policies/retention") view=Page::Operations(OperationsPart::Retention) ssr=SsrMode::Async />
                    <Route path=path!("/policies/changes/:id") view=Page::Table(TablePart::PolicyChange) ssr=SsrMode::Async />
                    <Route path=path!("/policies/retention/:schema/:name") view=Page::Operations(OperationsPart::Retention) ssr=SsrMode::Async />
                    <Route path=path!("/actions") view=Page::Operations(OperationsPart::Actions) ssr=SsrMode::Async />
                    <Route path=path!("/actions/preview") view=Page::Operations(OperationsPart::NewAction) ssr=SsrMode::Async />
                    <Route path=path!("/actions/runs/:id") view=Page::Operations(OperationsPart::Action) ssr=SsrMode::Async />
                    <Route path=path!("/search") view=Page::Operations(OperationsPart::Search) ssr=SsrMode::Async />
                    <Route path=path!("/jobs") view=Page::Operations(OperationsPart::Jobs) ssr=SsrMode::Async />
                    <Route path=path!("/jobs/:id") view=Page::Operations(OperationsPart::Job) ssr=SsrMode::Async />
                    <Route path=path!("/aggregates") view=Page::Operations(OperationsPart::Aggregates) ssr=SsrMode::Async />
                    <Route path=path!("/activity") view=Page::Operations(OperationsPart::Activity) ssr=SsrMode::Async />
                    <Route path=path!("/*any") view=Page::Here(|| view! { <NotFoundPage /> }.into_any()) ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

//! Who may do what: every page, endpoint and server function there is, crossed with everybody who could ask.
//!
//! The addresses are enumerated by the router itself; one that is missing in the table below, or stands in it without
//! being there, fails the test.

mod support;

use axum::body::Body;
use domain::audit::{Action, AuditQuery};
use domain::role::{Permission, Role};
use http::{Request, StatusCode, header};
use support::{ORIGIN, PASSWORD, Site, form_post, json_post, page};

/// How an address is asked for.
#[derive(Debug, Clone, Copy)]
enum Ask {
    /// A page at this path.
    Page(&'static str),
    /// `GET` of a program.
    Get(&'static str),
    /// A server function that reads, with this query.
    Query(&'static str),
    /// A server function with this form.
    Form(&'static str),
    /// A server function with this JSON.
    Json(&'static str),
    /// `POST` of a program at this path, with this JSON.
    Post(&'static str, &'static str),
}

/// What an address demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    This(Permission),
}

struct Case {
    address: &'static str,
    ask: Ask,
    needs: Needs,
    /// What an administrator's call leaves in the audit trail; `None` for what changes nothing that is worth a line.
    leaves: Option<Action>,
}

const fn case(address: &'static str, ask: Ask, needs: Permission) -> Case {
    Case {
        address,
        ask,
        needs: Needs::This(needs),
        leaves: None,
    }
}

const fn change(address: &'static str, form: &'static str, needs: Permission, leaves: Action) -> Case {
    Case {
        address,
        ask: Ask::Form(form),
        needs: Needs::This(needs),
        leaves: Some(leaves),
    }
}

const fn open(address: &'static str, ask: Ask) -> Case {
    Case {
        address,
        ask,
        needs: Needs::Nothing,
        leaves: None,
    }
}

const QUERY: &str =
    r#"{"query":{"filter":"","sort":"name","direction":"ascending","page":1,"page_size":25}}"#;

#[expect(clippy::too_many_lines, reason = "one line an address")]
/// Every address, what a request to it looks like, and what it needs.
fn cases() -> Vec<Case> {
    use Ask::{Form, Get, Json, Page, Post, Query};
    use Permission::{
        ChangePolicies, ManageOwnAccount, ManageUsers, OperateJobs, Refresh, ViewAudit, ViewConfiguration,
        ViewDetails, ViewStatus,
    };

    vec![
        // Pages.
        open("/login", Page("/login")),
        open("/setup", Page("/setup?token=x")),
        case("/", Page("/"), ViewStatus),
        case("/db/{database}", Page("/db/factory"), ViewStatus),
        case(
            "/db/{database}/hypertables",
            Page("/db/factory/hypertables"),
            ViewDetails,
        ),
        case("/db/{database}/jobs", Page("/db/factory/jobs"), ViewDetails),
        case(
            "/db/{database}/jobs/{id}",
            Page("/db/factory/jobs/1000"),
            ViewDetails,
        ),
        case(
            "/db/{database}/aggregates",
            Page("/db/factory/aggregates"),
            ViewDetails,
        ),
        case(
            "/db/{database}/activity",
            Page("/db/factory/activity"),
            ViewDetails,
        ),
        case(
            "/db/{database}/search",
            Page("/db/factory/search?q=oee"),
            ViewDetails,
        ),
        case(
            "/db/{database}/hypertables/{schema}/{name}",
            Page("/db/factory/hypertables/public/metric_hist"),
            ViewDetails,
        ),
        case(
            "/db/{database}/hypertables/{schema}/{name}/chunks",
            Page("/db/factory/hypertables/public/metric_hist/chunks"),
            ViewDetails,
        ),
        case(
            "/db/{database}/hypertables/{schema}/{name}/compression",
            Page("/db/factory/hypertables/public/metric_hist/compression"),
            ViewDetails,
        ),
        case(
            "/db/{database}/hypertables/{schema}/{name}/policies",
            Page("/db/factory/hypertables/public/metric_hist/policies"),
            ViewDetails,
        ),
        case(
            "/db/{database}/hypertables/{schema}/{name}/policies/change",
            Page("/db/factory/hypertables/public/metric_hist/policies/change"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/policies",
            Page("/db/factory/policies"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/policies/change",
            Page("/db/factory/policies/change?table=public.%22..%22"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/policies/retention",
            Page("/db/factory/policies/retention?table=public.%22..%22"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/policies/changes/{id}",
            Page("/db/factory/policies/changes/1"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/policies/retention/{schema}/{name}",
            Page("/db/factory/policies/retention/public/metric_hist"),
            ChangePolicies,
        ),
        case("/db/{database}/actions", Page("/db/factory/actions"), OperateJobs),
        case(
            "/db/{database}/actions/preview",
            Page("/db/factory/actions/preview?action=refresh&aggregate=public.oee_daily"),
            OperateJobs,
        ),
        case(
            "/db/{database}/actions/runs/{id}",
            Page("/db/factory/actions/runs/1"),
            OperateJobs,
        ),
        case(
            "/db/{database}/hypertables/{schema}/{name}/jobs",
            Page("/db/factory/hypertables/public/metric_hist/jobs"),
            ViewDetails,
        ),
        case("/db/{database}/chunks", Page("/db/factory/chunks"), ViewDetails),
        case(
            "/db/{database}/compression",
            Page("/db/factory/compression"),
            ViewDetails,
        ),
        case(
            "/db/{database}/{*any}",
            Page("/db/factory/nothing-here"),
            ViewStatus,
        ),
        case("/account", Page("/account"), ManageOwnAccount),
        case("/users", Page("/users"), ManageUsers),
        case("/users/{name}", Page("/users/subject"), ManageUsers),
        case("/tokens", Page("/tokens"), ManageUsers),
        case("/audit", Page("/audit"), ViewAudit),
        // Endpoints.
        open("/health", Get("/health")),
        case("/audit/export.{format}", Get("/audit/export.csv"), ViewAudit),
        case("/events/{database}", Get("/events/factory"), ViewStatus),
        case(
            "/db/{database}/export/{list}",
            Get("/db/factory/export/chunks.csv?table=public.oee"),
            ViewDetails,
        ),
        case(
            "/db/{database}/export/{list}",
            Get("/db/factory/export/changes.csv"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/export/{list}",
            Get("/db/factory/export/actions.json"),
            OperateJobs,
        ),
        case(
            "/db/{database}/export/{list}",
            Get("/db/factory/export/retention-runs.csv"),
            ChangePolicies,
        ),
        case(
            "/db/{database}/export/policies.toml",
            Get("/db/factory/export/policies.toml"),
            ChangePolicies,
        ),
        case("/export/{list}", Get("/export/tokens.json"), ManageUsers),
        case(
            "/api/v1/monitoring/health",
            Get("/api/v1/monitoring/health"),
            ViewStatus,
        ),
        case(
            "/api/v1/monitoring/health/database",
            Get("/api/v1/monitoring/health/database"),
            ViewStatus,
        ),
        case(
            "/api/v1/monitoring/health/timescaledb",
            Get("/api/v1/monitoring/health/timescaledb"),
            ViewStatus,
        ),
        case(
            "/api/v1/monitoring/status/timescaledb",
            Get("/api/v1/monitoring/status/timescaledb"),
            ViewStatus,
        ),
        case(
            "/api/v1/monitoring/metrics/hypertables",
            Get("/api/v1/monitoring/metrics/hypertables"),
            ViewDetails,
        ),
        case(
            "/api/v1/monitoring/metrics/compression",
            Get("/api/v1/monitoring/metrics/compression"),
            ViewDetails,
        ),
        case(
            "/api/v1/monitoring/metrics/chunks",
            Get("/api/v1/monitoring/metrics/chunks"),
            ViewDetails,
        ),
        case(
            "/api/v1/monitoring/configuration",
            Get("/api/v1/monitoring/configuration"),
            ViewConfiguration,
        ),
        case(
            "/api/v1/policies/plan",
            Post(
                "/api/v1/policies/plan",
                r#"{"table":"public.metric_hist","fields":{}}"#,
            ),
            ChangePolicies,
        ),
        case(
            "/api/v1/policies/apply",
            Post(
                "/api/v1/policies/apply",
                r#"{"table":"public.metric_hist","fields":{},"fingerprint":"x"}"#,
            ),
            ChangePolicies,
        ),
        case(
            "/api/v1/policies/revisions",
            Get("/api/v1/policies/revisions"),
            ChangePolicies,
        ),
        case(
            "/api/v1/policies/revisions/{id}",
            Get("/api/v1/policies/revisions/1"),
            ChangePolicies,
        ),
        case(
            "/api/v1/policies/revisions/{id}/undo",
            Post("/api/v1/policies/revisions/1/undo", r#"{"fingerprint":"x"}"#),
            ChangePolicies,
        ),
        open("/api/v1/openapi.json", Get("/api/v1/openapi.json")),
        open("/api/v1/docs", Get("/api/v1/docs")),
        open("/api/v1/docs/", Get("/api/v1/docs/")),
        open("/api/v1/docs/{file}", Get("/api/v1/docs/swagger-ui.css")),
        // Server functions: before the login.
        open("/fn/sign_in", Form("name=nobody&password=not+the+password")),
        open("/fn/check_link", Form("token=x")),
        open("/fn/set_up", Form("token=x&name=x&password=x&again=x")),
        open("/fn/choose_password", Form("token=x&password=x&again=x")),
        // Server functions that read.
        case("/fn/load_frame", Query("database=factory"), ViewStatus),
        case("/fn/load_status", Query("database=factory"), ViewStatus),
        case("/fn/load_overview", Query("database=factory"), ViewStatus),
        case(
            "/fn/list_hypertables",
            Json(
                r#"{"database":"factory","query":{"filter":"","sort":"name","direction":"ascending","page":1,"page_size":25}}"#,
            ),
            ViewDetails,
        ),
        case(
            "/fn/load_hypertable",
            Json(r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"}}"#),
            ViewDetails,
        ),
        case(
            "/fn/list_chunks",
            Json(
                r#"{"database":"factory","query":{"filter":"","sort":"size","direction":"descending","page":1,"page_size":25}}"#,
            ),
            ViewDetails,
        ),
        case(
            "/fn/list_jobs",
            Json(
                r#"{"database":"factory","query":{"filter":"","sort":"outcome","direction":"descending","page":1,"page_size":25}}"#,
            ),
            ViewDetails,
        ),
        case(
            "/fn/list_compression",
            Json(
                r#"{"database":"factory","query":{"filter":"","sort":"size","direction":"descending","page":1,"page_size":25}}"#,
            ),
            ViewDetails,
        ),
        case(
            "/fn/draw_sizes",
            Json(
                r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"},"range":"30d","limit":""}"#,
            ),
            ViewDetails,
        ),
        case(
            "/fn/draw_storage",
            Json(r#"{"database":"factory","range":"30d","limit":""}"#),
            ViewStatus,
        ),
        case(
            "/fn/draw_ingest",
            Json(r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"},"range":"30d"}"#),
            ViewDetails,
        ),
        case(
            "/fn/draw_chunks",
            Json(r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"},"window":null}"#),
            ViewDetails,
        ),
        case(
            "/fn/draw_compression",
            Json(r#"{"database":"factory"}"#),
            ViewDetails,
        ),
        case("/fn/draw_tables", Json(r#"{"database":"factory"}"#), ViewDetails),
        case(
            "/fn/load_job",
            Json(r#"{"database":"factory","id":1000}"#),
            ViewDetails,
        ),
        case(
            "/fn/draw_runs",
            Json(r#"{"database":"factory","job":null,"range":{"last":"24h"}}"#),
            ViewDetails,
        ),
        case(
            "/fn/list_aggregates",
            Json(
                r#"{"database":"factory","query":{"filter":"","sort":"view","direction":"ascending","page":1,"page_size":25}}"#,
            ),
            ViewDetails,
        ),
        case("/fn/load_activity", Query("database=factory"), ViewDetails),
        case(
            "/fn/psql_statement",
            Json(r#"{"database":"factory","statement":"overview","table":null}"#),
            ViewStatus,
        ),
        case("/fn/search", Query("database=factory&query=oee"), ViewDetails),
        case(
            "/fn/draw_policy_form",
            Json(r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"},"said":[]}"#),
            ChangePolicies,
        ),
        case(
            "/fn/draw_policy_change",
            Json(r#"{"database":"factory","id":1}"#),
            ChangePolicies,
        ),
        case(
            "/fn/draw_policies",
            Json(r#"{"database":"factory","table":null,"before":null}"#),
            ChangePolicies,
        ),
        // What these change is refused before anything begins: the database of this test cannot be changed.
        case(
            "/fn/apply_policy",
            Form("database=factory&table=public.metric_hist&fingerprint=x&fields[drop_after]=90+days"),
            ChangePolicies,
        ),
        case(
            "/fn/apply_declared",
            Form("database=factory&which=all&seen[0]=public.metric_hist%3Dx"),
            ChangePolicies,
        ),
        case(
            "/fn/draw_action_preview",
            Json(r#"{"database":"factory","said":[["action","refresh"],["aggregate","public.oee_daily"]]}"#),
            OperateJobs,
        ),
        case(
            "/fn/draw_action",
            Json(r#"{"database":"factory","id":1,"page":1}"#),
            OperateJobs,
        ),
        case(
            "/fn/draw_actions",
            Json(r#"{"database":"factory","table":null,"before":null}"#),
            OperateJobs,
        ),
        case(
            "/fn/start_action",
            Form(
                "database=factory&fingerprint=x&request=%7B%22action%22%3A%7B%22action%22%3A%22refresh%22%2C%22from%22%3A%22%22%2C%22to%22%3A%22%22%7D%2C%22targets%22%3A%5B%7B%22aggregate%22%3A%7B%22schema%22%3A%22public%22%2C%22name%22%3A%22oee_daily%22%7D%7D%5D%7D",
            ),
            OperateJobs,
        ),
        // The same address, and what needs more: dropping is no operating.
        case(
            "/fn/start_action",
            Form(
                "database=factory&fingerprint=x&request=%7B%22action%22%3A%7B%22action%22%3A%22drop_older_than%22%2C%22older_than%22%3A%2290+days%22%7D%2C%22targets%22%3A%5B%7B%22table%22%3A%7B%22schema%22%3A%22public%22%2C%22name%22%3A%22metric_hist%22%7D%7D%5D%7D",
            ),
            ChangePolicies,
        ),
        case("/fn/cancel_action", Form("database=factory&id=1"), OperateJobs),
        case(
            "/fn/draw_kept_policies",
            Json(r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"}}"#),
            ViewDetails,
        ),
        case(
            "/fn/draw_retention",
            Json(
                r#"{"database":"factory","table":{"schema":"public","name":"metric_hist"},"dry_run":false,"before":null}"#,
            ),
            ChangePolicies,
        ),
        case(
            "/fn/run_retention",
            Form("database=factory&table=public.metric_hist&typed_name=metric_hist"),
            ChangePolicies,
        ),
        case(
            "/fn/cancel_retention",
            Form("database=factory&table=public.metric_hist&id=1"),
            ChangePolicies,
        ),
        case("/fn/list_own_sessions", Query(""), ManageOwnAccount),
        case("/fn/list_users", Json(QUERY), ManageUsers),
        case("/fn/load_user", Query("name=subject"), ManageUsers),
        case("/fn/list_tokens", Json(QUERY), ManageUsers),
        case("/fn/list_audit", Json(r#"{"parameters":[]}"#), ViewAudit),
        // Server functions that change nothing worth a line: a cookie of one's own, a reading that comes anyway.
        case("/fn/set_theme", Form("theme=dark"), ManageOwnAccount),
        case("/fn/take_notice", Form(""), ManageOwnAccount),
        case("/fn/note_use", Form(""), ManageOwnAccount),
        case("/fn/refresh_database", Form("database=factory"), Refresh),
        // Server functions that change.
        change("/fn/sign_out", "", ManageOwnAccount, Action::SignOut),
        change(
            "/fn/end_session",
            "id=0&password=correct+horse+battery",
            ManageOwnAccount,
            Action::EndSession,
        ),
        change(
            "/fn/end_all_sessions",
            "password=correct+horse+battery",
            ManageOwnAccount,
            Action::EndAllSessions,
        ),
        change(
            "/fn/change_password",
            "old=correct+horse+battery&password=another+good+sentence&again=another+good+sentence",
            ManageOwnAccount,
            Action::ChangePassword,
        ),
        change(
            "/fn/invite_user",
            "name=new&role=viewer",
            ManageUsers,
            Action::InviteUser,
        ),
        change(
            "/fn/change_role",
            "name=subject&role=operator",
            ManageUsers,
            Action::ChangeRole,
        ),
        change(
            "/fn/disable_user",
            "name=subject",
            ManageUsers,
            Action::DisableUser,
        ),
        change("/fn/enable_user", "name=subject", ManageUsers, Action::EnableUser),
        change(
            "/fn/end_user_sessions",
            "name=subject",
            ManageUsers,
            Action::EndAllSessions,
        ),
        change(
            "/fn/reset_password",
            "name=subject",
            ManageUsers,
            Action::ResetPassword,
        ),
        change(
            "/fn/create_token",
            "name=new&role=viewer&days=1",
            ManageUsers,
            Action::CreateToken,
        ),
        change("/fn/revoke_token", "id=1", ManageUsers, Action::RevokeToken),
        // Last, for it ends the sessions of those who are disabled too.
        change(
            "/fn/end_everyones_sessions",
            "password=correct+horse+battery",
            ManageUsers,
            Action::EndAllSessions,
        ),
    ]
}

fn request(case: &Case, session: Option<&str>) -> Request<Body> {
    match case.ask {
        Ask::Page(path) => page(path, session),
        Ask::Form(form) => form_post(case.address, form, session),
        Ask::Json(json) => json_post(case.address, json, session),
        Ask::Post(path, json) => json_post(path, json, session),
        Ask::Get(_) | Ask::Query(_) => {
            let path = match case.ask {
                Ask::Get(path) => path.to_owned(),
                Ask::Query(query) => format!("{}?{query}", case.address),
                _ => unreachable!(),
            };
            let mut builder = Request::get(path).header(header::ACCEPT, "application/json");
            if let Some(session) = session {
                builder = builder.header(header::COOKIE, format!("__Host-tidemark={session}"));
            }
            builder.body(Body::empty()).expect("a request")
        }
    }
}

/// Who is not signed in is sent to the login by a page, and answered 401 by anything else.
fn is_turned_away(case: &Case, status: StatusCode, location: &str) -> bool {
    match case.ask {
        Ask::Page(_) => status == StatusCode::SEE_OTHER && location.starts_with("/login"),
        _ => status == StatusCode::UNAUTHORIZED,
    }
}

#[test]
fn every_address_has_a_case() {
    let known: Vec<&str> = cases().iter().map(|case| case.address).collect();
    let there = server::router::addresses();
    let missing: Vec<_> = there
        .iter()
        .filter(|address| !known.contains(&address.as_str()))
        .collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
    let stale: Vec<_> = known
        .iter()
        .filter(|address| !there.iter().any(|one| one == *address))
        .collect();
    assert!(stale.is_empty(), "not there: {stale:?}; there is {there:?}");
}

#[tokio::test]
async fn everybody_gets_what_the_permission_says_and_nothing_else() {
    let site = Site::new().await;
    for (name, role) in [
        ("late", Role::Admin),
        ("shut", Role::Admin),
        ("kept", Role::Admin),
        ("viewer", Role::Viewer),
        ("operator", Role::Operator),
        ("admin", Role::Admin),
        ("subject", Role::Viewer),
    ] {
        site.add_user(name, role).await;
    }
    site.token("first", Role::Viewer).await;
    let managing = Site::command_line(Permission::ManageUsers);

    // A session that began more than twelve hours ago, and one whose user was disabled.
    site.advance(-13 * 3600);
    let expired = site.sign_in("late").await;
    site.advance(13 * 3600);
    let disabled = site.sign_in("shut").await;
    site.console
        .disable_user(&managing, &"shut".parse().expect("a name"))
        .await
        .expect("disabled");
    // The same without the session's end: whoever is disabled is nobody, even in a session that is still there.
    let kept = site.sign_in("kept").await;
    site.execute("update users set disabled_at_ms = 1 where name = 'kept'")
        .await;

    for case in cases() {
        let outsiders = [
            ("anonymous", None),
            ("expired", Some(expired.as_str())),
            ("disabled and signed out", Some(disabled.as_str())),
            ("disabled", Some(kept.as_str())),
            ("made up", Some("AAAAAAAAAAAAAAAAAAAAAA")),
        ];
        for (who, session) in outsiders {
            let answer = site.send(request(&case, session)).await;
            let is_away = is_turned_away(&case, answer.status, answer.header("location"));
            if let Needs::This(_) = case.needs {
                assert!(
                    is_away,
                    "{who} at {}: {} {}",
                    case.address, answer.status, answer.body
                );
            } else if case.address != "/fn/sign_in" {
                assert!(!is_away, "{who} at {}: {}", case.address, answer.status);
            }
        }
        for role in Role::ALL {
            // A session of its own for each call: some of them end it.
            let session = site.sign_in(role.as_str()).await;
            let action = AuditQuery {
                action: case.leaves,
                actor: role.as_str().to_owned(),
                ..AuditQuery::default()
            };
            let before = site.audit(&action).await.len();
            let answer = site.send(request(&case, Some(&session))).await;
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            let is_away = is_turned_away(&case, answer.status, answer.header("location"));
            let place = format!("{role} at {}: {} {}", case.address, answer.status, answer.body);
            match case.needs {
                Needs::This(permission) => {
                    assert!(!is_away || case.address == "/fn/sign_out", "{place}");
                    assert_eq!(is_refused, !role.grants(permission), "{place}");
                    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{place}");
                    if case.leaves.is_some() {
                        let added = site.audit(&action).await.len() - before;
                        assert_eq!(added, usize::from(role.grants(permission)), "{place}");
                    }
                }
                Needs::Nothing => assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{place}"),
            }
            if case.address == "/fn/change_password" {
                site.console
                    .set_password(
                        &managing,
                        &role.as_str().parse().expect("a name"),
                        &PASSWORD.into(),
                    )
                    .await
                    .expect("set back");
            }
        }
    }
}

#[tokio::test]
async fn a_token_opens_the_endpoints_its_role_opens_and_nothing_but_endpoints() {
    let site = Site::new().await;
    for role in Role::ALL {
        let token = site.token(role.as_str(), role).await;
        for case in cases() {
            let mut request = request(&case, None);
            request.headers_mut().insert(
                header::AUTHORIZATION,
                format!("Bearer {token}").parse().expect("a header"),
            );
            let answer = site.send(request).await;
            let place = format!("{role} at {}: {} {}", case.address, answer.status, answer.body);
            let Needs::This(permission) = case.needs else {
                continue;
            };
            if case.address.starts_with("/api/") {
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{place}");
                assert_eq!(
                    answer.status == StatusCode::FORBIDDEN,
                    !role.grants(permission),
                    "{place}"
                );
            } else {
                assert!(
                    is_turned_away(&case, answer.status, answer.header("location")),
                    "{place}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_change_needs_the_consoles_own_origin_whoever_asks() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for case in cases() {
        let (Ask::Form(_) | Ask::Json(_)) = case.ask else {
            continue;
        };
        for origin in [
            None,
            Some("null"),
            Some("http://evil.example"),
            Some("http://127.0.0.1:3000.evil.example"),
        ] {
            let mut request = request(&case, Some(&session));
            request.headers_mut().remove(header::ORIGIN);
            if let Some(origin) = origin {
                request
                    .headers_mut()
                    .insert(header::ORIGIN, origin.parse().expect("a header"));
            }
            // A token of the form's own choosing does not help outside the API.
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, "Bearer tdm_x".parse().expect("a header"));
            let answer = site.send(request).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{} from {origin:?}",
                case.address
            );
        }
        let get = Request::get(case.address)
            .header(header::COOKIE, format!("__Host-tidemark={session}"))
            .header(header::ORIGIN, ORIGIN)
            .body(Body::empty())
            .expect("a request");
        let answer = site.send(get).await;
        assert!(
            answer.status.is_client_error(),
            "{} by GET: {}",
            case.address,
            answer.status
        );
    }
}

/// Whoever may start programs on the console's machine may do everything; nothing that answers a request may say so.
#[test]
fn only_commands_and_the_start_take_the_grant_of_the_command_line() {
    fn sources(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for source in ["app/src", "backend/src", "server/src"] {
        sources(&root.join(source), &mut files);
    }
    let mut users: Vec<_> = files
        .into_iter()
        .filter(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("of_command_line")))
        .map(|path| {
            path.strip_prefix(&root)
                .expect("below the root")
                .display()
                .to_string()
        })
        .collect();
    users.sort();
    assert_eq!(
        users,
        [
            "backend/src/auth/guard.rs",
            "server/src/command/state.rs",
            "server/src/serve.rs"
        ]
    );
}

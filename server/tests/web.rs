//! What an attacker tries at the web side, and what comes of it.

mod support;

use axum::body::Body;
use domain::audit::{Action, AuditQuery, Outcome};
use domain::role::{Permission, Role};
use http::{Request, StatusCode, header};
use support::factory::factory;
use support::{ORIGIN, PASSWORD, Site, form_post, json_post, page};

fn sign_in_form(name: &str, password: &str) -> String {
    format!("name={}&password={}", name, password.replace(' ', "+"))
}

#[tokio::test]
async fn a_session_id_that_was_planted_is_worth_nothing_after_signing_in() {
    let site = Site::new().await;
    site.add_user("anna", Role::Viewer).await;
    // A real session of the attacker's own, planted in the victim's browser.
    site.add_user("attacker", Role::Viewer).await;
    let planted = site.sign_in("attacker").await;
    let answer = site
        .call("/fn/sign_in", &sign_in_form("anna", PASSWORD), Some(&planted))
        .await;
    let own = answer.cookie("__Host-tidemark").expect("a session");
    assert_ne!(own, planted);
    assert_eq!(
        site.page("/account", Some(&planted)).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(site.page("/account", Some(&own)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_cookies_carry_every_flag_and_the_host_prefix() {
    let site = Site::new().await;
    site.add_user("anna", Role::Viewer).await;
    let answer = site
        .call("/fn/sign_in", &sign_in_form("anna", PASSWORD), None)
        .await;
    let cookies: Vec<_> = answer
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-tidemark"), "{cookie}");
        for flag in ["Secure", "HttpOnly", "Path=/", "SameSite="] {
            assert!(cookie.contains(flag), "{flag} is missing: {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn a_cookie_replayed_after_signing_out_opens_nothing() {
    let site = Site::new().await;
    site.add_user("anna", Role::Viewer).await;
    let session = site.sign_in("anna").await;
    assert_eq!(
        site.page("/db/factory", Some(&session)).await.status,
        StatusCode::OK
    );
    site.call("/fn/sign_out", "", Some(&session)).await;
    assert_eq!(
        site.page("/db/factory", Some(&session)).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        site.call("/fn/set_theme", "theme=dark", Some(&session))
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn after_signing_in_only_pages_of_the_console_are_opened() {
    let site = Site::new().await;
    site.add_user("anna", Role::Viewer).await;
    for (next, goes_to) in [
        ("/account", "/account"),
        ("//evil.example", "/db/factory"),
        ("https://evil.example/db/x", "/db/factory"),
        ("/db/%0d%0aSet-Cookie:%20x=y", "/db/factory"),
        ("%2F%5Cevil.example", "/db/factory"),
        ("javascript:alert(1)", "/db/factory"),
    ] {
        let form = format!("{}&next={next}", sign_in_form("anna", PASSWORD));
        let mut request = form_post("/fn/sign_in", &form, None);
        request
            .headers_mut()
            .insert(header::ACCEPT, "text/html".parse().expect("a header"));
        let answer = site.send(request).await;
        assert_eq!(answer.header("location"), goes_to, "{next}");
        assert!(answer.cookie("x").is_none());
    }
}

#[tokio::test]
async fn an_oversized_body_is_refused() {
    let site = Site::new().await;
    let form = format!("name=anna&password={}", "x".repeat(300 * 1024));
    let mut request = form_post("/fn/sign_in", &form, None);
    request
        .headers_mut()
        .insert(header::CONTENT_LENGTH, form.len().into());
    assert_eq!(site.send(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Without saying beforehand how long it is.
    let answer = site.call("/fn/sign_in", &form, None).await;
    assert!(
        answer.status.is_client_error(),
        "{} {}",
        answer.status,
        answer.body
    );
}

#[tokio::test]
async fn names_with_line_breaks_or_markup_are_refused_wherever_they_are_typed() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for name in [
        "a%0d%0aSet-Cookie:+x=y",
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "a%00b",
    ] {
        for (path, form) in [
            ("/fn/invite_user", format!("name={name}&role=viewer")),
            ("/fn/create_token", format!("name={name}&role=viewer&days=1")),
            ("/fn/change_role", format!("name={name}&role=viewer")),
            ("/fn/disable_user", format!("name={name}")),
        ] {
            let answer = site.call(path, &form, Some(&session)).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{path} {name}: {}",
                answer.body
            );
            assert!(answer.cookie("x").is_none());
        }
    }
}

/// What people and programs send is shown to administrators: as text, whatever it is.
#[tokio::test]
async fn markup_in_what_is_sent_is_shown_as_text() {
    const MARKUP: &str = "<img src=x onerror=alert(1)>";
    let site = Site::with(&[("TIDEMARK_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    site.add_user("admin", Role::Admin).await;
    let mut request = form_post("/fn/sign_in", &sign_in_form("admin", PASSWORD), None);
    request
        .headers_mut()
        .insert(header::USER_AGENT, MARKUP.parse().expect("a header"));
    request
        .headers_mut()
        .insert("x-forwarded-for", MARKUP.parse().expect("a header"));
    let session = site
        .send(request)
        .await
        .cookie("__Host-tidemark")
        .expect("a session");
    let escaped = MARKUP.replace(' ', "%20").replace('<', "%3C").replace('>', "%3E");
    for path in [
        "/account".to_owned(),
        "/users".to_owned(),
        "/tokens".to_owned(),
        format!("/users?q={escaped}"),
        format!("/tokens?q={escaped}"),
        format!("/audit?person={escaped}&target={escaped}"),
        format!("/audit?from={escaped}"),
        format!("/users/{escaped}"),
        format!("/db/{escaped}"),
        format!("/login?next={escaped}"),
        format!("/setup?token={escaped}"),
        format!("/login?__path=%2Ffn%2Fsign_in&__err={escaped}"),
    ] {
        let answer = site.page(&path, Some(&session)).await;
        assert!(!answer.body.contains("<img src=x"), "{path}: {}", answer.body);
        let policy = answer.header("content-security-policy");
        assert!(
            !policy.is_empty() && !policy.contains("unsafe-inline"),
            "{path}: {policy}"
        );
    }
}

#[tokio::test]
async fn nobody_learns_whether_a_name_exists() {
    let site = Site::new().await;
    site.add_user("anna", Role::Viewer).await;
    let known = site
        .call("/fn/sign_in", &sign_in_form("anna", "wrong horse battery"), None)
        .await;
    let unknown = site
        .call("/fn/sign_in", &sign_in_form("berta", "wrong horse battery"), None)
        .await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.status, StatusCode::UNAUTHORIZED);
    let names = |answer: &support::Answer| {
        let mut names: Vec<_> = answer
            .headers
            .keys()
            .map(|name| name.as_str().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&known), names(&unknown));
    // The same with the limit in force.
    for name in ["anna", "berta"] {
        for _ in 0..9 {
            site.call("/fn/sign_in", &sign_in_form(name, "wrong horse battery"), None)
                .await;
        }
        let limited = site
            .call("/fn/sign_in", &sign_in_form(name, PASSWORD), None)
            .await;
        assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS, "{name}");
        assert!(
            limited
                .header("retry-after")
                .parse::<u32>()
                .is_ok_and(|seconds| (1..=30).contains(&seconds))
        );
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_and_pages_are_not_kept() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for path in [
        "/login",
        "/account",
        "/users",
        "/audit",
        "/nothing",
        "/health",
        "/api/v1/nothing",
    ] {
        let answer = site.page(path, Some(&session)).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(
            answer.header("permissions-policy").contains("camera=()"),
            "{path}"
        );
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
    let behind_tls = Site::with(&[("TIDEMARK_PUBLIC_URL", "https://console.example")]).await;
    for path in ["/login", "/health", "/pkg/nothing"] {
        assert_eq!(
            behind_tls
                .page(path, None)
                .await
                .header("strict-transport-security"),
            "max-age=31536000; includeSubDomains",
            "{path}"
        );
    }
}

#[tokio::test]
async fn password_fields_are_masked_named_for_password_managers_and_cut_nothing_off() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let link = site
        .console
        .invite_user(
            &Site::command_line(Permission::ManageUsers),
            "vera".parse().expect("a name"),
            Role::Viewer,
        )
        .await
        .expect("invited");
    let mut fields = 0;
    for (path, session) in [
        ("/login".to_owned(), None),
        ("/account".to_owned(), Some(session.as_str())),
        (format!("/setup?token={}", link.expose()), None),
    ] {
        let page = site.page(&path, session).await.body;
        for field in page
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
        {
            let is_password = ["password", "old", "again"]
                .iter()
                .any(|name| field.contains(&format!("name=\"{name}\"")));
            if !is_password {
                assert!(!field.contains("type=\"password\""), "{path}: {field}");
                continue;
            }
            fields += 1;
            assert!(field.contains("type=\"password\""), "{path}: {field}");
            assert!(
                field.contains("autocomplete=\"current-password\"")
                    || field.contains("autocomplete=\"new-password\""),
                "{path}: {field}"
            );
            for kept_away in ["maxlength", "onpaste", "oncopy", "readonly", "pattern"] {
                assert!(!field.contains(kept_away), "{path}: {field}");
            }
        }
    }
    assert!(fields >= 6, "{fields}");
}

#[tokio::test]
async fn what_a_page_asks_by_itself_puts_no_end_off_and_working_with_it_does() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    let renews = |answer: &support::Answer| answer.cookie("__Host-tidemark").is_some();
    site.advance(120);
    let status = Request::get("/fn/load_status?database=factory")
        .header(header::ACCEPT, "application/json")
        .header(header::COOKIE, format!("__Host-tidemark={session}"))
        .body(Body::empty())
        .expect("a request");
    let status = site.send(status).await;
    assert_eq!(status.status, StatusCode::OK);
    assert!(!renews(&status), "{:?}", status.headers);
    assert!(renews(&site.call("/fn/note_use", "", Some(&session)).await));
    site.advance(120);
    assert!(renews(&site.page("/account", Some(&session)).await));
}

/// Whoever sends a form without its end holds neither a place nor the console's attention.
#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let site = Site::new().await;
    let never = Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>());
    let mut request = form_post("/fn/sign_in", "", None);
    *request.body_mut() = never;
    assert_eq!(site.send(request).await.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn signing_out_is_offered_wherever_somebody_is_signed_in() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    for (path, status) in [
        ("/db/factory", StatusCode::OK),
        ("/account", StatusCode::OK),
        ("/users", StatusCode::FORBIDDEN),
        ("/nothing-here", StatusCode::NOT_FOUND),
        ("/db/nothing-here", StatusCode::NOT_FOUND),
        ("/db/nothing-here/hypertables", StatusCode::FORBIDDEN),
    ] {
        let answer = site.page(path, Some(&session)).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.contains("action=\"/fn/sign_out\""), "{path}");
    }
}

#[tokio::test]
async fn a_form_without_javascript_comes_back_with_its_error_and_a_link_is_shown_once() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let post = |path: &str, form: &str, from: &str| {
        let mut request = form_post(path, form, Some(&session));
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, "text/html".parse().expect("a header"));
        headers.insert(
            header::REFERER,
            format!("{ORIGIN}{from}").parse().expect("a header"),
        );
        request
    };
    let answer = site
        .send(post("/fn/invite_user", "name=vera&role=viewer", "/users"))
        .await;
    assert!(answer.status.is_redirection(), "{answer:?}");
    let notice = answer.cookie("__Host-tidemark-notice").expect("a notice");
    let mut request = page("/users", None);
    request.headers_mut().insert(
        header::COOKIE,
        format!("__Host-tidemark={session}; __Host-tidemark-notice={notice}")
            .parse()
            .expect("a header"),
    );
    let shown = site.send(request).await;
    assert!(shown.body.contains("/setup?token="), "{}", shown.body);
    assert_eq!(
        shown.cookie("__Host-tidemark-notice").as_deref(),
        Some(""),
        "it is gone from then on"
    );

    let again = site
        .send(post("/fn/invite_user", "name=vera&role=viewer", "/users"))
        .await;
    let location = again.header("location").to_owned();
    assert!(location.contains("__err="), "{location}");
    let path = location.strip_prefix(ORIGIN).unwrap_or(&location);
    let shown = site.page(path, Some(&session)).await;
    assert!(
        shown.body.contains("There is a user of this name already."),
        "{}",
        shown.body
    );
}

#[tokio::test]
async fn a_link_leads_to_a_password_and_a_session_and_then_to_nothing() {
    let site = Site::new().await;
    let token = site
        .console
        .invite_user(
            &Site::command_line(Permission::ManageUsers),
            "vera".parse().expect("a name"),
            Role::Viewer,
        )
        .await
        .expect("invited");
    let path = format!("/setup?token={}", token.expose());
    let shown = site.page(&path, None).await;
    assert!(shown.body.contains("Welcome, vera"), "{}", shown.body);
    let form = format!(
        "token={}&password=a+sentence+of+vera&again=a+sentence+of+vera",
        token.expose()
    );
    let answer = site.call("/fn/choose_password", &form, None).await;
    let session = answer.cookie("__Host-tidemark").expect("a session");
    assert_eq!(
        site.page("/db/factory", Some(&session)).await.status,
        StatusCode::OK
    );
    let shown = site.page(&path, None).await;
    assert!(shown.body.contains("This link is not valid any more"));
    assert_eq!(
        site.call("/fn/choose_password", &form, None).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_audit_log_is_exported_whole_in_both_formats_and_the_export_is_written_down() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    // More than one batch.
    site.execute(
        "insert into audit (at_ms, actor_kind, actor, address, action, database_name, target, before_facts, after_facts,
           outcome, detail, event_count, last_at_ms)
         with recursive numbers (number) as
           (select 1 union all select number + 1 from numbers where number < 1100)
         select number, 'user', 'vera', '192.0.2.1', 'access.refuse', '', '/api/v1/monitoring/metrics/chunks', '', '',
           'refused', '', 1, number from numbers",
    )
    .await;
    let csv = site
        .page("/audit/export.csv?action=access.refuse", Some(&session))
        .await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<_> = csv.body.lines().collect();
    assert_eq!(lines.len(), 1_101);
    assert!(
        lines[1].contains("\"/api/v1/monitoring/metrics/chunks\""),
        "{}",
        lines[1]
    );
    let json = site
        .page("/audit/export.json?action=access.refuse", Some(&session))
        .await
        .json();
    assert_eq!(json.as_array().map(Vec::len), Some(1_100));
    assert_eq!(json[0]["target"], "/api/v1/monitoring/metrics/chunks");
    let wrong = site
        .page("/audit/export.csv?from=yesterday", Some(&session))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let exports = site
        .audit(&AuditQuery {
            action: Some(Action::Export),
            ..AuditQuery::default()
        })
        .await;
    assert_eq!(exports.len(), 2);
    assert_eq!(
        (
            exports[0].actor.as_str(),
            exports[0].outcome,
            exports[0].after["action"].as_str()
        ),
        ("admin", Some(Outcome::Succeeded), "access.refuse")
    );
}

#[tokio::test]
async fn changes_from_foreign_pages_links_and_tokens_that_are_not_valid_are_counted() {
    let mut site = Site::new().await;
    for _ in 0..3 {
        let mut request = form_post("/fn/sign_in", &sign_in_form("anna", PASSWORD), None);
        request
            .headers_mut()
            .insert(header::ORIGIN, "http://evil.example".parse().expect("a header"));
        assert_eq!(site.send(request).await.status, StatusCode::FORBIDDEN);
        let form = "token=made-up&password=a+sentence+of+vera&again=a+sentence+of+vera";
        let answer = site.call("/fn/choose_password", form, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(
            site.api("/api/v1/monitoring/health", "tdm_made-up").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    site.write_reads().await;
    for action in [Action::RefuseOrigin, Action::UseLink, Action::RefuseToken] {
        let query = AuditQuery {
            action: Some(action),
            ..AuditQuery::default()
        };
        let events = site.audit(&query).await;
        assert_eq!(events.len(), 1, "{action}");
        assert_eq!(
            (events[0].count, events[0].outcome, events[0].address.as_str()),
            (3, Some(Outcome::Refused), "127.0.0.1"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_page_that_is_refused_leaves_one_line() {
    let site = Site::new().await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("vera").await;
    for (number, path) in [
        "/users",
        "/users/vera",
        "/tokens",
        "/audit",
        "/db/factory/hypertables",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(
            site.page(path, Some(&session)).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let refusals = AuditQuery {
            action: Some(Action::Refuse),
            ..AuditQuery::default()
        };
        assert_eq!(site.audit(&refusals).await.len(), number + 1, "{path}");
    }
}

/// Secrets of every kind are made and used, and every page, function and export is read: none of them shows one.
#[tokio::test]
async fn no_answer_holds_a_hash_a_token_or_a_session_id() {
    let mut site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let form = sign_in_form("admin", PASSWORD);
    let browser = site
        .call("/fn/sign_in", &form, None)
        .await
        .cookie("__Host-tidemark-browser")
        .expect("the browser is known from now on");
    let token = site.token("prometheus", Role::Admin).await;
    let link = site
        .console
        .invite_user(
            &Site::command_line(Permission::ManageUsers),
            "vera".parse().expect("a name"),
            Role::Viewer,
        )
        .await
        .expect("invited");
    site.api("/api/v1/monitoring/configuration", &token).await;
    site.write_reads().await;
    let mut answers = Vec::new();
    for path in [
        "/account",
        "/users",
        "/users/vera",
        "/tokens",
        "/audit",
        "/audit/export.csv",
        "/audit/export.json",
        "/db/factory",
        "/db/factory/hypertables",
        "/fn/list_own_sessions",
        "/fn/load_frame?database=factory",
        "/fn/load_user?name=vera",
    ] {
        let mut request = page(path, Some(&session));
        if path.starts_with("/fn/") {
            request
                .headers_mut()
                .insert(header::ACCEPT, "application/json".parse().expect("a header"));
        }
        answers.push((path, site.send(request).await));
    }
    let list = r#"{"query":{"filter":"","sort":"name","direction":"ascending","page":1,"page_size":100}}"#;
    for path in ["/fn/list_users", "/fn/list_tokens"] {
        answers.push((path, site.send(json_post(path, list, Some(&session))).await));
    }
    answers.push((
        "/fn/list_audit",
        site.send(json_post(
            "/fn/list_audit",
            r#"{"parameters":[]}"#,
            Some(&session),
        ))
        .await,
    ));
    answers.push((
        "configuration",
        site.api("/api/v1/monitoring/configuration", &token).await,
    ));
    for (path, answer) in &answers {
        assert!(answer.status.is_success(), "{path}: {}", answer.status);
        let text = format!("{} {:?}", answer.body, answer.headers);
        for (what, secret) in [
            ("the session", session.as_str()),
            ("its digest", &backend::random::digest(&session)),
            ("the token", &token),
            ("its digest", &backend::random::digest(&token)),
            ("the browser's token", &browser),
            ("its digest", &backend::random::digest(&browser)),
            ("the link", link.expose()),
            ("its digest", &link.digest()),
            ("the password", PASSWORD),
            ("a hash", "$argon2"),
            ("the database's password", "hunter2"),
        ] {
            assert!(!text.contains(secret), "{path} shows {what}");
        }
    }
}

#[tokio::test]
async fn a_request_without_a_body_or_with_nonsense_is_the_clients_error() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for (path, body, kind) in [
        ("/fn/invite_user", "", "application/x-www-form-urlencoded"),
        ("/fn/invite_user", "%%%", "application/x-www-form-urlencoded"),
        ("/fn/list_users", "{", "application/json"),
    ] {
        let request = Request::post(path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::COOKIE, format!("__Host-tidemark={session}"))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .expect("a request");
        let answer = site.send(request).await;
        assert!(!answer.body.contains("panicked"), "{path}: {}", answer.body);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_form_that_fails_again_replaces_the_error_in_the_address() {
    let site = Site::new().await;
    let mut from = format!("{ORIGIN}/login?next=%2Faccount");
    for _ in 0..3 {
        let mut request = form_post(
            "/fn/sign_in",
            &sign_in_form("nobody", "wrong horse battery"),
            None,
        );
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, "text/html".parse().expect("a header"));
        headers.insert(header::REFERER, from.parse().expect("a header"));
        let answer = site.send(request).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{answer:?}");
        from = answer.header("location").to_owned();
        for parameter in ["next=", "__path=", "__err="] {
            assert_eq!(from.matches(parameter).count(), 1, "{from}");
        }
    }
    let path = from.strip_prefix(ORIGIN).unwrap_or(&from);
    let shown = site.page(path, None).await;
    assert!(
        shown.body.contains("Name or password is wrong."),
        "{}",
        shown.body
    );
}

#[tokio::test]
async fn what_cannot_be_undone_asks_first_and_what_would_be_refused_says_why() {
    let site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    site.add_user("vera", Role::Viewer).await;
    let session = site.sign_in("admin").await;
    let other = site.page("/users/vera", Some(&session)).await.body;
    assert_eq!(other.matches("class=\"question\"").count(), 2, "{other}");
    assert!(other.contains("Reset the password of vera") && other.contains("Disable vera"));
    let own = site.page("/users/admin", Some(&session)).await.body;
    for reason in [
        "This is the last administrator who can sign in.",
        "This is your own account: change your password on your account page.",
        "This is your own account: another administrator can disable it.",
    ] {
        assert!(own.contains(reason), "{reason}: {own}");
    }
    assert!(!own.contains("action=\"/fn/disable_user\"") && !own.contains("action=\"/fn/reset_password\""));
}

#[tokio::test]
async fn the_login_page_says_that_a_session_has_ended_where_one_has() {
    let site = Site::new().await;
    let words = "Your session has ended. Sign in to go on.";
    assert!(site.page("/login?ended=1", None).await.body.contains(words));
    assert!(!site.page("/login", None).await.body.contains(words));
    let refused = site
        .page("/login?ended=1&__path=%2Ffn%2Fsign_in&__err=x", None)
        .await;
    assert!(!refused.body.contains(words));
}

#[tokio::test]
async fn only_the_page_of_a_user_who_exists_leaves_a_read() {
    let mut site = Site::new().await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    assert_eq!(
        site.page("/users/nobody", Some(&session)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.page("/users/admin", Some(&session)).await.status,
        StatusCode::OK
    );
    site.write_reads().await;
    let read = async |target: &str| {
        let query = AuditQuery {
            action: Some(Action::Read),
            target: target.to_owned(),
            ..AuditQuery::default()
        };
        !site.audit(&query).await.is_empty()
    };
    assert!(read("user admin").await);
    assert!(!read("nobody").await);
}

#[tokio::test]
async fn looking_at_policies_leaves_a_read() {
    let mut site = Site::showing(factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for path in ["/db/factory/policies", "/db/factory/policies/changes/1"] {
        site.page(path, Some(&session)).await;
    }
    site.write_reads().await;
    let query = AuditQuery {
        action: Some(Action::Read),
        actor: "admin".to_owned(),
        ..AuditQuery::default()
    };
    let read: Vec<String> = site
        .audit(&query)
        .await
        .into_iter()
        .map(|event| event.target)
        .collect();
    assert!(read.contains(&"policies".to_owned()), "{read:?}");
    // There is no such change, so nobody has read it.
    assert!(!read.contains(&"policy change 1".to_owned()), "{read:?}");
}

//! REST, version 1.

mod support;

use axum::body::Body;
use domain::audit::{Action, ActorKind, AuditQuery};
use domain::role::Role;
use http::{Request, StatusCode, header};
use support::Site;

const BASE: &str = "/api/v1/monitoring";

#[tokio::test]
async fn errors_are_problem_json() {
    let site = Site::new().await;
    let token = site.token("viewer", Role::Viewer).await;
    let admin = site.token("admin", Role::Admin).await;
    let problem = |answer: &support::Answer, status: StatusCode| {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let body = answer.json();
        assert_eq!(body["status"], status.as_u16());
        assert!(!body["title"].as_str().unwrap_or_default().is_empty());
        body["detail"].as_str().unwrap_or_default().to_owned()
    };

    let answer = site.api(&format!("{BASE}/health"), "tdm_made-up").await;
    problem(&answer, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let answer = site.api(&format!("{BASE}/metrics/chunks"), &token).await;
    assert_eq!(
        problem(&answer, StatusCode::FORBIDDEN),
        "This needs the permission view_details."
    );
    let answer = site.api(&format!("{BASE}/nothing"), &token).await;
    problem(&answer, StatusCode::NOT_FOUND);
    let answer = site.api(&format!("{BASE}/health?colour=red"), &token).await;
    assert_eq!(
        problem(&answer, StatusCode::UNPROCESSABLE_ENTITY),
        "There is no parameter \"colour\" here; there is: db."
    );
    let answer = site
        .api(&format!("{BASE}/health/database?db=nowhere"), &token)
        .await;
    assert_eq!(
        problem(&answer, StatusCode::NOT_FOUND),
        "No database \"nowhere\" is watched; there is: factory."
    );
    let answer = site.api(&format!("{BASE}/metrics/chunks"), &admin).await;
    problem(&answer, StatusCode::SERVICE_UNAVAILABLE);

    let request = Request::delete(format!("{BASE}/health"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .expect("a request");
    let answer = site.send(request).await;
    problem(&answer, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.header("allow").contains("GET"));
    // A change without a token needs the console's own origin.
    let request = Request::post(format!("{BASE}/health"))
        .body(Body::empty())
        .expect("a request");
    problem(&site.send(request).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_viewer_learns_no_reason_and_an_operator_does() {
    let site = Site::new().await;
    let viewer = site.token("viewer", Role::Viewer).await;
    let operator = site.token("operator", Role::Operator).await;
    // Until the first attempt to read has failed.
    let health = loop {
        let body = site.api(&format!("{BASE}/health"), &operator).await.json();
        if body["conditions"] != serde_json::json!(["starting"]) {
            break body;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(health["conditions"], serde_json::json!(["database_unreachable"]));
    assert_eq!(health["database"]["status"], "unhealthy");
    assert_eq!(health["problem"]["title"], "The database cannot be reached");
    for path in [
        "health",
        "health/database",
        "health/timescaledb",
        "status/timescaledb",
    ] {
        let answer = site.api(&format!("{BASE}/{path}"), &viewer).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert!(
            !answer.body.contains("problem") && !answer.body.contains("refused"),
            "{path}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn an_answer_is_private_and_known_again_by_its_tag() {
    let site = Site::new().await;
    let token = site.token("admin", Role::Admin).await;
    let path = format!("{BASE}/configuration");
    let answer = site.api(&path, &token).await;
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let tag = answer.header("etag").to_owned();
    assert!(!tag.is_empty());
    let request = Request::get(&path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::IF_NONE_MATCH, &tag)
        .body(Body::empty())
        .expect("a request");
    let again = site.send(request).await;
    assert_eq!(
        (again.status, again.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
}

#[tokio::test]
async fn a_session_opens_the_api_too_and_each_access_is_counted() {
    let mut site = Site::new().await;
    site.add_user("anna", Role::Viewer).await;
    let session = site.sign_in("anna").await;
    let token = site.token("prometheus", Role::Viewer).await;
    for _ in 0..5 {
        let request = Request::get(format!("{BASE}/health"))
            .header(header::COOKIE, format!("__Host-tidemark={session}"))
            .body(Body::empty())
            .expect("a request");
        assert_eq!(site.send(request).await.status, StatusCode::OK);
        assert_eq!(
            site.api(&format!("{BASE}/health"), &token).await.status,
            StatusCode::OK
        );
    }
    site.api(&format!("{BASE}/health"), "tdm_made-up").await;
    site.write_reads().await;
    let events = site.audit(&AuditQuery::default()).await;
    let reads: Vec<_> = events
        .iter()
        .filter(|event| event.action == Action::Read)
        .map(|event| (event.actor_kind, event.actor.as_str(), event.count))
        .collect();
    assert_eq!(reads.len(), 2, "{reads:?}");
    assert!(reads.contains(&(ActorKind::User, "anna", 5)));
    assert!(reads.contains(&(ActorKind::Token, "prometheus", 5)));
    assert!(events.iter().any(|event| event.action == Action::RefuseToken));
}

#[tokio::test]
async fn what_is_refused_before_an_endpoint_is_a_problem_with_the_requests_reference_too() {
    let site = Site::new().await;
    let token = site.token("admin", Role::Admin).await;
    let request = http::Request::post("/api/v1/monitoring/health")
        .header(http::header::AUTHORIZATION, format!("Bearer {token}"))
        .header(http::header::CONTENT_LENGTH, 300 * 1024)
        .body(axum::body::Body::from("x".repeat(300 * 1024)))
        .expect("a request");
    let answer = site.send(request).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["status"], 413);
    assert_eq!(answer.json()["reference"], answer.header("x-request-id"));
}

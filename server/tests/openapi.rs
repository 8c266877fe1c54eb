//! The description of the API: made of the code, committed, and whole.

mod support;

use std::collections::BTreeSet;

use http::StatusCode;
use support::Site;

/// What is committed.
const COMMITTED: &str = include_str!("../../docs/openapi.json");

#[tokio::test]
async fn the_description_is_the_one_that_is_committed() {
    let site = Site::new().await;
    let answer = site.page("/api/v1/openapi.json", None).await;
    assert_eq!(answer.status, StatusCode::OK, "without a login");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(
        answer.json()["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1."))
    );
    assert!(
        answer.body == COMMITTED,
        "the API's description changed. If that was meant: target/release/tidemark openapi > docs/openapi.json"
    );
}

#[tokio::test]
async fn every_endpoint_is_described_and_nothing_else() {
    let described: serde_json::Value = serde_json::from_str(COMMITTED).expect("JSON");
    let described: BTreeSet<String> = described["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .cloned()
        .collect();
    let there: BTreeSet<String> = server::router::addresses()
        .into_iter()
        .filter(|address| address.starts_with("/api/v1/"))
        .filter(|address| !address.starts_with("/api/v1/docs") && address != "/api/v1/openapi.json")
        .collect();
    assert_eq!(described, there);
}

#[tokio::test]
async fn the_docs_are_served_by_the_console_itself_and_load_nothing_from_elsewhere() {
    let site = Site::new().await;
    assert_eq!(
        site.page("/api/v1/docs", None).await.header("location"),
        "/api/v1/docs/"
    );
    let page = site.page("/api/v1/docs/", None).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        !page.body.contains("//cdn") && !page.body.contains("https://"),
        "{}",
        page.body
    );
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    for file in [
        "swagger-ui.css",
        "index.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        assert!(page.body.contains(file), "{file}");
        let answer = site.page(&format!("/api/v1/docs/{file}"), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(!answer.body.is_empty());
    }
    let initializer = site.page("/api/v1/docs/swagger-initializer.js", None).await;
    assert!(
        initializer.body.contains("/api/v1/openapi.json"),
        "{}",
        initializer.body
    );
    let nothing = site.page("/api/v1/docs/nothing.js", None).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

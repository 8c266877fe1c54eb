//! What is made of a reading once, for everybody who asks for the same: everybody who may see the same.

mod support;

use domain::role::Role;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use support::factory::factory;
use support::{Site, json_post, page};

const TABLE: &str = "metric_hist";

#[tokio::test]
async fn what_was_made_for_an_administrator_is_not_shown_to_a_viewer_nor_the_other_way_round() {
    let site = Site::showing(factory()).await;
    site.add_user("admin", Role::Admin).await;
    site.add_user("viewer", Role::Viewer).await;
    let admin = site.sign_in("admin").await;
    let viewer = site.sign_in("viewer").await;
    let token = site.token("status", Role::Viewer).await;
    let storage = json!({"database": "factory", "range": "30d", "limit": ""}).to_string();
    let chunks = json!({"database": "factory", "table": {"schema": "public", "name": TABLE}, "window": null})
        .to_string();
    let functions = [("/fn/draw_storage", storage), ("/fn/draw_chunks", chunks)];
    // Of one reading: what one of them was given is kept when the next asks.
    for _ in 0..2 {
        for (session, sees) in [(&admin, true), (&viewer, false), (&admin, true)] {
            for path in ["/db/factory", "/fn/load_overview?database=factory"] {
                let mut request = page(path, Some(session));
                if path.starts_with("/fn/") {
                    let json = HeaderValue::from_static("application/json");
                    request.headers_mut().insert(header::ACCEPT, json);
                }
                let answer = site.send(request).await;
                assert_eq!(answer.status, StatusCode::OK, "{path}");
                assert_eq!(answer.body.contains(TABLE), sees, "{path}: {}", answer.body);
            }
            for (path, body) in &functions {
                let answer = site.send(json_post(path, body, Some(session))).await;
                // Who may see the status only is given a page without a chart, and no chunks at all.
                let is_storage = path.ends_with("storage");
                let is_shown = answer.status == StatusCode::OK && (!is_storage || answer.body != "null");
                assert_eq!(is_shown, sees, "{path}: {answer:?}");
            }
        }
        for list in ["hypertables", "chunks", "compression"] {
            let path = format!("/api/v1/monitoring/metrics/{list}");
            assert_eq!(site.page(&path, Some(&admin)).await.status, StatusCode::OK);
            assert_eq!(site.api(&path, &token).await.status, StatusCode::FORBIDDEN);
        }
    }
}

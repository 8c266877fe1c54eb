//! The pages about one hypertable: found whatever its name, at the addresses that lists and search lead to.

mod support;

use domain::page::{TableTab, hypertable_page};
use domain::role::Role;
use domain::table_name::TableName;
use http::StatusCode;
use support::factory::{NO_ADDRESS, ODD, factory};
use support::{Site, json_post};

async fn site() -> (Site, String) {
    let site = Site::showing(factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    (site, session)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[tokio::test]
async fn every_table_has_its_pages_whatever_its_name() {
    let (site, session) = site().await;
    for (schema, name) in ODD.into_iter().filter(|odd| *odd != NO_ADDRESS) {
        let table = TableName::new(schema, name);
        for tab in TableTab::ALL {
            let path = hypertable_page("factory", &table, tab);
            let page = site.page(&path, Some(&session)).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            let title = format!(
                "<title>{} · factory · Tidemark</title>",
                escaped(&table.to_string())
            );
            assert!(page.body.contains(&title), "{path} has not the title {title}");
        }
    }
}

#[tokio::test]
async fn a_table_that_has_no_address_is_shown_by_the_lists() {
    let (site, session) = site().await;
    let table = TableName::new(NO_ADDRESS.0, NO_ADDRESS.1);
    for tab in TableTab::ALL {
        let path = hypertable_page("factory", &table, tab);
        let page = site.page(&path, Some(&session)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("Only .."), "{path} is not narrowed");
    }
}

#[tokio::test]
async fn a_table_that_is_none_is_not_found_on_any_of_its_pages() {
    let (site, session) = site().await;
    let table = TableName::new("public", "no_such_table");
    for tab in TableTab::ALL {
        let path = hypertable_page("factory", &table, tab);
        let page = site.page(&path, Some(&session)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("Nothing at this address"), "{path}");
    }
}

#[tokio::test]
async fn the_list_of_hypertables_leads_to_each_of_them() {
    let (site, session) = site().await;
    let list = site
        .page("/db/factory/hypertables?size=100", Some(&session))
        .await;
    for (schema, name) in ODD {
        let href = format!(
            "href=\"{}\"",
            hypertable_page("factory", &TableName::new(schema, name), TableTab::Overview)
        );
        assert!(list.body.contains(&href), "{href}");
    }
}

#[tokio::test]
async fn the_list_of_hypertables_draws_the_largest_of_them() {
    let (site, session) = site().await;
    let page = site
        .page("/db/factory/hypertables?q=sensor", Some(&session))
        .await;
    assert!(page.body.contains("Size by table"), "{}", page.body);
    assert!(page.body.contains("the largest is metric_hist"), "{}", page.body);
    let answer = site
        .send(json_post(
            "/fn/draw_tables",
            r#"{"database":"factory"}"#,
            Some(&session),
        ))
        .await;
    let answer = answer.json();
    let numbers = answer["numbers"].as_str().expect("markup");
    let rows: Vec<&str> = numbers.split("<th scope=\"row\">").skip(1).collect();
    assert_eq!(rows.len(), 12);
    assert!(rows[0].starts_with("metric_hist<"), "{numbers}");
}

#[tokio::test]
async fn a_chunk_list_sends_one_window_of_rows_and_no_more() {
    let (site, session) = site().await;
    let page = site.page("/db/factory/chunks?sort=size", Some(&session)).await;
    assert_eq!(page.status, StatusCode::OK);
    let rows = page.body.matches("aria-rowindex=").count();
    assert_eq!(rows, 100);
    let last = site
        .page("/db/factory/chunks?sort=size&page=13", Some(&session))
        .await;
    assert_eq!(last.body.matches("aria-rowindex=").count(), 82, "1,282 chunks");
}

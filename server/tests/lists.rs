//! Lists as files, and search: what is exported is what the pages show, for those who may see them.

mod support;

use std::time::Duration;

use axum::body::Body;
use domain::activity::{Activity, HeldTable, LockWait, LongTransaction, PreparedTransaction, SessionFacts};
use domain::audit::{Action, AuditQuery};
use domain::hypertable::TimeSpan;
use domain::job::{NextStart, PolicyThreshold};
use domain::role::{Permission, Role};
use domain::snapshot::Snapshot;
use domain::table_name::TableName;
use domain::visible::Visible;
use futures::StreamExt;
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;
use support::factory::{CHUNKS, ODD, factory};
use support::{Site, json_post};

async fn site() -> (Site, String) {
    let site = Site::showing(factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    (site, session)
}

fn get(path: &str, session: &str) -> Request<Body> {
    Request::get(path)
        .header(header::COOKIE, format!("__Host-tidemark={session}"))
        .body(Body::empty())
        .expect("a request")
}

async fn rows(site: &Site, path: &str, session: &str) -> Vec<Value> {
    let answer = site.send(get(path, session)).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    answer.json().as_array().expect("an array").clone()
}

fn texts(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter()
        .map(|row| row[field].as_str().expect(field).to_owned())
        .collect()
}

#[tokio::test]
async fn an_export_holds_what_the_page_shows_in_its_order_and_all_pages_of_it() {
    let (site, session) = site().await;
    for (filter, sort, direction, parameters) in [
        ("", "name", "descending", "sort=name&dir=desc"),
        (
            "sensor",
            "chunks",
            "ascending",
            "q=sensor&sort=chunks&dir=asc&page=2&size=10",
        ),
        ("Ö", "size", "descending", "q=%C3%96"),
    ] {
        let mut shown = Vec::new();
        for page in 1.. {
            let body = serde_json::json!({"database": "factory", "query": {
                "filter": filter, "sort": sort, "direction": direction, "page": page, "page_size": 10,
            }});
            let list = site
                .send(json_post(
                    "/fn/list_hypertables",
                    &body.to_string(),
                    Some(&session),
                ))
                .await
                .json();
            shown.extend(texts(
                list["facts"]["page"]["items"].as_array().expect("rows"),
                "name",
            ));
            if list["facts"]["page"]["pages"] == page {
                break;
            }
        }
        let path = format!("/db/factory/export/hypertables.json?{parameters}");
        assert_eq!(
            texts(&rows(&site, &path, &session).await, "name"),
            shown,
            "{path}"
        );
        assert!(!shown.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn chunks_are_exported_whole_by_table_whatever_its_name() {
    let (site, session) = site().await;
    let all = rows(&site, "/db/factory/export/chunks.json", &session).await;
    assert_eq!(all.len() as u64, CHUNKS + 2 * 24);
    let of = rows(
        &site,
        "/db/factory/export/chunks.json?table=public.metric_hist&sort=from&dir=asc",
        &session,
    )
    .await;
    assert_eq!(of.len() as u64, CHUNKS);
    assert!(of.is_sorted_by_key(|row| row["range_from"].as_str().map(str::to_owned)));
    let compressed = rows(
        &site,
        "/db/factory/export/chunks.json?table=public.metric_hist&q=compressed",
        &session,
    )
    .await;
    assert_eq!(compressed.len() as u64, CHUNKS.div_ceil(3));
    let odd = rows(
        &site,
        "/db/factory/export/chunks.json?table=%22Fabrik.1%22.%22a%2Fb%3Fc%23d%25e%20%22%22f%22%22%22",
        &session,
    )
    .await;
    assert_eq!(texts(&odd, "table_name"), [ODD[0].1, ODD[0].1]);
    assert_eq!(odd[0]["total_bytes"].as_u64(), Some(8_192 * 7));
}

#[tokio::test]
async fn tables_and_jobs_are_exported_with_the_light_that_the_page_shows() {
    let (site, session) = site().await;
    let list = async |function: &str, sort: &str| {
        let body = serde_json::json!({"database": "factory", "query": {
            "filter": "", "sort": sort, "direction": "ascending", "page": 1, "page_size": 100,
        }});
        let path = format!("/fn/{function}");
        let answer = site.send(json_post(&path, &body.to_string(), Some(&session)));
        answer.await.json()
    };
    let tables = rows(
        &site,
        "/db/factory/export/hypertables.json?sort=name&dir=asc",
        &session,
    )
    .await;
    let shown = list("list_hypertables", "name").await;
    let lights = shown["facts"]["lights"].as_array().expect("lights");
    assert_eq!(texts(&tables, "state"), texts(lights, "light"));
    assert_eq!(texts(&tables, "state_reason"), texts(lights, "reason"));
    let jobs = rows(&site, "/db/factory/export/jobs.json", &session).await;
    assert!(!jobs.is_empty());
    for job in jobs {
        let page = site.send(json_post(
            "/fn/load_job",
            &serde_json::json!({"database": "factory", "id": job["job_id"]}).to_string(),
            Some(&session),
        ));
        let page = page.await.json();
        assert_eq!(job["state"], page["facts"]["verdict"]["light"], "{job}");
        assert_eq!(job["state_reason"], page["facts"]["verdict"]["reason"], "{job}");
    }
}

#[tokio::test]
async fn what_is_due_is_counted_on_the_policies_tab_and_found_where_its_link_leads() {
    let mut snapshot = factory();
    // Chunks of an hour each from 1970 on: of 1,234, as many are older than 30 days of them.
    let now = Timestamp::from_second(3_600 * (CHUNKS.cast_signed() - 1)).expect("in range");
    (snapshot.collected_at, snapshot.sizes_collected_at) = (now, now);
    let job = &mut snapshot.jobs[0];
    job.threshold = Some(PolicyThreshold {
        after: TimeSpan::Interval("30 days".parse().expect("an interval")),
        from_creation: false,
    });
    job.next_start = NextStart::At(now);
    let due = CHUNKS - 1 - 30 * 24;
    let site = Site::showing(snapshot).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let page = site
        .send(get(
            "/db/factory/hypertables/public/metric_hist/policies",
            &session,
        ))
        .await;
    assert!(page.body.contains("Due then"), "{}", page.body);
    assert!(page.body.contains(&format!("{due} chunks")), "{}", page.body);
    let link = "/chunks?q=due%3A%20drop";
    assert!(page.body.contains(link), "{}", page.body);
    let path = "/db/factory/export/chunks.json?q=due%3A%20drop&table=public.metric_hist";
    let found = rows(&site, path, &session).await;
    assert_eq!(found.len() as u64, due);
    assert!(
        found
            .iter()
            .all(|row| row["due_to"] == "drop" && row["is_overdue"] == false)
    );
}

#[tokio::test]
async fn a_spreadsheet_gets_rows_and_no_formula_in_a_file_with_a_name() {
    let (site, session) = site().await;
    let answer = site
        .send(get("/db/factory/export/hypertables.csv?sort=name", &session))
        .await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"tidemark-factory-hypertables-20270115T080000Z.csv\""
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.body.starts_with("schema,name,"), "{}", answer.body);
    assert!(answer.body.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""));
    assert!(!answer.body.contains("\"=") && !answer.body.contains(",="));
    assert!(answer.body.contains("\"a/b?c#d%e \"\"f\"\"\""));
    assert_eq!(answer.body.matches("\r\n").count(), 1 + 25);
}

#[tokio::test]
async fn every_list_there_is_comes_in_both_formats_and_nothing_else_does() {
    let site = Site::showing(busy_factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for list in [
        "hypertables",
        "chunks",
        "compression",
        "jobs",
        "aggregates",
        "waits",
        "transactions",
        "prepared",
    ] {
        for format in ["csv", "json"] {
            let path = format!("/db/factory/export/{list}.{format}");
            let answer = site.send(get(&path, &session)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(!answer.body.contains("of a custom job"), "{path}");
        }
    }
    for list in ["users", "tokens"] {
        let path = format!("/export/{list}.csv");
        assert_eq!(
            site.send(get(&path, &session)).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    for path in [
        "/db/factory/export/chunks",
        "/db/factory/export/chunks.xml",
        "/db/factory/export/users.csv",
        "/db/nowhere/export/chunks.csv",
        "/export/chunks.csv",
        "/export/users.xls",
    ] {
        assert_eq!(
            site.send(get(path, &session)).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let unread = Site::new().await;
    unread.add_user("admin", Role::Admin).await;
    let session = unread.sign_in("admin").await;
    let answer = unread.send(get("/db/factory/export/chunks.csv", &session)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// With somebody who waits, somebody who is waited for, and a prepared transaction.
fn busy_factory() -> Snapshot {
    let held = HeldTable {
        table: TableName::new("public", "metric_hist"),
        relations: 3,
        mode: "RowExclusiveLock".into(),
    };
    let session = |role: &str| SessionFacts {
        role: role.into(),
        state: "active".into(),
        query: "=1+1".into(),
        ..SessionFacts::default()
    };
    let read = factory();
    let activity = Activity {
        waits: vec![LockWait {
            pid: 4711,
            session: Visible::Shown(session("anna")),
            table: Some(held.table.clone()),
            chunk: None,
            mode: "AccessExclusiveLock".into(),
            waiting_ms: Some(5_000),
            blocked_by: vec![4712, 0],
        }],
        long_transactions: Visible::Shown(vec![LongTransaction {
            pid: 4712,
            session: session("berta"),
            since: read.collected_at,
            holds: vec![held.clone()],
            holds_back_vacuum: true,
        }]),
        prepared_transactions: vec![PreparedTransaction {
            gid: "transfer 17".into(),
            owner: "factory".into(),
            since: read.collected_at,
            holds: vec![held],
        }],
    };
    Snapshot { activity, ..read }
}

#[tokio::test]
async fn activity_is_exported_as_the_lists_it_has() {
    let site = Site::showing(busy_factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let waits = rows(&site, "/db/factory/export/waits.json", &session).await;
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0]["pid"], 4711);
    assert_eq!(waits[0]["role"], "anna");
    assert_eq!(waits[0]["table_name"], "metric_hist");
    assert_eq!(waits[0]["waiting_ms"], 5_000);
    assert_eq!(waits[0]["blocked_by"], "4712, 0");
    let open = rows(&site, "/db/factory/export/transactions.json", &session).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["pid"], 4712);
    assert_eq!(open[0]["open_since"], "2027-01-15T08:00:00Z");
    assert_eq!(open[0]["holds_locks"], "RowExclusiveLock on public.metric_hist");
    let prepared = rows(&site, "/db/factory/export/prepared.json", &session).await;
    assert_eq!(texts(&prepared, "gid"), ["transfer 17"]);
    let sheet = site
        .send(get("/db/factory/export/transactions.csv", &session))
        .await;
    assert!(sheet.body.contains("\"'=1+1\""), "{}", sheet.body);
}

#[tokio::test]
async fn transactions_that_may_not_be_seen_are_not_exported_as_none() {
    let (site, session) = site().await;
    let answer = site
        .send(get("/db/factory/export/transactions.csv", &session))
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("pg_monitor"), "{}", answer.body);
    let page = site.page("/db/factory/activity", Some(&session)).await;
    assert!(!page.body.contains("/export/transactions.csv"), "{}", page.body);
}

#[tokio::test]
async fn users_and_tokens_are_exported_without_a_secret() {
    let (site, session) = site().await;
    site.add_user("vera", Role::Viewer).await;
    let token = site.token("prometheus", Role::Viewer).await;
    let users = rows(&site, "/export/users.json?q=viewer", &session).await;
    assert_eq!(texts(&users, "name"), ["vera"]);
    let tokens = site.send(get("/export/tokens.json", &session)).await;
    assert_eq!(
        texts(tokens.json().as_array().expect("rows"), "name"),
        ["prometheus"]
    );
    assert!(!tokens.body.contains(&token), "{}", tokens.body);
}

#[tokio::test]
async fn who_may_not_see_a_list_may_not_export_it_either() {
    let (site, _) = site().await;
    site.add_user("viewer", Role::Viewer).await;
    site.add_user("operator", Role::Operator).await;
    let viewer = site.sign_in("viewer").await;
    let operator = site.sign_in("operator").await;
    for list in [
        "hypertables",
        "chunks",
        "compression",
        "jobs",
        "aggregates",
        "waits",
        "transactions",
        "prepared",
        "nothing",
    ] {
        let path = format!("/db/factory/export/{list}.csv");
        let answer = site.send(get(&path, &viewer)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!answer.body.contains("metric_hist"), "{path}");
    }
    for path in ["/export/users.csv", "/export/tokens.json", "/export/nothing.csv"] {
        for session in [&viewer, &operator] {
            let answer = site.send(get(path, session)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}

#[tokio::test]
async fn an_export_leaves_a_line_that_says_of_what() {
    let (mut site, session) = site().await;
    for _ in 0..2 {
        site.send(get("/db/factory/export/chunks.csv?q=_hyper&page=3", &session))
            .await;
    }
    site.write_reads().await;
    let exported = AuditQuery {
        action: Some(Action::Export),
        ..AuditQuery::default()
    };
    let events = site.audit(&exported).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((events[0].target.as_str(), events[0].count), ("chunks", 2));
    assert_eq!(events[0].database, "factory");
    assert_eq!(events[0].after.get("q").map(String::as_str), Some("_hyper"));
}

#[tokio::test]
async fn an_export_under_way_ends_with_the_permission_and_does_not_look_whole() {
    let (site, _) = site().await;
    site.add_user("operator", Role::Operator).await;
    let session = site.sign_in("operator").await;
    let answer = site.begin(get("/db/factory/export/chunks.json", &session)).await;
    let mut body = answer.into_body().into_data_stream();
    let head = body.next().await.expect("a piece").expect("the head");
    assert_eq!(&head[..], b"[");
    assert!(body.next().await.expect("a piece").is_ok());
    site.console
        .disable_user(
            &Site::command_line(Permission::ManageUsers),
            &"operator".parse().expect("a name"),
        )
        .await
        .expect("disabled");
    assert!(body.next().await.expect("an end").is_err());
}

#[tokio::test]
async fn exports_beyond_the_bound_of_a_session_are_refused_until_one_ends() {
    let (site, session) = site().await;
    let other = site.sign_in("admin").await;
    let chunks = "/db/factory/export/chunks.csv";
    let mut under_way = Vec::new();
    for _ in 0..3 {
        under_way.push(site.begin(get(chunks, &session)).await);
    }
    under_way.push(site.begin(get("/audit/export.csv", &session)).await);
    for path in [chunks, "/export/users.csv", "/audit/export.json"] {
        let refused = site.send(get(path, &session)).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_eq!(refused.header("retry-after"), "60", "{path}");
    }
    let answer = site.send(get(chunks, &other)).await;
    assert_eq!(answer.status, StatusCode::OK);
    // Read to its end, or left by whoever asked: its place is free as soon as that is noticed.
    under_way.pop();
    let again = async {
        loop {
            let status = site.send(get(chunks, &session)).await.status;
            if status != StatusCode::TOO_MANY_REQUESTS {
                return status;
            }
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(30), again).await;
    assert_eq!(status.expect("a place is free again"), StatusCode::OK);
}

#[tokio::test]
async fn exports_of_everybody_have_a_bound_too() {
    let (site, session) = site().await;
    let mut under_way = Vec::new();
    for _ in 0..4 {
        let session = site.sign_in("admin").await;
        for _ in 0..4 {
            let answer = site.begin(get("/db/factory/export/chunks.json", &session)).await;
            assert_eq!(answer.status(), StatusCode::OK);
            under_way.push(answer);
        }
    }
    let refused = site.send(get("/db/factory/export/chunks.json", &session)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "60");
    // Pages are none the worse.
    let page = site.page("/db/factory/chunks", Some(&session)).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_search_finds_odd_names_and_leads_to_escaped_addresses() {
    let (site, session) = site().await;
    let answer = site
        .send(get("/fn/search?database=factory&query=b%3FC%23", &session))
        .await;
    let hits = answer.json();
    assert_eq!(hits[0]["title"], "Fabrik.1.a/b?c#d%e \"f\"");
    let href = "/db/factory/hypertables/Fabrik.1/a%2Fb%3Fc%23d%25e%20%22f%22";
    assert_eq!(hits[0]["href"], href);
    // The same without JavaScript.
    let page = site.page("/db/factory/search?q=b%3FC%23", Some(&session)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(&format!("href=\"{href}\"")), "{}", page.body);
    let page = site
        .page("/db/factory/search?q=%3Cimg%20src%3Dx%3E", Some(&session))
        .await;
    assert!(!page.body.contains("<img src=x>"));
    assert!(page.body.contains("&lt;img src=x&gt;"), "{}", page.body);
}

#[tokio::test]
async fn every_list_says_where_it_is_exported_with_what_it_shows() {
    let site = Site::showing(busy_factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    for (page, link) in [
        (
            "/db/factory/hypertables?q=sensor&sort=rows&page=2&size=10",
            "/db/factory/export/hypertables.csv?q=sensor&amp;sort=rows",
        ),
        (
            "/db/factory/chunks?q=compressed",
            "/db/factory/export/chunks.csv?q=compressed",
        ),
        (
            "/db/factory/hypertables/public/metric_hist/chunks",
            "/db/factory/export/chunks.json?table=public.metric_hist",
        ),
        (
            "/db/factory/compression?q=sensor",
            "/db/factory/export/compression.json?q=sensor",
        ),
        (
            "/db/factory/jobs?q=policy",
            "/db/factory/export/jobs.csv?q=policy",
        ),
        ("/db/factory/activity", "/db/factory/export/waits.csv"),
        ("/db/factory/activity", "/db/factory/export/transactions.csv"),
        ("/db/factory/activity", "/db/factory/export/prepared.json"),
        ("/users?sort=role", "/export/users.json?sort=role"),
        ("/tokens", "/export/tokens.csv"),
        ("/audit?person=anna", "/audit/export.json?person=anna"),
    ] {
        let body = site.page(page, Some(&session)).await.body;
        assert!(body.contains(&format!("href=\"{link}\"")), "{page}: {body}");
    }
}

#[tokio::test]
async fn a_list_of_one_table_says_so_and_leads_back_to_all() {
    let (site, session) = site().await;
    let body = site
        .page(
            "/db/factory/hypertables?q=metric&table=public.metric_hist",
            Some(&session),
        )
        .await
        .body;
    assert!(body.contains("Only metric_hist"), "{body}");
    assert!(
        body.contains("href=\"/db/factory/hypertables?q=metric\""),
        "{body}"
    );
    // The filter without JavaScript, and the export, stay with the table.
    assert!(
        body.contains("name=\"table\" value=\"public.metric_hist\""),
        "{body}"
    );
    assert!(
        body.contains("/export/hypertables.csv?q=metric&amp;table=public.metric_hist\""),
        "{body}"
    );
    let all = site
        .page("/db/factory/hypertables?q=metric", Some(&session))
        .await
        .body;
    assert!(!all.contains("All tables"), "{all}");
}

#[tokio::test]
async fn the_search_is_offered_to_those_who_may_see_details() {
    let (site, session) = site().await;
    site.add_user("viewer", Role::Viewer).await;
    let viewer = site.sign_in("viewer").await;
    for path in ["/db/factory", "/account"] {
        let body = site.page(path, Some(&session)).await.body;
        assert!(body.contains("action=\"/db/factory/search\""), "{path}");
        let body = site.page(path, Some(&viewer)).await.body;
        assert!(!body.contains("/search\""), "{path}");
    }
}

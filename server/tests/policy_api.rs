//! Policies over REST: a program plans, applies and takes back what a person can.

mod support;

use serde_json::{Value, json};
use support::database::TestDatabase;
use support::running::RunningConsole;

const READINGS: &str = "create extension timescaledb;
    create table readings (ts timestamptz not null, line int, value float);
    select create_hypertable('readings', by_range('ts', interval '1 day'));
    insert into readings select now() - i * interval '6 hours', i % 3, i from generate_series(0, 160) i;";

fn plan(console: &RunningConsole, token: &str, fields: &Value) -> (u16, Value) {
    console.post(
        token,
        "/api/v1/policies/plan",
        &json!({ "table": "public.readings", "fields": fields }),
    )
}

#[test]
fn a_program_plans_applies_and_takes_back() {
    let Some(database) = TestDatabase::create("a_program_plans_applies_and_takes_back") else {
        return;
    };
    database.execute(READINGS);
    let console = RunningConsole::start(&database);
    let token = console.token("deploy", "admin");

    let (status, planned) = plan(&console, &token, &json!({ "chunk_interval": "2 days" }));
    assert_eq!(status, 200, "{planned}");
    assert_eq!(planned["can_be_applied"], true);
    assert_eq!(planned["needs_typed_name"], false);
    assert_eq!(planned["differences"][0]["current"], "1 day");
    assert_eq!(planned["differences"][0]["desired"], "2 days");
    let sql = planned["statements"][0]["sql"].as_str().expect("a statement");
    assert!(sql.contains("set_chunk_time_interval"), "{sql}");

    let apply = |fields: Value, fingerprint: &Value, typed_name: &str| {
        console.post(
            &token,
            "/api/v1/policies/apply",
            &json!({
                "table": "public.readings", "fields": fields, "fingerprint": fingerprint,
                "typed_name": typed_name, "reason": "release 7",
            }),
        )
    };
    let (status, applied) = apply(json!({ "chunk_interval": "2 days" }), &planned["fingerprint"], "");
    assert_eq!(status, 200, "{applied}");
    assert_eq!(applied["state"], "applied");
    assert_eq!(applied["made_by"], "the token deploy");
    assert_eq!(applied["reason"], "release 7");
    // What was planned before that is out of date.
    let (status, late) = apply(json!({ "chunk_interval": "3 days" }), &planned["fingerprint"], "");
    assert_eq!(status, 409, "{late}");
    assert!(
        late["detail"]
            .as_str()
            .is_some_and(|words| words.contains("Chunk interval: 1 day became 2 days")),
        "{late}"
    );

    // What deletes data wants the table's name.
    let drops = json!({ "drop_after": "20 days" });
    let (status, planned) = plan(&console, &token, &drops);
    assert_eq!(status, 200, "{planned}");
    assert_eq!(planned["needs_typed_name"], true);
    assert!(
        planned["first_run"]["dropped"]["chunks"].as_u64() > Some(0),
        "{planned}"
    );
    let (status, refused) = apply(drops, &planned["fingerprint"], "");
    assert_eq!(status, 422, "{refused}");

    let id = applied["id"].as_i64().expect("a number");
    let (status, revision) = console.get(&token, &format!("/api/v1/policies/revisions/{id}"));
    assert_eq!((status, &revision["can_be_undone"]), (200, &json!(true)));
    let (status, back) = console.post(&token, "/api/v1/policies/plan", &json!({ "undo": id }));
    assert_eq!(status, 200, "{back}");
    let (status, undone) = console.post(
        &token,
        &format!("/api/v1/policies/revisions/{id}/undo"),
        &json!({ "fingerprint": back["fingerprint"] }),
    );
    assert_eq!(status, 200, "{undone}");
    assert_eq!(undone["undoes"], id);
    let (status, list) = console.get(&token, "/api/v1/policies/revisions?limit=1&table=public.readings");
    assert_eq!(status, 200, "{list}");
    assert_eq!(
        (&list["total"], &list["items"][0]["id"]),
        (&json!(2), &undone["id"])
    );
    let next = list["next"].as_str().expect("another page");
    let (_, list) = console.get(
        &token,
        &format!("/api/v1/policies/revisions?limit=1&cursor={next}"),
    );
    assert_eq!(
        (&list["items"][0]["undone_by"], &list["next"]),
        (&undone["id"], &Value::Null)
    );
}

#[test]
fn what_is_not_right_is_said_field_by_field_and_only_administrators_are_answered() {
    let Some(database) = TestDatabase::create("what_is_not_right_is_said_field_by_field") else {
        return;
    };
    database.execute(READINGS);
    let console = RunningConsole::start(&database);
    let token = console.token("deploy", "admin");
    let (status, problem) = plan(
        &console,
        &token,
        &json!({ "chunk_interval": "soon", "colour": "red" }),
    );
    assert_eq!(status, 422, "{problem}");
    let mut fields: Vec<&str> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|error| error["field"].as_str())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["chunk_interval", "colour"]);
    let (status, problem) = plan(&console, &token, &json!({ "chunk_interval": "-1 days" }));
    assert_eq!(status, 422, "{problem}");
    let missing = console.post(
        &token,
        "/api/v1/policies/plan",
        &json!({ "table": "public.nothing" }),
    );
    assert_eq!(missing.0, 404, "{missing:?}");
    let neither = console.post(&token, "/api/v1/policies/plan", &json!({}));
    assert_eq!(neither.0, 422, "{neither:?}");
    let unknown = console.post(&token, "/api/v1/policies/plan", &json!({ "tabel": "x" }));
    assert_eq!(unknown.0, 422, "{unknown:?}");
    assert_eq!(console.get(&token, "/api/v1/policies/revisions/99").0, 404);
    assert_eq!(console.get(&token, "/api/v1/policies/revisions/none").0, 404);
    for role in ["viewer", "operator"] {
        let token = console.token(role, role);
        assert_eq!(plan(&console, &token, &json!({})).0, 403, "{role}");
        assert_eq!(console.get(&token, "/api/v1/policies/revisions").0, 403, "{role}");
    }
}

//! A change reaches what was planned, in place, and is kept with everything about it.

use std::sync::Arc;

use backend::policies::PolicyRefused;
use domain::audit::{Action, Outcome};
use domain::policy::{Field, PolicyKind, Step};
use domain::policy_change::ChangeState;
use domain::snapshot::Edition;
use domain::table_name::TableName;
use sqlx::Row;

use super::support::{Server, TestDatabase};
use super::workshop::{
    COMPRESS_AFTER, DROP_AFTER, FACTORY, READINGS, Workshop, application, apply_and_wait, database, granted,
    named, planned, wanted, wanted_of,
};

/// Jobs with everything that a change must not lose.
const JOBS: &str = "
    alter table readings set (timescaledb.compress, timescaledb.compress_segmentby = 'line');
    select add_compression_policy('readings', interval '30 days', initial_start => now() + interval '3 days',
      timezone => 'Europe/Berlin');
    select add_retention_policy('readings', interval '35 days', initial_start => now() + interval '4 days',
      timezone => 'Asia/Kolkata');
    select alter_job(j.job_id, config => j.config || '{\"own_key\": [1, 2]}', timezone => 'Asia/Kolkata',
      next_start => j.next_start)
      from timescaledb_information.jobs j where j.proc_name = 'policy_retention'";

/// What a change in place keeps of the jobs.
async fn jobs(database: &TestDatabase) -> Vec<String> {
    let mut connection = database.connect().await;
    let catalog: bool = sqlx::query_scalar("select to_regclass('_timescaledb_catalog.bgw_job') is not null")
        .fetch_one(&mut connection)
        .await
        .expect("a look-up");
    let statement = if catalog {
        "select concat_ws('|', j.id, j.timezone, j.initial_start, s.next_start, s.total_runs, j.config -> 'own_key') as job
         from _timescaledb_catalog.bgw_job j left join _timescaledb_internal.bgw_job_stat s on s.job_id = j.id
         where j.hypertable_id is not null order by j.id"
    } else {
        "select concat_ws('|', j.id, j.timezone, j.initial_start, s.next_start, s.total_runs, j.config -> 'own_key') as job
         from _timescaledb_config.bgw_job j left join _timescaledb_internal.bgw_job_stat s on s.job_id = j.id
         where j.hypertable_id is not null order by j.id"
    };
    let rows = sqlx::query(statement)
        .fetch_all(&mut connection)
        .await
        .expect("jobs");
    rows.iter().map(|row| row.get("job")).collect()
}

#[tokio::test]
async fn a_change_is_made_in_place_and_keeps_number_statistics_next_start_and_timezone() {
    let test = "a_change_is_made_in_place_and_keeps_number_statistics_next_start_and_timezone";
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(READINGS).await;
    database.execute(JOBS).await;
    let workshop = Workshop::of(&database).await;
    let before = jobs(&database).await;
    assert_eq!(before.len(), 2);

    let change = workshop
        .applied(&wanted(
            "readings",
            &[
                (COMPRESS_AFTER, "9 days"),
                (DROP_AFTER, "33 days"),
                (Field::SegmentBy, "line, meter"),
                (Field::ChunkInterval, "12 hours"),
            ],
        ))
        .await;
    assert_eq!(jobs(&database).await, before);
    let fields = workshop.fields(&named("readings")).await;
    for (field, text) in [
        (COMPRESS_AFTER, "9 days"),
        (DROP_AFTER, "33 days"),
        (Field::SegmentBy, "line, meter"),
        (Field::ChunkInterval, "12 hours"),
        (Field::Timezone(PolicyKind::Compression), "Europe/Berlin"),
        (Field::Timezone(PolicyKind::Retention), "Asia/Kolkata"),
    ] {
        assert_eq!(fields.get(field), Some(text), "{field:?}");
    }
    // ALTER TABLE is last, and the snapshot shows the new policy.
    let last = change.statements.last().expect("steps");
    assert!(matches!(last.step, Step::SetCompression(_)), "{last:?}");
    let snapshot = workshop.watched.observation().snapshot.expect("a snapshot");
    let table = snapshot.hypertable(&named("readings")).expect("the table");
    assert_eq!(table.drop_after.expect("a policy").to_string(), "33 days");
    // Nothing is left to do.
    let again = workshop
        .preview(&wanted("readings", &[(DROP_AFTER, "33 days")]))
        .await;
    assert!(planned(&again).plan.is_empty());
}

#[tokio::test]
async fn a_change_is_kept_and_audited_with_person_reason_statements_and_fields() {
    let test = "a_change_is_kept_and_audited_with_person_reason_statements_and_fields";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    let preview = workshop
        .preview(&wanted(
            "readings",
            &[(Field::ChunkInterval, "2 days"), (DROP_AFTER, "20 days")],
        ))
        .await;
    assert_eq!(planned(&preview).cutoffs.len(), 1);
    let mut apply = application(&preview);
    apply.reason = "  the disk fills  ".to_owned();
    let change = apply_and_wait(&workshop.console, apply).await.expect("applied");
    assert_eq!(change.state, ChangeState::Applied);
    assert_eq!(change.reason, "the disk fills");
    assert_eq!(change.made_by(), "the command line");
    assert!(change.finished_at.is_some() && change.drops_data);
    assert!(change.statements.iter().any(|step| {
        step.sql
            .as_deref()
            .is_some_and(|sql| sql.contains("set_chunk_time_interval"))
    }));
    assert!(!change.effects.is_empty() && !change.warnings.is_empty());

    let audit = workshop.audit().await;
    let line = &audit[0];
    assert_eq!(
        (line.action, line.outcome),
        (Action::ApplyPolicy, Some(Outcome::Succeeded))
    );
    assert_eq!(
        (line.database.as_str(), line.target.as_str()),
        (FACTORY, "readings")
    );
    assert_eq!(line.before["chunk_interval"], "1 day");
    assert_eq!(line.after["chunk_interval"], "2 days");
    assert_eq!(
        (
            line.before["drop_after"].as_str(),
            line.after["drop_after"].as_str()
        ),
        ("never", "20 days")
    );
    assert_eq!(line.after["reason"], "the disk fills");

    let listed = workshop
        .console
        .policy_changes(&granted(), FACTORY, Some(&named("readings")), None, 10)
        .await;
    assert_eq!(listed.expect("a list"), std::slice::from_ref(&change));
    let older = workshop
        .console
        .policy_changes(&granted(), FACTORY, None, Some(change.id), 10)
        .await;
    assert_eq!(older.expect("a list"), []);
    let unknown = workshop
        .console
        .policy_change(&granted(), FACTORY, change.id + 1)
        .await;
    assert!(matches!(unknown, Err(PolicyRefused::UnknownChange(_))));
}

#[tokio::test]
async fn odd_names_and_integer_time_are_changed_like_others() {
    let Some(database) = database(Server::Any, "odd_names_and_integer_time_are_changed_like_others").await
    else {
        return;
    };
    database
        .execute(
            r#"create schema "Fabrik 1";
               create table "Fabrik 1"."Größe ""x"" O'Neill" ("Zeit" bigint not null, "Maß" text, "v 1" float);
               select create_hypertable('"Fabrik 1"."Größe ""x"" O''Neill"', by_range('Zeit', 86400));
               create function now_s() returns bigint language sql stable as 'select extract(epoch from now())::bigint';
               select set_integer_now_func('"Fabrik 1"."Größe ""x"" O''Neill"', 'now_s');
               insert into "Fabrik 1"."Größe ""x"" O'Neill"
                 select now_s() - i * 3600, 'm', i from generate_series(0, 480) i"#,
        )
        .await;
    let workshop = Workshop::of(&database).await;
    let table = TableName::new("Fabrik 1", "Größe \"x\" O'Neill");
    let policy = workshop
        .console
        .policy(&granted(), FACTORY, &table)
        .await
        .expect("a policy");
    let mut fields = vec![(Field::ChunkInterval, "43200"), (DROP_AFTER, "1296000")];
    if policy.edition == Edition::Community {
        fields.extend([
            (Field::Compression, "on"),
            (Field::SegmentBy, "Maß"),
            (Field::OrderBy, "Zeit DESC, \"v 1\""),
            (COMPRESS_AFTER, "604800"),
        ]);
    }
    let change = workshop.applied(&wanted_of(table.clone(), &fields)).await;
    assert_eq!(change.relation, table);
    let now = workshop.fields(&table).await;
    for (field, text) in fields.iter().filter(|(field, _)| *field != Field::Compression) {
        assert_eq!(now.get(*field), Some(*text), "{field:?}");
    }
    let cutoffs = workshop
        .console
        .policy(&granted(), FACTORY, &table)
        .await
        .expect("a policy")
        .cutoffs;
    assert!(cutoffs.iter().all(|(_, cutoff)| cutoff.date.is_some()) && !cutoffs.is_empty());
}

#[tokio::test]
async fn the_refresh_of_a_continuous_aggregate_is_changed_by_either_of_its_names() {
    let test = "the_refresh_of_a_continuous_aggregate_is_changed_by_either_of_its_names";
    let Some(database) = database(Server::Community, test).await else {
        return;
    };
    database.execute(READINGS).await;
    database
        .execute(
            "create materialized view by_hour with (timescaledb.continuous) as
               select time_bucket('1 hour', ts) as hour, avg(value) as value from readings group by 1 with no data",
        )
        .await;
    let workshop = Workshop::of(&database).await;
    let view = named("by_hour");
    let refresh = PolicyKind::Refresh;
    workshop
        .applied(&wanted(
            "by_hour",
            &[
                (Field::Threshold(refresh), "on"),
                (Field::RefreshStart, "3 days"),
                (Field::RefreshEnd, "1 hour"),
                (Field::Every(refresh), "30 minutes"),
            ],
        ))
        .await;
    let added = workshop
        .console
        .policy(&granted(), FACTORY, &view)
        .await
        .expect("a policy")
        .current;
    let job = added.refresh_job().expect("a job").clone();
    // By the table its results lie in; the change is kept under its view.
    let change = workshop
        .applied(&wanted_of(
            added.table.clone(),
            &[
                (Field::RefreshStart, "5 days"),
                (COMPRESS_AFTER, "never"),
                (Field::Compression, "on"),
            ],
        ))
        .await;
    assert_eq!(change.relation, view);
    let altered = workshop
        .console
        .policy(&granted(), FACTORY, &view)
        .await
        .expect("a policy")
        .current;
    let after = altered.refresh_job().expect("a job");
    assert_eq!((after.id, after.next_start), (job.id, job.next_start));
    assert!(altered.compression.is_some());
    let changes = workshop
        .console
        .policy_changes(&granted(), FACTORY, Some(&added.table), None, 10)
        .await;
    assert_eq!(changes.expect("a list").len(), 2);
}

#[tokio::test]
async fn the_apache_editions_retention_is_kept_by_the_console_in_one_change_with_the_rest() {
    let test = "the_apache_editions_retention_is_kept_by_the_console_in_one_change_with_the_rest";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Workshop::of(&database).await;
    if super::workshop::edition(&workshop.console, &named("readings")).await == Edition::Community {
        return;
    }
    let change = workshop
        .applied(&wanted(
            "readings",
            &[(Field::ChunkInterval, "2 days"), (DROP_AFTER, "20 days")],
        ))
        .await;
    let current = workshop
        .console
        .policy(&granted(), FACTORY, &named("readings"))
        .await
        .expect("a policy")
        .current;
    let retention = current.console_retention.expect("kept by the console");
    assert_eq!(retention.threshold.to_string(), "20 days");
    // Of the console alone: the database is not asked to change anything.
    let longer = workshop
        .applied(&wanted("readings", &[(DROP_AFTER, "30 days")]))
        .await;
    assert!(longer.statements.iter().all(|step| step.sql.is_none()));
    assert!(!longer.drops_data && change.drops_data);
    let fields = workshop.fields(&named("readings")).await;
    assert_eq!(
        (fields.get(DROP_AFTER), fields.get(Field::ChunkInterval)),
        (Some("30 days"), Some("2 days"))
    );
}

#[tokio::test]
async fn a_change_can_be_followed_from_the_moment_its_number_is_given() {
    let test = "a_change_can_be_followed_from_the_moment_its_number_is_given";
    let Some(database) = database(Server::Any, test).await else {
        return;
    };
    database.execute(READINGS).await;
    let workshop = Arc::new(Workshop::of(&database).await);
    let preview = workshop
        .preview(&wanted("readings", &[(Field::ChunkInterval, "2 days")]))
        .await;
    let id = workshop
        .console
        .apply_policy(&granted(), FACTORY, application(&preview))
        .await
        .expect("begun");
    let change = workshop
        .console
        .policy_change(&granted(), FACTORY, id)
        .await
        .expect("there");
    assert!(matches!(
        change.state,
        ChangeState::Running(_) | ChangeState::Applied
    ));
    let other = workshop.another(&database).await;
    let change = other
        .await_policy_change(&granted(), FACTORY, id, super::workshop::LONG)
        .await
        .expect("over");
    assert_eq!(change.state, ChangeState::Applied);
}

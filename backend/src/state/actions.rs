//! Actions on chunks, continuous aggregates and jobs, and what became of each of their targets.

use domain::action::{ActionOutcome, ActionRun, TargetCounts, TargetRun, TargetState};
use domain::audit::ActorKind;
use domain::role::Permission;
use domain::table_name::TableName;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::retention_runs::{Actor, SILENT_AFTER_MS, actor_kind};
use super::{StateError, StateStore, loaded, stored, time};
use crate::actions::Pulse;

/// An action that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewAction<'a> {
    pub(crate) database: &'a str,
    pub(crate) action: &'a domain::action::Action,
    pub(crate) title: &'a str,
    pub(crate) permission: Permission,
    pub(crate) actor: &'a Actor,
    pub(crate) intent_id: i64,
    /// The tables that something is done to.
    pub(crate) tables: &'a [TableName],
}

/// Targets that are written in one statement: eight values each, of the 32,766 that SQLite takes.
const TARGETS_A_STATEMENT: usize = 500;

/// An action, with what is needed to end it for a console that is gone.
#[derive(Debug, Clone)]
pub(crate) struct StoredAction {
    pub(crate) run: ActionRun,
    pub(crate) actor: Actor,
    pub(crate) intent_id: i64,
}

const COLUMNS: &str =
    "select id, action, title, permission, actor_kind, actor, address, started_at_ms, seen_at_ms,
    ended_at_ms, outcome, cancelled_by, intent_id
  from actions";

fn unreadable(what: &str, text: &str) -> StateError {
    StateError::Unreadable(format!("the {what} {text:?} of an action"))
}

fn count(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

fn number(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

fn state(text: &str) -> Result<TargetState, StateError> {
    TargetState::ALL
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| unreadable("state", text))
}

fn read(row: &AnyRow, now: Timestamp) -> Result<StoredAction, StateError> {
    let kind: String = row.try_get("actor_kind")?;
    let actor = Actor {
        kind: actor_kind(&kind)?,
        name: row.try_get("actor")?,
        address: row.try_get("address")?,
    };
    let action: String = row.try_get("action")?;
    let permission: String = row.try_get("permission")?;
    let outcome: Option<String> = row.try_get("outcome")?;
    let ended_at = time(row, "ended_at_ms")?;
    let seen_at_ms: i64 = row.try_get("seen_at_ms")?;
    Ok(StoredAction {
        run: ActionRun {
            id: row.try_get("id")?,
            action: serde_json::from_str(&action).map_err(|_| unreadable("kind", &action))?,
            title: row.try_get("title")?,
            who: match actor.kind {
                ActorKind::CommandLine => "the command line".to_owned(),
                _ => actor.name.clone(),
            },
            permission: permission
                .parse()
                .map_err(|_| unreadable("permission", &permission))?,
            started_at: loaded(row.try_get("started_at_ms")?)?,
            ended_at,
            outcome: outcome
                .map(|text| {
                    ActionOutcome::ALL
                        .into_iter()
                        .find(|outcome| outcome.as_str() == text)
                        .ok_or_else(|| unreadable("outcome", &text))
                })
                .transpose()?,
            is_silent: ended_at.is_none() && seen_at_ms + SILENT_AFTER_MS < stored(now),
            cancelled_by: row.try_get("cancelled_by")?,
            counts: TargetCounts::default(),
            targets: Vec::new(),
        },
        actor,
        intent_id: row.try_get("intent_id")?,
    })
}

fn read_target(row: &AnyRow) -> Result<TargetRun, StateError> {
    let target: String = row.try_get("target")?;
    let text: String = row.try_get("state")?;
    Ok(TargetRun {
        target: serde_json::from_str(&target).map_err(|_| unreadable("target", &target))?,
        title: row.try_get("title")?,
        statement: row.try_get("statement")?,
        state: state(&text)?,
        duration_ms: count(row.try_get("duration_ms")?),
        bytes_before: count(row.try_get("bytes_before")?),
        bytes_after: count(row.try_get("bytes_after")?),
        detail: row.try_get("detail")?,
    })
}

/// Begins an action; returns its number.
pub(crate) async fn insert_action(
    connection: &mut AnyConnection,
    action: &NewAction<'_>,
    targets: &[TargetRun],
    now: Timestamp,
) -> Result<i64, StateError> {
    let id: i64 = sqlx::query_scalar(
        "insert into actions (database_name, action, title, permission, actor_kind, actor, address, started_at_ms,
           seen_at_ms, intent_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
    )
    .bind(action.database)
    // Plain data cannot fail to be written.
    .bind(serde_json::to_string(action.action).unwrap_or_default())
    .bind(action.title)
    .bind(action.permission.as_str())
    .bind(action.actor.kind.as_str())
    .bind(action.actor.name.as_str())
    .bind(action.actor.address.as_str())
    .bind(stored(now))
    .bind(stored(now))
    .bind(action.intent_id)
    .fetch_one(&mut *connection)
    .await?;
    let mut number_of_first = 0_i64;
    for targets in targets.chunks(TARGETS_A_STATEMENT) {
        let rows: Vec<String> = (0..targets.len())
            .map(|row| {
                let places: Vec<String> = (1..=8).map(|column| format!("${}", row * 8 + column)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        // Only places of values, of which there are as many as targets.
        let statement = format!(
            "insert into action_targets (action_id, number, target, title, statement, state, bytes_before, detail)
             values {}",
            rows.join(", ")
        );
        let mut insert = sqlx::query(sqlx::AssertSqlSafe(statement));
        for (index, target) in (number_of_first..).zip(targets) {
            insert = insert
                .bind(id)
                .bind(index)
                .bind(serde_json::to_string(&target.target).unwrap_or_default())
                .bind(target.title.as_str())
                .bind(target.statement.as_str())
                .bind(target.state.as_str())
                .bind(number(target.bytes_before))
                .bind(target.detail.as_str());
        }
        insert.execute(&mut *connection).await?;
        number_of_first += i64::try_from(targets.len()).unwrap_or(0);
    }
    for table in action.tables {
        sqlx::query("insert into action_tables (action_id, schema_name, table_name) values ($1, $2, $3)")
            .bind(id)
            .bind(table.schema.as_str())
            .bind(table.name.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(id)
}

/// Ends an action that has not ended; `false` where somebody else did.
pub(crate) async fn end_action(
    connection: &mut AnyConnection,
    id: i64,
    outcome: ActionOutcome,
    now: Timestamp,
) -> Result<bool, StateError> {
    let ended = sqlx::query(
        "update actions set ended_at_ms = $2, seen_at_ms = $3, outcome = $4 where id = $1 and ended_at_ms is null",
    )
    .bind(id)
    .bind(stored(now))
    .bind(stored(now))
    .bind(outcome.as_str())
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Writes down how a target stands.
pub(crate) async fn note_target(
    connection: &mut AnyConnection,
    action_id: i64,
    index: usize,
    target: &TargetRun,
) -> Result<(), StateError> {
    sqlx::query(
        "update action_targets set state = $3, duration_ms = $4, bytes_before = $5, bytes_after = $6, detail = $7
         where action_id = $1 and number = $2",
    )
    .bind(action_id)
    .bind(i64::try_from(index).unwrap_or(i64::MAX))
    .bind(target.state.as_str())
    .bind(number(target.duration_ms))
    .bind(number(target.bytes_before))
    .bind(number(target.bytes_after))
    .bind(target.detail.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

impl StateStore {
    /// Writes down how a target stands, as long as its action has not ended; `false` where it has.
    pub(crate) async fn note_target(
        &self,
        action_id: i64,
        index: usize,
        target: &TargetRun,
    ) -> Result<bool, StateError> {
        let mut transaction = self.begin().await?;
        // Whoever ends the action waits for this, or this for whoever ends it.
        let goes_on =
            sqlx::query("update actions set seen_at_ms = seen_at_ms where id = $1 and ended_at_ms is null")
                .bind(action_id)
                .execute(&mut *transaction)
                .await?
                .rows_affected()
                == 1;
        if goes_on {
            note_target(&mut transaction, action_id, index, target).await?;
            transaction.commit().await?;
        }
        Ok(goes_on)
    }

    /// Notes that the console which runs it is alive, as long as it has not ended.
    pub(crate) async fn note_action_alive(&self, id: i64, now: Timestamp) -> Result<Pulse, StateError> {
        let row = sqlx::query(
            "update actions set seen_at_ms = $2 where id = $1 and ended_at_ms is null returning cancelled_by",
        )
        .bind(id)
        .bind(stored(now))
        .fetch_optional(&self.pool)
        .await?;
        let is_to_end = row
            .map(|row| row.try_get::<Option<String>, _>("cancelled_by"))
            .transpose()?
            .map(|who| who.is_some());
        Ok(Pulse::of(is_to_end))
    }

    /// Asks for an action to end; `false` where it has ended, or there is none.
    pub(crate) async fn cancel_action(&self, database: &str, id: i64, who: &str) -> Result<bool, StateError> {
        let cancelled = sqlx::query(
            "update actions set cancelled_by = $3 where id = $1 and database_name = $2 and ended_at_ms is null",
        )
        .bind(id)
        .bind(database)
        .bind(who)
        .execute(&self.pool)
        .await?;
        Ok(cancelled.rows_affected() == 1)
    }

    async fn action_alone(
        &self,
        database: &str,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<StoredAction>, StateError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{COLUMNS} where id = $1 and database_name = $2"
        )))
        .bind(id)
        .bind(database)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| read(&row, now)).transpose()
    }

    /// How many targets of an action stand how. Reads an index only.
    async fn target_counts(&self, id: i64) -> Result<TargetCounts, StateError> {
        let rows = sqlx::query(
            "select state, count(*) as targets from action_targets where action_id = $1 group by state",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await?;
        let mut counts = TargetCounts::default();
        for row in &rows {
            let text: String = row.try_get("state")?;
            let targets: i64 = row.try_get("targets")?;
            counts.add(state(&text)?, u64::try_from(targets).unwrap_or(0));
        }
        Ok(counts)
    }

    /// One action with all its targets, in the order they are handled.
    pub(crate) async fn action(
        &self,
        database: &str,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<StoredAction>, StateError> {
        let Some(mut action) = self.action_alone(database, id, now).await? else {
            return Ok(None);
        };
        let rows = sqlx::query(
            "select target, title, statement, state, duration_ms, bytes_before, bytes_after, detail
             from action_targets where action_id = $1 order by number",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await?;
        for row in &rows {
            let target = read_target(row)?;
            action.run.counts.add(target.state, 1);
            action.run.targets.push(target);
        }
        Ok(Some(action))
    }

    /// One action with some of its targets: what failed or is unknown first, then what is under way, then the others in the
    /// order they are handled. A page about it is loaded every second: only an index is read of what is not shown.
    pub(crate) async fn action_with_some(
        &self,
        database: &str,
        id: i64,
        first: u64,
        limit: u32,
        now: Timestamp,
    ) -> Result<Option<StoredAction>, StateError> {
        let Some(mut action) = self.action_alone(database, id, now).await? else {
            return Ok(None);
        };
        action.run.counts = self.target_counts(id).await?;
        let rows = sqlx::query(
            "select t.target, t.title, t.statement, t.state, t.duration_ms, t.bytes_before, t.bytes_after, t.detail
             from (select action_id, number,
                     case state when 'failed' then 0 when 'unknown' then 1 when 'running' then 2 else 3 end as place
                   from action_targets where action_id = $1 order by place, number limit $2 offset $3) shown
             join action_targets t on t.action_id = shown.action_id and t.number = shown.number
             order by shown.place, shown.number",
        )
        .bind(id)
        .bind(i64::from(limit))
        .bind(i64::try_from(first).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        action.run.targets = rows.iter().map(read_target).collect::<Result<_, _>>()?;
        Ok(Some(action))
    }

    /// Actions, the newest first, without their targets; of one table, if any.
    pub(crate) async fn actions(
        &self,
        database: &str,
        table: Option<&TableName>,
        before: Option<i64>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<ActionRun>, StateError> {
        let of_table = if table.is_some() {
            "and id in (select action_id from action_tables where schema_name = $4 and table_name = $5)"
        } else {
            ""
        };
        let statement =
            format!("{COLUMNS} where database_name = $1 and id < $2 {of_table} order by id desc limit $3");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(database)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        if let Some(table) = table {
            query = query.bind(table.schema.as_str()).bind(table.name.as_str());
        }
        let rows = query.fetch_all(&self.pool).await?;
        let mut actions = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut action = read(row, now)?.run;
            action.counts = self.target_counts(action.id).await?;
            actions.push(action);
        }
        Ok(actions)
    }

    /// The numbers of the actions that have not ended and of whose console nothing is heard.
    pub(crate) async fn silent_actions(
        &self,
        database: &str,
        now: Timestamp,
    ) -> Result<Vec<i64>, StateError> {
        Ok(sqlx::query_scalar(
            "select id from actions where database_name = $1 and ended_at_ms is null and seen_at_ms < $2 order by id",
        )
        .bind(database)
        .bind(stored(now) - SILENT_AFTER_MS)
        .fetch_all(&self.pool)
        .await?)
    }
}

//! The audit trail's rows. Nothing here changes or removes one, but for those whose time is over; the tables' own
//! triggers see to it that nothing else does either.

use domain::audit::{ActorKind, AuditEvent, AuditQuery, Facts, Outcome, OutcomeFilter};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{StateError, StateStore, loaded, stored};
use crate::audit::Entry;

/// Rows are removed this many at a time, so that removing years of them holds nobody up.
const REMOVED_AT_ONCE: i64 = 5_000;

/// A line that counts events stands at the first of them; the last was at most so much later.
const COUNTED_FOR_MS: i64 = 5 * 60 * 1000;

macro_rules! events {
    ($condition:literal) => {
        concat!(
            r"select a.id, a.at_ms, a.actor_kind, a.actor, a.address, a.action, a.database_name, a.target,
                a.before_facts, a.after_facts, a.event_count, a.last_at_ms,
                coalesce(a.outcome, o.outcome) as outcome,
                case when o.id is null then a.detail else o.detail end as detail
              from audit a left join audit o on o.intent_id = a.id
              where a.intent_id is null and a.at_ms <= $1 and (a.at_ms < $1 or a.id < $2)
                and a.at_ms < $3 and a.at_ms >= $4 and a.last_at_ms >= $5
                and lower(a.actor) like $6 escape '\' and lower(a.target) like $7 escape '\' and ",
            $condition,
            " and ($9 = '' or coalesce(a.outcome, o.outcome, 'unknown') = $9)
              order by a.at_ms desc, a.id desc limit $10"
        )
    };
}

/// A row to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewRow<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) intent_id: Option<i64>,
    pub(crate) detail: &'a str,
    pub(crate) count: u64,
    pub(crate) last_at: Timestamp,
}

fn facts_text(facts: &Facts) -> String {
    if facts.is_empty() {
        String::new()
    } else {
        // A map of texts cannot fail to be written.
        serde_json::to_string(facts).unwrap_or_default()
    }
}

/// Writes one row and returns its id.
pub(crate) async fn insert(connection: &mut AnyConnection, row: &NewRow<'_>) -> Result<i64, StateError> {
    let entry = row.entry;
    Ok(sqlx::query_scalar(
        "insert into audit (at_ms, actor_kind, actor, address, action, database_name, target, before_facts,
           after_facts, outcome, intent_id, detail, event_count, last_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id",
    )
    .bind(stored(row.at))
    .bind(entry.actor_kind.as_str())
    .bind(entry.actor.as_str())
    .bind(entry.address.as_str())
    .bind(entry.action.as_str())
    .bind(entry.database.as_str())
    .bind(entry.target.as_str())
    .bind(facts_text(&entry.before))
    .bind(facts_text(&entry.after))
    .bind(row.outcome.map(Outcome::as_str))
    .bind(row.intent_id)
    .bind(row.detail)
    .bind(i64::try_from(row.count).unwrap_or(i64::MAX))
    .bind(stored(row.last_at))
    .fetch_one(connection)
    .await?)
}

/// `%text%` for `like … escape '\'`, in lower case.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

impl StateStore {
    /// Lines of the audit trail, newest first, at most `limit`. A line is an event, or an intent joined with its
    /// outcome. Walks an index by time backwards, so that a page costs the same however long the trail is; a filter by
    /// time bounds the walk, one by action has an index of its own.
    pub(crate) async fn audit_events(
        &self,
        query: &AuditQuery,
        limit: usize,
    ) -> Result<Vec<AuditEvent>, StateError> {
        let Some((before_at_ms, before_id)) = self.place(query.before_id).await? else {
            // The line is gone, and with it all that is older.
            return Ok(Vec::new());
        };
        let statement = match query.action {
            None => sqlx::query(events!("$8 = ''")),
            Some(_) => sqlx::query(events!("a.action = $8")),
        };
        statement
            .bind(before_at_ms)
            .bind(before_id)
            .bind(query.until.map_or(i64::MAX, stored))
            .bind(query.from.map_or(i64::MIN, |from| stored(from) - COUNTED_FOR_MS))
            .bind(query.from.map_or(i64::MIN, stored))
            .bind(containing(&query.actor))
            .bind(containing(&query.target))
            .bind(query.action.map_or("", |action| action.as_str()))
            .bind(query.outcome.map_or("", OutcomeFilter::as_str))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(event)
            .collect()
    }

    /// Time and number of the line that a page begins after; `None` where there is no such line.
    async fn place(&self, before_id: Option<i64>) -> Result<Option<(i64, i64)>, StateError> {
        let Some(id) = before_id else {
            return Ok(Some((i64::MAX, i64::MAX)));
        };
        let at_ms: Option<i64> = sqlx::query_scalar("select at_ms from audit where id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(at_ms.map(|at_ms| (at_ms, id)))
    }

    /// Removes the rows from before this time; returns how many.
    pub(crate) async fn remove_audit_before(&self, before: Timestamp) -> Result<u64, StateError> {
        let mut removed = 0;
        loop {
            let mut transaction = self.begin().await?;
            sqlx::query("update audit_retention set removable_before_ms = $1")
                .bind(stored(before))
                .execute(&mut *transaction)
                .await?;
            let batch = sqlx::query(
                "delete from audit where id in (select id from audit where at_ms < $1 order by id limit $2)",
            )
            .bind(stored(before))
            .bind(REMOVED_AT_ONCE)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            sqlx::query("update audit_retention set removable_before_ms = 0")
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            removed += batch;
            if batch == 0 {
                return Ok(removed);
            }
        }
    }
}

fn facts(text: &str) -> Result<Facts, StateError> {
    if text.is_empty() {
        return Ok(Facts::new());
    }
    serde_json::from_str(text).map_err(|_| StateError::Unreadable("facts of the audit trail".to_owned()))
}

fn event(row: &AnyRow) -> Result<AuditEvent, StateError> {
    let unreadable =
        |what: &str, text: &str| StateError::Unreadable(format!("the {what} {text:?} in the audit trail"));
    let actor_kind: String = row.try_get("actor_kind")?;
    let action: String = row.try_get("action")?;
    let outcome: Option<String> = row.try_get("outcome")?;
    Ok(AuditEvent {
        id: row.try_get("id")?,
        at: loaded(row.try_get("at_ms")?)?,
        actor_kind: ActorKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == actor_kind)
            .ok_or_else(|| unreadable("actor", &actor_kind))?,
        actor: row.try_get("actor")?,
        address: row.try_get("address")?,
        action: action.parse().map_err(|_| unreadable("action", &action))?,
        database: row.try_get("database_name")?,
        target: row.try_get("target")?,
        before: facts(row.try_get("before_facts")?)?,
        after: facts(row.try_get("after_facts")?)?,
        outcome: outcome
            .map(|text| {
                Outcome::ALL
                    .into_iter()
                    .find(|outcome| outcome.as_str() == text)
                    .ok_or_else(|| unreadable("outcome", &text))
            })
            .transpose()?,
        detail: row.try_get("detail")?,
        count: row.try_get::<i64, _>("event_count")?.try_into().unwrap_or(1),
        last_at: loaded(row.try_get("last_at_ms")?)?,
    })
}

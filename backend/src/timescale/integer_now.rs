//! What now is on integer time axes: the value of each table's own function.

use std::collections::HashMap;
use std::time::Duration;

use domain::visible::{Hidden, Visible};
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, FromRow};

/// Once the calls of one reading took this long, the rest keep the value they had.
const CALLS_PER_READING: Duration = Duration::from_secs(3);

/// What the functions said, by hypertable, and when each was asked.
#[derive(Debug, Default)]
pub(super) struct IntegerNows {
    known: HashMap<i32, Known>,
    readings: u64,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    now: Visible<i64>,
    /// The number of the reading that asked last; 0 for one that was never asked.
    asked_in: u64,
}

#[derive(Debug, Clone, FromRow)]
struct NowFunction {
    hypertable_id: i32,
    relation: Oid,
    may_call: bool,
    is_trusted: bool,
}

impl IntegerNows {
    /// The value of a hypertable's function; `None` where it has none.
    pub(super) fn of(&self, hypertable_id: i32) -> Option<Visible<i64>> {
        self.known.get(&hypertable_id).map(|known| known.now)
    }

    /// Asks the functions, the one that was asked longest ago first: slow ones let the others wait for the next reading,
    /// not for ever. Each call is a transaction of its own that may take a second: it is somebody else's code.
    pub(super) async fn update(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let functions: Vec<NowFunction> = sqlx::query_as(include_str!("sql/now_functions.sql"))
            .fetch_all(&mut *connection)
            .await?;
        self.readings += 1;
        let started = tokio::time::Instant::now();
        let mut current = HashMap::with_capacity(functions.len());
        for function in self.in_turn(functions) {
            let id = function.hypertable_id;
            let before = self.known.get(&id).copied();
            let asked = |now| Known {
                now,
                asked_in: self.readings,
            };
            let known = if !function.is_trusted {
                asked(Visible::Hidden(Hidden::NowFunctionUntrusted))
            } else if !function.may_call {
                asked(Visible::Hidden(Hidden::NowFunctionRefused))
            } else if started.elapsed() < CALLS_PER_READING {
                asked(call(connection, function.relation).await?)
            } else {
                before.unwrap_or(Known {
                    now: Visible::Hidden(Hidden::NowFunctionSlow),
                    asked_in: 0,
                })
            };
            current.insert(id, known);
        }
        self.known = current;
        Ok(())
    }

    /// By when they were asked last, then by table.
    fn in_turn(&self, mut functions: Vec<NowFunction>) -> Vec<NowFunction> {
        functions.sort_by_key(|function| {
            let known = self.known.get(&function.hypertable_id);
            (known.map_or(0, |known| known.asked_in), function.hypertable_id)
        });
        functions
    }
}

async fn call(connection: &mut PgConnection, relation: Oid) -> Result<Visible<i64>, sqlx::Error> {
    let mut transaction = connection.begin_with("begin transaction read only").await?;
    sqlx::query("select set_config('statement_timeout', '1s', true)")
        .execute(&mut *transaction)
        .await?;
    let now = sqlx::query_scalar(include_str!("sql/integer_now.sql"))
        .bind(relation)
        .fetch_one(&mut *transaction)
        .await;
    transaction.rollback().await?;
    match now {
        Ok(now) => Ok(Visible::Shown(now)),
        Err(sqlx::Error::Database(error)) => {
            tracing::debug!(%error, "an integer_now_func failed");
            Ok(Visible::Hidden(match error.code().as_deref() {
                // Cancelled after its time, or while it waited for a lock.
                Some("57014" | "55P03") => Hidden::NowFunctionSlow,
                _ => Hidden::NowFunctionRefused,
            }))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_that_was_asked_longest_ago_comes_first() {
        let known = |asked_in| Known {
            now: Visible::Shown(1),
            asked_in,
        };
        let nows = IntegerNows {
            known: [(1, known(5)), (2, known(3)), (3, known(5)), (4, known(0))].into(),
            readings: 5,
        };
        let functions = (1..=5)
            .map(|hypertable_id| NowFunction {
                hypertable_id,
                relation: Oid(1),
                may_call: true,
                is_trusted: true,
            })
            .collect();
        let ids: Vec<i32> = nows
            .in_turn(functions)
            .iter()
            .map(|function| function.hypertable_id)
            .collect();
        assert_eq!(ids, [4, 5, 2, 1, 3]);
    }
}

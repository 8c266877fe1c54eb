//! How many sign-ins are left, shared by all replicas.
//!
//! A budget is one number: the time at which it is whole again. Taking one attempt moves that time on by what one
//! attempt takes to come back; where it would lie further ahead than the whole budget takes, nothing is left. One
//! statement does both, so two replicas can never spend the same attempt (this is the generic cell rate algorithm).

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;

use super::{StateError, StateStore, stored};

/// The size of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Attempts in a whole budget.
    pub(crate) attempts: i64,
    /// How long one attempt takes to come back, in milliseconds.
    pub(crate) each_ms: i64,
}

/// Nothing is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    /// When there is one attempt again.
    pub(crate) retry_at: Timestamp,
}

impl StateStore {
    /// Takes one attempt from a budget.
    pub(crate) async fn take_attempt(
        &self,
        key: &str,
        budget: Budget,
        now: Timestamp,
    ) -> Result<Result<(), Spent>, StateError> {
        let now_ms = stored(now);
        let furthest_ms = now_ms + (budget.attempts - 1) * budget.each_ms;
        let taken = sqlx::query(
            "insert into login_budgets (budget, whole_at_ms) values ($1, $2 + $3)
             on conflict (budget) do update set whole_at_ms =
               case when login_budgets.whole_at_ms > $2 then login_budgets.whole_at_ms else $2 end + $3
             where login_budgets.whole_at_ms <= $4",
        )
        .bind(key)
        .bind(now_ms)
        .bind(budget.each_ms)
        .bind(furthest_ms)
        .execute(&self.pool)
        .await?
        .rows_affected();
        if taken == 1 {
            return Ok(Ok(()));
        }
        let whole_at = sqlx::query("select whole_at_ms from login_budgets where budget = $1")
            .bind(key)
            .fetch_optional(&self.pool)
            .await?
            .map_or(Ok(now_ms), |row| row.try_get::<i64, _>("whole_at_ms"))?;
        let wait_ms = (whole_at - furthest_ms).max(1);
        Ok(Err(Spent {
            retry_at: now
                .checked_add(SignedDuration::from_millis(wait_ms))
                .unwrap_or(now),
        }))
    }

    /// Gives an attempt back: it was no guess.
    pub(crate) async fn return_attempt(&self, key: &str, budget: Budget) -> Result<(), StateError> {
        sqlx::query("update login_budgets set whole_at_ms = whole_at_ms - $1 where budget = $2")
            .bind(budget.each_ms)
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets the budgets that are whole again.
    pub(crate) async fn remove_whole_budgets(&self, now: Timestamp) -> Result<(), StateError> {
        sqlx::query("delete from login_budgets where whole_at_ms <= $1")
            .bind(stored(now))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

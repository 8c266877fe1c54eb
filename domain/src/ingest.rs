//! How fast rows come in.

use serde::{Deserialize, Serialize};

/// Rows that were inserted between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestRate {
    /// Rows inserted, as the server's statistics count them: rolled-back ones included.
    pub rows: u64,
    /// Time between the two readings, in milliseconds.
    pub over_ms: u64,
}

impl IngestRate {
    /// Rows a second; 0 over no time.
    pub fn rows_per_second(self) -> f64 {
        if self.over_ms == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate of three digits")]
        {
            self.rows as f64 * 1000.0 / self.over_ms as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_rows_over_time() {
        let rate = |rows, over_ms| IngestRate { rows, over_ms }.rows_per_second();
        assert!((rate(500, 5000) - 100.0).abs() < f64::EPSILON);
        assert!(rate(500, 0).abs() < f64::EPSILON);
    }
}

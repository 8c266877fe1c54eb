//! The statements about a policy's job, which pass back what the server would otherwise lose.

use super::{AddPolicy, AlterPolicy, ConfigChange, NextStartChange, Starts, Work};
use crate::hypertable::TimeSpan;
use crate::policy::model::{PolicyKind, Threshold};
use crate::policy::sql;

impl AddPolicy {
    /// One statement: the job never exists in another form than the final one.
    pub(super) fn sql(&self, relation: &str) -> String {
        let (function, kind) = match self.kind {
            PolicyKind::Compression => ("add_compression_policy", "compress"),
            PolicyKind::Retention => ("add_retention_policy", "drop"),
            PolicyKind::Refresh => ("add_continuous_aggregate_policy", ""),
        };
        let offset = |offset: Option<TimeSpan>| offset.map_or_else(|| "NULL".to_owned(), sql::span);
        let mut added = vec![relation.to_owned()];
        match self.work {
            Work::Age(Threshold::After(span)) => added.push(format!("{kind}_after => {}", sql::span(span))),
            Work::Age(Threshold::CreatedBefore(interval)) => {
                added.push(format!("{kind}_created_before => {}", sql::interval(interval)));
            }
            Work::Window(window) => {
                added.push(format!("start_offset => {}", offset(window.start_offset)));
                added.push(format!("end_offset => {}", offset(window.end_offset)));
            }
        }
        added.push(format!(
            "schedule_interval => {}",
            sql::interval(self.schedule.interval)
        ));
        let mut altered = vec![format!(
            "max_runtime => {}",
            sql::interval(self.schedule.max_runtime)
        )];
        if self.schedule.fixed {
            // An initial start is what makes the server take times for fixed.
            let from = self.schedule.initial_start.unwrap_or(self.first_start);
            added.push(format!("initial_start => {}", sql::moment(from)));
        }
        if let Some(timezone) = &self.schedule.timezone {
            let timezone = format!("timezone => {}", sql::literal(timezone));
            added.push(timezone.clone());
            altered.push(timezone);
        }
        if self.schedule.paused {
            altered.push("scheduled => false".to_owned());
        }
        altered.push(format!("next_start => {}", sql::moment(self.first_start)));
        format!(
            "SELECT alter_job(\n  {function}({}),\n  {})",
            added.join(", "),
            altered.join(", ")
        )
    }
}

impl AlterPolicy {
    /// A change that passes everything back which `alter_job` would otherwise lose.
    pub(in crate::policy) fn of(kind: PolicyKind, job_id: i32, timezone: Option<String>) -> Self {
        Self {
            kind,
            job_id,
            interval: None,
            max_runtime: None,
            paused: None,
            starts: None,
            timezone,
            config: None,
            next_start: NextStartChange::Kept,
        }
    }

    /// Reads, changes and writes in one statement.
    pub(super) fn sql(&self) -> String {
        let mut arguments = vec!["j.job_id".to_owned()];
        if let Some(interval) = self.interval {
            arguments.push(format!("schedule_interval => {}", sql::interval(interval)));
        }
        if let Some(max_runtime) = self.max_runtime {
            arguments.push(format!("max_runtime => {}", sql::interval(max_runtime)));
        }
        if let Some(paused) = self.paused {
            arguments.push(format!("scheduled => {}", !paused));
        }
        if let Some(config) = self.config {
            arguments.push(format!("config => {}", config.sql(self.kind)));
        }
        match self.starts {
            None => {}
            Some(Starts::AfterEnd) => arguments.push("fixed_schedule => false".to_owned()),
            Some(Starts::FixedFrom(from)) => {
                arguments.push(format!(
                    "fixed_schedule => true, initial_start => {}",
                    sql::moment(from)
                ));
            }
        }
        if let Some(timezone) = &self.timezone {
            arguments.push(format!("timezone => {}", sql::literal(timezone)));
        }
        // -infinity means that it runs, and is refused as a value.
        arguments.push(match self.next_start {
            NextStartChange::Kept => "next_start => nullif(j.next_start, '-infinity')".to_owned(),
            NextStartChange::At(at) => format!("next_start => {}", sql::moment(at)),
            NextStartChange::AtLatest(at) => format!(
                "next_start => least(nullif(j.next_start, '-infinity'), {})",
                sql::moment(at)
            ),
        });
        format!(
            "SELECT alter_job({})\nFROM timescaledb_information.jobs j WHERE j.job_id = {}",
            arguments.join(", "),
            self.job_id
        )
    }
}

impl Work {
    fn keys(self, kind: PolicyKind) -> Vec<(String, String)> {
        let verb = match kind {
            PolicyKind::Compression => "compress",
            PolicyKind::Retention | PolicyKind::Refresh => "drop",
        };
        match self {
            Self::Age(Threshold::After(span)) => vec![(format!("{verb}_after"), sql::json(Some(span)))],
            Self::Age(Threshold::CreatedBefore(interval)) => vec![(
                format!("{verb}_created_before"),
                sql::json(Some(TimeSpan::Interval(interval))),
            )],
            Self::Window(window) => vec![
                ("start_offset".to_owned(), sql::json(window.start_offset)),
                ("end_offset".to_owned(), sql::json(window.end_offset)),
            ],
        }
    }
}

impl ConfigChange {
    /// What was there, without the key that goes, with the keys that change.
    fn sql(&self, kind: PolicyKind) -> String {
        let before = self.from.keys(kind);
        let after = self.to.keys(kind);
        let mut text = "j.config".to_owned();
        for (key, _) in &before {
            if after.iter().all(|(of, _)| of != key) {
                text.push_str(" - ");
                text.push_str(&sql::literal(key));
            }
        }
        let changed: Vec<String> = after
            .iter()
            .filter(|pair| !before.contains(pair))
            .map(|(key, value)| format!("\"{key}\": {value}"))
            .collect();
        let changed = sql::literal(&format!("{{{}}}", changed.join(", ")));
        format!("{text} || {changed}::jsonb")
    }
}

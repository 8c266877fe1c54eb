//! What people write about a policy, in forms and in configuration: texts by the names of fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::compression_settings::SegmentBy;
use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::policy::columns::{write_order_by, write_segment_by};
use crate::policy::field::Field;
use crate::policy::model::{AgePolicy, PolicyKind, TablePolicy, Threshold};
use crate::policy::schedule::Schedule;

/// What people wrote, by the names of the fields ([`Field::name`]). A field that is missing stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyFields(BTreeMap<String, String>);

impl PolicyFields {
    /// What a form begins with: the policy as it is.
    pub fn of(policy: &TablePolicy) -> Self {
        let mut fields = Self::default();
        if let Some(length) = policy.chunk_interval {
            fields.set(Field::ChunkInterval, length.to_string());
        }
        let settings = policy.compression.settings();
        fields.set(Field::Compression, on_off(settings.is_some()));
        if let Some(settings) = settings {
            fields.set(Field::SegmentBy, write_segment_by(&settings.segment_by));
            fields.set(Field::OrderBy, write_order_by(&settings.order_by));
        }
        fields.set_age(PolicyKind::Compression, policy.compression.policy());
        fields.set_age(PolicyKind::Retention, policy.retention.as_ref());
        fields.set(
            Field::Threshold(PolicyKind::Refresh),
            on_off(policy.refresh.is_some()),
        );
        if let Some(refresh) = &policy.refresh {
            let offset =
                |offset: Option<TimeSpan>| offset.map_or_else(String::new, |offset| offset.to_string());
            fields.set(Field::RefreshStart, offset(refresh.window.start_offset));
            fields.set(Field::RefreshEnd, offset(refresh.window.end_offset));
            fields.set_schedule(PolicyKind::Refresh, &refresh.schedule);
        }
        fields
    }

    /// Says a field.
    pub fn set(&mut self, field: Field, text: impl Into<String>) {
        self.0.insert(field.name().to_owned(), text.into());
    }

    /// What was said of a field.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(field.name()).map(|text| text.trim())
    }

    /// Says what rows are grouped by; none where there is no column.
    pub fn set_segment_by(&mut self, columns: Vec<String>) {
        let segment_by = if columns.is_empty() {
            SegmentBy::Nothing
        } else {
            SegmentBy::Columns(columns)
        };
        self.set(Field::SegmentBy, write_segment_by(&segment_by));
    }

    /// The same, with the usual schedule where there is no policy yet: what a form offers for one.
    #[must_use]
    pub fn with_usual_schedules(mut self, chunk_interval: Option<TimeSpan>) -> Self {
        for kind in PolicyKind::ALL {
            if self.get(Field::Every(kind)).is_none() {
                self.set_schedule(kind, &Schedule::default_for(kind, chunk_interval));
                if kind != PolicyKind::Refresh {
                    self.set(Field::CountedFrom(kind), "range");
                }
            }
        }
        self
    }

    /// Says nothing of a field any more.
    pub fn remove(&mut self, field: Field) {
        self.0.remove(field.name());
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What these say, and where they say nothing, the others.
    #[must_use]
    pub fn over(&self, general: &Self) -> Self {
        let mut fields = general.0.clone();
        fields.extend(self.0.clone());
        Self(fields)
    }

    /// Names and texts, as forms send them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The names that were said.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    fn set_age(&mut self, kind: PolicyKind, policy: Option<&AgePolicy>) {
        let Some(policy) = policy else {
            self.set(Field::Threshold(kind), "never");
            return;
        };
        self.set(Field::Threshold(kind), policy.threshold.span().to_string());
        let from = match policy.threshold {
            Threshold::After(_) => "range",
            Threshold::CreatedBefore(_) => "creation",
        };
        self.set(Field::CountedFrom(kind), from);
        self.set_schedule(kind, &policy.schedule);
    }

    fn set_schedule(&mut self, kind: PolicyKind, schedule: &Schedule) {
        self.set(Field::Every(kind), schedule.interval.to_string());
        let from = match (schedule.fixed, schedule.initial_start) {
            (false, _) => String::new(),
            (true, None) => "fixed".to_owned(),
            (true, Some(from)) => from.to_string(),
        };
        self.set(Field::FixedFrom(kind), from);
        self.set(
            Field::Timezone(kind),
            schedule.timezone.as_deref().unwrap_or_default(),
        );
        let limit = match schedule.max_runtime {
            none if none == Interval::default() => String::new(),
            limit => limit.to_string(),
        };
        self.set(Field::MaxRuntime(kind), limit);
        self.set(Field::Paused(kind), if schedule.paused { "yes" } else { "no" });
    }
}

impl FromIterator<(String, String)> for PolicyFields {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

fn on_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

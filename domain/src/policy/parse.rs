//! From what people write, in forms and in configuration, to a policy.

use serde::{Deserialize, Serialize};

use crate::compression_settings::CompressionSettings;
use crate::hypertable::TimeSpan;
use crate::interval::Interval;
use crate::policy::columns::{read_order_by, read_segment_by};
use crate::policy::current::Current;
use crate::policy::facts::Facts;
use crate::policy::field::Field;
use crate::policy::fields::PolicyFields;
use crate::policy::integer_time::IntegerClock;
use crate::policy::model::{
    AgePolicy, Compression, Desired, PolicyKind, Refresh, RefreshWindow, TablePolicy, Threshold,
};
use crate::policy::schedule::Schedule;
use crate::time_axis::TimeAxis;
use crate::timestamp::Timestamp;

/// No policy looks further than this, and no calendar of the server's breaks there.
const LONGEST_US: i64 = 1_000 * 365 * 86_400_000_000;

/// No interval needs more letters.
const LONGEST_TEXT: usize = 200;

/// What is wrong with a field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{name}: {message}")]
pub struct FieldError {
    /// The field's name.
    pub name: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Reads fields over what there is. Every field that is wrong is told of, not only the first.
pub fn parse(
    fields: &PolicyFields,
    current: &Current,
    facts: &Facts<'_>,
) -> Result<Desired, Vec<FieldError>> {
    let mut reader = Reader {
        fields,
        before: PolicyFields::of(&current.policy()),
        axis: current.time_axis,
        clock: facts.integer_now.map(|now| IntegerClock::read(now, facts.now)),
        now: facts.now,
        errors: Vec::new(),
    };
    for name in fields.names().filter(|name| Field::from_name(name).is_none()) {
        let known: Vec<&str> = Field::SETTABLE.into_iter().map(Field::name).collect();
        reader.errors.push(FieldError {
            name: name.clone(),
            message: format!("there is no such field; use {}", known.join(", ")),
        });
    }
    let mut desired = Desired {
        policy: current.policy(),
        ..Desired::default()
    };
    reader.policy(&mut desired.policy);
    for kind in PolicyKind::ALL {
        let at = reader.read(Field::NextStart(kind), |reader, text| match text {
            "" => Ok(None),
            "now" => Ok(Some(reader.now)),
            _ => moment(text).map(Some),
        });
        desired.next_starts.set(kind, at.flatten());
    }
    if reader.errors.is_empty() {
        Ok(desired)
    } else {
        Err(reader.errors)
    }
}

struct Reader<'a> {
    fields: &'a PolicyFields,
    /// What a form begins with.
    before: PolicyFields,
    axis: TimeAxis,
    clock: Option<IntegerClock>,
    now: Timestamp,
    errors: Vec<FieldError>,
}

impl Reader<'_> {
    /// What a field says; `None` where it says nothing, or what cannot be read.
    fn read<T>(&mut self, field: Field, read: impl FnOnce(&Self, &str) -> Result<T, String>) -> Option<T> {
        let text = self.fields.get(field)?;
        match read(self, text) {
            Ok(value) => Some(value),
            // What is there already may be what nobody could write; left alone, it is in nobody's way.
            Err(_) if self.before.get(field) == Some(text) => None,
            Err(message) => {
                self.errors.push(FieldError {
                    name: field.name().to_owned(),
                    message,
                });
                None
            }
        }
    }

    fn policy(&mut self, policy: &mut TablePolicy) {
        if let Some(length) = self.read(Field::ChunkInterval, |reader, text| match text {
            "" => Ok(None),
            _ => reader.span(text).and_then(positive).map(Some),
        }) {
            policy.chunk_interval = length.or(policy.chunk_interval);
        }
        let chunk_interval = policy.chunk_interval;
        self.compression(policy);
        policy.retention = self.by_age(PolicyKind::Retention, policy.retention.take(), chunk_interval);
        self.refresh(policy);
    }

    fn compression(&mut self, policy: &mut TablePolicy) {
        let was_on = policy.compression.settings().is_some();
        let is_on = self
            .read(Field::Compression, |_, text| yes_or_no(text))
            .unwrap_or(was_on);
        let (mut settings, before) = match std::mem::take(&mut policy.compression) {
            Compression::Off => (CompressionSettings::default(), None),
            Compression::On { settings, policy } => (settings, policy),
        };
        if let Some(segment_by) = self.read(Field::SegmentBy, |_, text| read_segment_by(text)) {
            settings.segment_by = segment_by;
        }
        if let Some(order_by) = self.read(Field::OrderBy, |_, text| read_order_by(text)) {
            settings.order_by = order_by;
        }
        let by_age = self.by_age(PolicyKind::Compression, before, policy.chunk_interval);
        if is_on {
            policy.compression = Compression::On {
                settings,
                policy: by_age,
            };
        }
    }

    fn by_age(
        &mut self,
        kind: PolicyKind,
        before: Option<AgePolicy>,
        chunk_interval: Option<TimeSpan>,
    ) -> Option<AgePolicy> {
        let was_from_creation = before
            .as_ref()
            .is_some_and(|policy| matches!(policy.threshold, Threshold::CreatedBefore(_)));
        let from_creation = self
            .read(Field::CountedFrom(kind), |_, text| match text {
                "" | "range" => Ok(false),
                "creation" => Ok(true),
                _ => Err(format!(
                    "{text:?} is nothing to count an age from; use \"range\" for the end of a chunk's range, or \"creation\""
                )),
            })
            .unwrap_or(was_from_creation);
        let threshold = self.read(Field::Threshold(kind), |reader, text| match text {
            "" | "never" | "forever" => Ok(None),
            _ if from_creation => {
                let interval = interval(text)?;
                positive(TimeSpan::Interval(interval))?;
                Ok(Some(Threshold::CreatedBefore(interval)))
            }
            _ => Ok(Some(Threshold::After(positive(reader.span(text)?)?))),
        });
        let schedule = before.as_ref().map(|policy| policy.schedule.clone());
        let schedule = schedule.unwrap_or_else(|| Schedule::default_for(kind, chunk_interval));
        let schedule = self.schedule(kind, schedule);
        let threshold = match threshold {
            Some(threshold) => threshold?,
            None => before?.threshold,
        };
        Some(AgePolicy { threshold, schedule })
    }

    fn refresh(&mut self, policy: &mut TablePolicy) {
        const KIND: PolicyKind = PolicyKind::Refresh;
        let was_on = policy.refresh.is_some();
        let is_on = self
            .read(Field::Threshold(KIND), |_, text| yes_or_no(text))
            .unwrap_or(was_on);
        let before = policy.refresh.take().unwrap_or_else(|| Refresh {
            window: RefreshWindow::default(),
            schedule: Schedule::default_for(KIND, None),
        });
        let RefreshWindow {
            start_offset,
            end_offset,
        } = before.window;
        let start = self.read(Field::RefreshStart, |reader, text| match text {
            "" | "oldest" => Ok(None),
            _ => reader.span(text).map(Some),
        });
        let end = self.read(Field::RefreshEnd, |reader, text| match text {
            "" | "newest" => Ok(None),
            _ => reader.span(text).map(Some),
        });
        let schedule = self.schedule(KIND, before.schedule);
        policy.refresh = is_on.then_some(Refresh {
            window: RefreshWindow {
                start_offset: start.unwrap_or(start_offset),
                end_offset: end.unwrap_or(end_offset),
            },
            schedule,
        });
    }

    fn schedule(&mut self, kind: PolicyKind, mut schedule: Schedule) -> Schedule {
        if let Some(Some(every)) = self.read(Field::Every(kind), |_, text| {
            // A form has the field of a policy that is not there yet, too.
            if text.is_empty() {
                return Ok(None);
            }
            let every = interval(text)?;
            positive(TimeSpan::Interval(every)).map(|_| Some(every))
        }) {
            schedule.interval = every;
        }
        if let Some((fixed, from)) = self.read(Field::FixedFrom(kind), |_, text| match text {
            "" => Ok((false, None)),
            "fixed" => Ok((true, None)),
            _ => Ok((true, Some(moment(text)?))),
        }) {
            schedule.fixed = fixed;
            schedule.initial_start = from;
        }
        if let Some(timezone) = self.read(Field::Timezone(kind), |_, text| timezone(text)) {
            schedule.timezone = timezone;
        }
        if let Some(limit) = self.read(Field::MaxRuntime(kind), |_, text| match text {
            "" | "0" | "none" | "no limit" => Ok(Interval::default()),
            _ => {
                let limit = interval(text)?;
                positive(TimeSpan::Interval(limit)).map(|_| limit)
            }
        }) {
            schedule.max_runtime = limit;
        }
        if let Some(paused) = self.read(Field::Paused(kind), |_, text| yes_or_no(text)) {
            schedule.paused = paused;
        }
        schedule
    }

    /// A span on the table's own axis.
    fn span(&self, text: &str) -> Result<TimeSpan, String> {
        match self.axis {
            TimeAxis::Moments => interval(text).map(TimeSpan::Interval),
            TimeAxis::Numbers => text
                .replace('_', "")
                .parse()
                .map(TimeSpan::Number)
                .map_err(|_| self.number_instead(text)),
        }
    }

    /// What to write where the table's time is a number.
    fn number_instead(&self, text: &str) -> String {
        let unit = self.clock.and_then(|clock| clock.unit);
        let number = interval(text)
            .ok()
            .zip(unit)
            .and_then(|(interval, unit)| unit.units(interval));
        match (number, unit) {
            (Some(number), Some(unit)) => format!(
                "the table's time is a number; {text:?} is {number} in its unit, {}",
                unit.plural()
            ),
            (_, Some(unit)) => format!(
                "{text:?} is not a number; the table's time is one, in {}: write how many",
                unit.plural()
            ),
            _ => format!(
                "{text:?} is not a number; the table's time is one: write how many of its units, for example 604800 for 7 \
                 days where it counts seconds"
            ),
        }
    }
}

/// An interval, where it cannot be misread.
pub(crate) fn interval(text: &str) -> Result<Interval, String> {
    // What is written by hand is shorter; sums of thousands of terms would not fit.
    if text.len() > LONGEST_TEXT {
        return Err("this is too long for an interval; write for example \"7 days\"".to_owned());
    }
    let is_ambiguous = text
        .split(|c: char| c.is_whitespace() || c.is_ascii_digit() || c == '.')
        .any(|word| word == "m" || word == "M");
    if is_ambiguous {
        return Err(format!(
            "{text:?} could mean minutes or months; write for example \"6 min\" or \"6 months\""
        ));
    }
    let interval: Interval = text
        .parse()
        .map_err(|error: crate::interval::InvalidInterval| error.to_string())?;
    if interval.approximate_microseconds().unsigned_abs() > LONGEST_US.unsigned_abs() {
        return Err(format!(
            "{text:?} is longer than 1000 years; write a shorter interval"
        ));
    }
    Ok(interval)
}

fn positive(span: TimeSpan) -> Result<TimeSpan, String> {
    if span.sort_key() > 0 {
        Ok(span)
    } else {
        Err(format!("{span} is not longer than nothing; write a positive one"))
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a moment; write for example \"2026-11-22T02:00:00Z\""))
}

/// Whether the server knows the zone, only the server can say; this keeps out what is none for certain.
fn timezone(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let fits = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    if fits {
        Ok(Some(text.to_owned()))
    } else {
        Err(format!(
            "{text:?} is not a time zone; write for example \"Europe/Berlin\", or nothing for UTC"
        ))
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" | "1" => Ok(true),
        "" | "off" | "no" | "false" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no; write \"on\" or \"off\"")),
    }
}

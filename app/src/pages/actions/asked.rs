//! What an address asks for: an action and what it is done to.

use domain::action::{Action, ActionRequest, ActionTarget};
use domain::listing::escape_parameter;
use domain::snapshot::Snapshot;
use domain::table_name::TableName;

use super::MOST_CHOSEN;

/// Longest address, in bytes: proxies and browsers are sure to take one of 8 kB with what stands around it.
const LONGEST_ADDRESS: usize = 7_500;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionAsked {
    /// The action and its targets.
    pub(crate) request: ActionRequest,
    /// Whether something is still to be said: the range of a refresh, the moment a job starts next.
    pub(crate) is_asking: bool,
    /// What is wrong with what was said, by its field.
    pub(crate) error: Option<FieldSaid>,
    /// What was said, by field.
    pub(crate) said: Vec<(String, String)>,
    /// Chunks that were chosen and are not there any more.
    pub(crate) gone: Vec<TableName>,
    /// The page of the targets, from one.
    pub(crate) page: u64,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldSaid {
    /// Its name.
    pub(crate) field: &'static str,
    /// What is wrong, and what would be right.
    pub(crate) words: String,
}

impl ActionAsked {
    /// Reads it. The error says what would be right.
    pub(crate) fn of(snapshot: &Snapshot, said: &[(String, String)]) -> Result<Self, String> {
        let text = |name: &str| {
            said.iter()
                .find(|(of, _)| of == name)
                .map(|(_, text)| text.trim())
                .unwrap_or_default()
        };
        let has_said = said.iter().any(|(name, _)| name == "preview");
        let mut is_asking = false;
        let mut error = None;
        let action = match text("action") {
            "compress" => Action::Compress,
            "decompress" => Action::Decompress,
            "recompress" => Action::Recompress,
            "drop" => Action::Drop,
            "drop_older_than" => {
                let older_than = text("older_than").to_owned();
                is_asking = older_than.is_empty();
                Action::DropOlderThan { older_than }
            }
            "freeze" => Action::Freeze,
            "unfreeze" => Action::Unfreeze,
            "refresh" => {
                is_asking = !has_said;
                Action::Refresh {
                    from: text("from").to_owned(),
                    to: text("to").to_owned(),
                }
            }
            "run_job" => Action::RunJob,
            "pause_job" => Action::PauseJob,
            "resume_job" => Action::ResumeJob,
            "reschedule_job" => {
                let read = moment(text("next_start"));
                is_asking = read.is_err();
                if let Err(words) = &read
                    && has_said
                {
                    error = Some(FieldSaid {
                        field: "next_start",
                        words: words.clone(),
                    });
                }
                Action::RescheduleJob {
                    next_start: read.unwrap_or_default(),
                }
            }
            other => {
                return Err(format!(
                    "{other:?} is no action. Go back to the list and choose one of those beside it."
                ));
            }
        };
        let (targets, gone) = targets(snapshot, said)?;
        if targets.is_empty() && !gone.is_empty() {
            return Err(
                "None of the chosen chunks is there any more: they were dropped meanwhile. Look at the list again."
                    .to_owned(),
            );
        }
        let asked = Self {
            request: ActionRequest { action, targets },
            is_asking,
            error,
            said: said.to_vec(),
            gone,
            page: text("page").parse().unwrap_or(1).max(1),
        };
        if asked.request.targets.len() > MOST_CHOSEN
            || action_address("", &asked.request).len() > LONGEST_ADDRESS
        {
            return Err(format!(
                "More is chosen than an address holds: {MOST_CHOSEN} with names of the usual length. Choose fewer, or whole \
                 tables."
            ));
        }
        asked.request.check().map_err(|unfit| unfit.to_string())?;
        Ok(asked)
    }

    /// The same with what is wrong with a field: it is asked for again.
    pub(crate) fn asked_again(self, words: String) -> Self {
        let field = match &self.request.action {
            Action::DropOlderThan { .. } => "older_than",
            Action::Refresh { from, to }
                if !words.contains(&format!("{from:?}")) && words.contains(&format!("{to:?}")) =>
            {
                "to"
            }
            Action::Refresh { .. } => "from",
            _ => "next_start",
        };
        Self {
            is_asking: true,
            error: Some(FieldSaid { field, words }),
            ..self
        }
    }

    /// What was said in a field.
    pub(crate) fn said(&self, field: &str) -> String {
        let said = self.said.iter().find(|(name, _)| name == field);
        said.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// The page that shows what this would do.
pub(crate) fn action_address(database: &str, request: &ActionRequest) -> String {
    let mut address = format!("/db/{database}/actions/preview?action={}", word(&request.action));
    let mut say = |name: &str, text: &str| {
        address.extend(["&", name, "=", &escape_parameter(text)]);
    };
    match &request.action {
        Action::DropOlderThan { older_than } => say("older_than", older_than),
        Action::Refresh { from, to } => {
            say("from", from);
            say("to", to);
            say("preview", "1");
        }
        Action::RescheduleJob { next_start } => {
            say("next_start", &next_start.to_string());
            say("preview", "1");
        }
        _ => {}
    }
    for target in &request.targets {
        let (name, text) = parameter(target);
        say(name, &text);
    }
    address
}

/// How a target stands in an address.
pub(super) fn parameter(target: &ActionTarget) -> (&'static str, String) {
    match target {
        ActionTarget::Job(id) => ("job", id.to_string()),
        ActionTarget::Aggregate(view) => ("aggregate", view.qualified()),
        ActionTarget::Table(table) => ("table", table.qualified()),
        ActionTarget::Chunk { chunk, .. } => ("chunk", chunk.qualified()),
    }
}

/// How an action stands in an address.
pub(super) fn word(action: &Action) -> &'static str {
    match action {
        Action::Compress => "compress",
        Action::Decompress => "decompress",
        Action::Recompress => "recompress",
        Action::Drop => "drop",
        Action::DropOlderThan { .. } => "drop_older_than",
        Action::Freeze => "freeze",
        Action::Unfreeze => "unfreeze",
        Action::Refresh { .. } => "refresh",
        Action::RunJob => "run_job",
        Action::PauseJob => "pause_job",
        Action::ResumeJob => "resume_job",
        Action::RescheduleJob { .. } => "reschedule_job",
    }
}

/// What it is to be done to, and the chosen chunks that the last reading has not.
fn targets(
    snapshot: &Snapshot,
    said: &[(String, String)],
) -> Result<(Vec<ActionTarget>, Vec<TableName>), String> {
    let (mut targets, mut gone) = (Vec::new(), Vec::new());
    for (name, text) in said {
        let table = || TableName::from_qualified(text).ok_or_else(|| format!("{text:?} names no table."));
        match name.as_str() {
            "table" => targets.push(ActionTarget::Table(table()?)),
            "aggregate" => targets.push(ActionTarget::Aggregate(table()?)),
            "chunk" => {
                let chunk = table()?;
                match table_of(snapshot, &chunk) {
                    Some(table) => targets.push(ActionTarget::Chunk { table, chunk }),
                    None => gone.push(chunk),
                }
            }
            "job" => {
                let id = text
                    .parse()
                    .map_err(|_| format!("{text:?} is no number of a job."))?;
                targets.push(ActionTarget::Job(id));
            }
            _ => {}
        }
    }
    targets.sort();
    targets.dedup();
    gone.sort();
    gone.dedup();
    Ok((targets, gone))
}

/// A moment in UTC as browsers and people write it.
fn moment(written: &str) -> Result<domain::timestamp::Timestamp, String> {
    use domain::hypertable::TimePoint;
    use domain::time_axis::TimeAxis;

    match domain::action::point(written, TimeAxis::Moments)? {
        TimePoint::Moment(at) => Ok(at),
        TimePoint::Number(_) => Err(format!("{written:?} is not a moment.")),
    }
}

/// The table a chunk belongs to.
fn table_of(snapshot: &Snapshot, chunk: &TableName) -> Option<TableName> {
    let table = snapshot.chunks.iter().find(|of| {
        of.chunks
            .iter()
            .any(|known| known.name == chunk.name && known.schema == chunk.schema)
    })?;
    Some(TableName::new(&table.schema, &table.table))
}

//! What an address asks for: an action and what it is done to.

use domain::action::{Action, ActionRequest, ActionTarget};
use domain::snapshot::Snapshot;
use domain::table_name::TableName;

/// Chunks that may be chosen one by one: more would not fit into an address.
const MOST_CHUNKS: usize = 500;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionAsked {
    /// The action and its targets.
    pub(crate) request: ActionRequest,
    /// Whether something is still to be said: the range of a refresh, the moment a job starts next.
    pub(crate) is_asking: bool,
}

impl ActionAsked {
    /// Reads it. The error says what would be right.
    pub(crate) fn of(snapshot: &Snapshot, said: &[(String, String)]) -> Result<Self, String> {
        let text = |name: &str| {
            said.iter()
                .find(|(of, _)| of == name)
                .map(|(_, text)| text.trim())
        };
        let has_said = said.iter().any(|(name, _)| name == "preview");
        let mut is_asking = false;
        let action = match text("action").unwrap_or_default() {
            "compress" => Action::Compress,
            "decompress" => Action::Decompress,
            "recompress" => Action::Recompress,
            "drop" => Action::Drop,
            "drop_older_than" => Action::DropOlderThan {
                older_than: text("older_than").unwrap_or_default().to_owned(),
            },
            "freeze" => Action::Freeze,
            "unfreeze" => Action::Unfreeze,
            "refresh" => {
                is_asking = !has_said;
                Action::Refresh {
                    from: text("from").unwrap_or_default().to_owned(),
                    to: text("to").unwrap_or_default().to_owned(),
                }
            }
            "run_job" => Action::RunJob,
            "pause_job" => Action::PauseJob,
            "resume_job" => Action::ResumeJob,
            "reschedule_job" => {
                let written = text("next_start").unwrap_or_default();
                is_asking = written.is_empty();
                Action::RescheduleJob {
                    next_start: moment(written, is_asking)?,
                }
            }
            other => {
                return Err(format!(
                    "{other:?} is no action. Go back to the list and choose one of those beside it."
                ));
            }
        };
        let mut targets = Vec::new();
        for (name, text) in said {
            let table = || TableName::from_qualified(text).ok_or_else(|| format!("{text:?} names no table."));
            match name.as_str() {
                "table" => targets.push(ActionTarget::Table(table()?)),
                "aggregate" => targets.push(ActionTarget::Aggregate(table()?)),
                "chunk" => targets.push(chunk(snapshot, table()?)?),
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
        if targets.len() > MOST_CHUNKS {
            return Err(format!(
                "More than {MOST_CHUNKS} are chosen. Choose fewer, or the whole table on its page of chunks."
            ));
        }
        let request = ActionRequest { action, targets };
        request.check().map_err(|unfit| unfit.to_string())?;
        Ok(Self { request, is_asking })
    }
}

/// A moment in UTC as browsers and people write it.
fn moment(written: &str, is_asking: bool) -> Result<domain::timestamp::Timestamp, String> {
    use domain::hypertable::TimePoint;
    use domain::time_axis::TimeAxis;

    if is_asking {
        return Ok(domain::timestamp::Timestamp::default());
    }
    match domain::action::point(written, TimeAxis::Moments)? {
        TimePoint::Moment(at) => Ok(at),
        TimePoint::Number(_) => Err(format!("{written:?} is not a moment.")),
    }
}

/// The chunk of this name, with the table it belongs to.
fn chunk(snapshot: &Snapshot, chunk: TableName) -> Result<ActionTarget, String> {
    let table = snapshot.chunks.iter().find(|of| {
        of.chunks
            .iter()
            .any(|known| known.name == chunk.name && known.schema == chunk.schema)
    });
    match table {
        Some(of) => Ok(ActionTarget::Chunk {
            table: TableName::new(&of.schema, &of.table),
            chunk,
        }),
        None => Err(format!(
            "There is no chunk {chunk} in the last reading. It may have been dropped; look at the list again."
        )),
    }
}

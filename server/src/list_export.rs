//! The lists of the pages as files: with the same parameters what the page shows, all pages of it.

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use backend::auth::{Caller, Granted};
use backend::console::Console;
use domain::account::UserColumn;
use domain::aggregate_list::{AggregateQuery, aggregate_rows};
use domain::chunk_list::{ChunkQuery, ChunkRow, chunk_at, chunks};
use domain::compression_list::{CompressionQuery, table_compressions};
use domain::export::{Exported, Format, Judged};
use domain::hypertable_list::HypertableQuery;
use domain::job_list::JobQuery;
use domain::judgement::DueRules;
use domain::listing::{Column, ListQuery, Listed};
use domain::role::Permission;
use domain::snapshot::Snapshot;
use domain::table_name::TableName;
use domain::token::TokenColumn;
use domain::visible::Visible;
use http::StatusCode;
use jiff::Timestamp;
use tracing::Instrument;

use crate::export::{
    BrokenOff, Deadlines, ExportPlace, Exports, Parameters, Writing, attachment, begin_writing, refuse,
};
use crate::kept_export::{self, KEPT};
use crate::middleware::reference::Reference;
use crate::problem::{Wanted, failure_page};

/// Rows that are written at once.
const BATCH: usize = 500;

/// What an export is for: who may have it, of which database and list, and what of it.
pub(crate) struct Export {
    pub(crate) console: Console,
    pub(crate) granted: Granted,
    place: ExportPlace,
    /// Empty for the lists of the console itself.
    pub(crate) database: String,
    pub(crate) list: &'static str,
    format: Format,
}

/// `chunks.csv` taken apart; `None` for what names none of these lists, or no format.
fn list_and_format(file: &str, lists: &[&'static str]) -> Option<(&'static str, Format)> {
    let (list, ending) = file.split_once('.')?;
    let list = lists.iter().find(|known| **known == list)?;
    Some((list, Format::of_ending(ending)?))
}

fn unknown(lists: &[&str]) -> Response {
    let known = format!("There is {}, each as .csv and .json.", lists.join(", "));
    (StatusCode::NOT_FOUND, known).into_response()
}

const OF_DATABASE: [&str; 8] = [
    "hypertables",
    "chunks",
    "compression",
    "jobs",
    "aggregates",
    "waits",
    "transactions",
    "prepared",
];
const OF_CONSOLE: [&str; 2] = ["users", "tokens"];

/// `GET /db/{database}/export/{list}`, for example `chunks.csv`.
pub(crate) async fn export_of_database(
    State(console): State<Console>,
    Extension(exports): Extension<Exports>,
    Extension(caller): Extension<Caller>,
    Path((database, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let kept = KEPT.map(|(list, _)| list);
    let kept = list_and_format(&file, &kept);
    let needed = kept
        .and_then(|(list, _)| KEPT.into_iter().find(|(known, _)| *known == list))
        .map_or(Permission::ViewDetails, |(_, needed)| needed);
    let granted = match console.demand(&caller, needed, "export").await {
        Ok(granted) => granted,
        Err(denied) => return refuse(denied, "this list"),
    };
    if let Some((list, format)) = kept {
        let place = match exports.take(&granted) {
            Ok(place) => place,
            Err(turned_away) => return *turned_away,
        };
        let table = Parameters::of(query).get("table");
        let export = Export {
            console,
            granted,
            place,
            database,
            list,
            format,
        };
        return kept_export::answer(export, table.as_deref().and_then(TableName::from_qualified)).await;
    }
    let Some((list, format)) = list_and_format(&file, &OF_DATABASE) else {
        return unknown(&OF_DATABASE);
    };
    let Ok(observation) = console.observation(&granted, &database) else {
        return (StatusCode::NOT_FOUND, "There is no such database.").into_response();
    };
    let judgement = observation.judgement;
    let Some(snapshot) = observation.snapshot else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database has not been read yet.",
        )
            .into_response();
    };
    let place = match exports.take(&granted) {
        Ok(place) => place,
        Err(turned_away) => return *turned_away,
    };
    let export = Export {
        console,
        granted,
        place,
        database,
        list,
        format,
    };
    let parameters = Parameters::of(query);
    let get = |name: &str| parameters.get(name);
    match list {
        "hypertables" => export.answer(
            &HypertableQuery::from_parameters(get),
            snapshot.sizes_collected_at,
            |query| {
                judged(query.in_order(snapshot.hypertables.iter()), |table| {
                    Judged::table(table, &judgement)
                })
            },
        ),
        "chunks" => {
            let query = ChunkQuery::from_parameters(get);
            let at = snapshot.sizes_collected_at;
            match chunk_rows(query.clone(), snapshot).await {
                Some(rows) => export.answer(&query, at, |_| rows),
                None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            }
        }
        "compression" => export.answer(
            &CompressionQuery::from_parameters(get),
            snapshot.sizes_collected_at,
            |query| copied(query.in_order(&table_compressions(&snapshot))),
        ),
        "jobs" => export.answer(&JobQuery::from_parameters(get), snapshot.collected_at, |query| {
            judged(query.in_order(&snapshot.jobs), |job| Judged::job(job, &judgement))
        }),
        "waits" => export.write_all(snapshot.collected_at, snapshot.activity.waits.clone()),
        "transactions" => match &snapshot.activity.long_transactions {
            Visible::Shown(open) => export.write_all(snapshot.collected_at, open.clone()),
            // An empty file would say that there is none.
            Visible::Hidden(hidden) => (StatusCode::SERVICE_UNAVAILABLE, hidden.remedy()).into_response(),
        },
        "prepared" => export.write_all(
            snapshot.collected_at,
            snapshot.activity.prepared_transactions.clone(),
        ),
        _ => export.answer(
            &AggregateQuery::from_parameters(get),
            snapshot.collected_at,
            |query| {
                judged(query.in_order(&aggregate_rows(&snapshot)), |row| {
                    Judged::aggregate(row, &judgement)
                })
            },
        ),
    }
}

/// `GET /export/users.csv`, and the other lists of the console itself.
pub(crate) async fn export_of_console(
    State(console): State<Console>,
    Extension(exports): Extension<Exports>,
    Extension(caller): Extension<Caller>,
    Extension(reference): Extension<Reference>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let granted = match console.demand(&caller, Permission::ManageUsers, "export").await {
        Ok(granted) => granted,
        Err(denied) => return refuse(denied, "users and tokens"),
    };
    let Some((list, format)) = list_and_format(&file, &OF_CONSOLE) else {
        return unknown(&OF_CONSOLE);
    };
    let now = console.now();
    let place = match exports.take(&granted) {
        Ok(place) => place,
        Err(turned_away) => return *turned_away,
    };
    let export = Export {
        console,
        granted,
        place,
        database: String::new(),
        list,
        format,
    };
    let parameters = Parameters::of(query);
    let get = |name: &str| parameters.get(name);
    let failed = |error: backend::accounts::ChangeRefused| {
        tracing::error!(%error, list, "a list could not be exported");
        failure_page(StatusCode::INTERNAL_SERVER_ERROR, Wanted::Text, &reference)
    };
    if list == "users" {
        match export.console.users(&export.granted).await {
            Ok(users) => export.answer(&ListQuery::<UserColumn>::from_parameters(get), now, |query| {
                copied(query.in_order(&users))
            }),
            Err(error) => failed(error),
        }
    } else {
        match export.console.tokens(&export.granted).await {
            Ok(tokens) => export.answer(&ListQuery::<TokenColumn>::from_parameters(get), now, |query| {
                copied(query.in_order(&tokens))
            }),
            Err(error) => failed(error),
        }
    }
}

pub(crate) type Rows<T> = Box<dyn Iterator<Item = T> + Send>;

/// For lists of which a person could read every row.
fn copied<T: Listed>(rows: Vec<&T>) -> Rows<T> {
    let rows: Vec<T> = rows.into_iter().cloned().collect();
    Box::new(rows.into_iter())
}

/// The same, with what is true of each.
fn judged<T, J: Send + 'static>(rows: Vec<&T>, judge: impl Fn(&T) -> J) -> Rows<J> {
    let rows: Vec<J> = rows.into_iter().map(judge).collect();
    Box::new(rows.into_iter())
}

/// Of chunks only their places are put in order, 16 bytes each; a row is made when it is written.
async fn chunk_rows(query: ChunkQuery, snapshot: Arc<Snapshot>) -> Option<Rows<ChunkRow>> {
    // Sorting 100,000 takes long enough to keep others waiting.
    let sorting = tokio::task::spawn_blocking(move || {
        let rules = DueRules::of(&snapshot);
        let places: Vec<(usize, usize)> = query
            .in_order(chunks(&snapshot, &rules))
            .into_iter()
            .map(|place| (place.table_index, place.chunk_index))
            .collect();
        (places, snapshot, rules)
    });
    let (places, snapshot, rules) = sorting.await.ok()?;
    Some(Box::new(places.into_iter().filter_map(move |(table, chunk)| {
        chunk_at(&snapshot, &rules, table, chunk)
    })))
}

impl Export {
    /// A list without filter and order of its own.
    fn write_all<T: Exported + Send>(self, collected_at: Timestamp, rows: Vec<T>) -> Response {
        self.write(&[], collected_at, Box::new(rows.into_iter()))
    }

    /// What the page shows with these parameters, all pages of it.
    fn answer<C: Column, T: Exported + Send>(
        self,
        query: &ListQuery<C>,
        collected_at: Timestamp,
        rows: impl FnOnce(&ListQuery<C>) -> Rows<T>,
    ) -> Response {
        let query = query.unpaged();
        let rows = rows(&query);
        self.write(&query.parameters(), collected_at, rows)
    }

    /// The file, and the note that somebody took it.
    pub(crate) fn write<T: Exported + Send>(
        self,
        parameters: &[(&'static str, String)],
        collected_at: Timestamp,
        rows: Rows<T>,
    ) -> Response {
        self.console
            .note_export(&self.granted, self.list, &self.database, parameters);
        // The database's name has letters, digits, `_` and `-`.
        let of = if self.database.is_empty() {
            String::new()
        } else {
            format!("{}-", self.database)
        };
        let name = format!(
            "tidemark-{of}{}-{}",
            self.list,
            collected_at.strftime("%Y%m%dT%H%M%SZ")
        );
        let (writing, body) = begin_writing(self.place, Deadlines::default());
        let (console, granted, list) = (self.console, self.granted, self.list);
        let format = self.format;
        tokio::spawn(
            async move {
                if let Err(error) = write_file(&console, &granted, format, rows, writing).await {
                    tracing::warn!(%error, list, "an export was broken off");
                }
            }
            .in_current_span(),
        );
        attachment(&name, format, body)
    }
}

/// Why a list did not come to its end.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    #[error("the permission was taken back")]
    Revoked,
    #[error(transparent)]
    State(#[from] backend::state::StateError),
    #[error(transparent)]
    BrokenOff(#[from] BrokenOff),
}

/// Piece after piece, each made when the one before is on its way. Ends early, with a broken transfer and not with a
/// file that looks whole, where the permission is taken back or the state store fails.
async fn write_file<T: Exported + Send>(
    console: &Console,
    granted: &Granted,
    format: Format,
    mut rows: Rows<T>,
    mut writing: Writing,
) -> Result<(), NotWritten> {
    writing.wanted().await?;
    writing.write(format.head::<T>()).await?;
    let mut is_first = true;
    loop {
        writing.wanted().await?;
        if !console.still_grants(granted).await? {
            return Err(NotWritten::Revoked);
        }
        let mut text = String::new();
        let mut written = 0;
        for row in rows.by_ref().take(BATCH) {
            format.write_row(&row, is_first && written == 0, &mut text);
            written += 1;
        }
        is_first = false;
        let is_last = written < BATCH;
        if is_last {
            text.push_str(format.tail());
        }
        writing.write(text).await?;
        if is_last {
            writing.wanted().await?;
            return Ok(writing.end().await?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_format_are_named_exactly() {
        assert_eq!(
            list_and_format("chunks.csv", &OF_DATABASE),
            Some(("chunks", Format::Csv))
        );
        assert_eq!(
            list_and_format("tokens.json", &OF_CONSOLE),
            Some(("tokens", Format::Json))
        );
        for file in [
            "chunks",
            "chunks.",
            "chunks.xml",
            "chunks.csv.json",
            "users.csv",
            ".csv",
        ] {
            assert_eq!(list_and_format(file, &OF_DATABASE), None, "{file}");
        }
    }
}

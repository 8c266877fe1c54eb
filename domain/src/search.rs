//! Search over everything a snapshot names, and over the console's pages.

use serde::{Deserialize, Serialize};

use crate::aggregate_list::AggregateQuery;
use crate::hypertable_list::HypertableQuery;
use crate::job::Job;
use crate::job_list::job_table;
use crate::listing::{ListQuery, contains};
use crate::page::{TableTab, chunks_page, hypertable_page, job_page};
use crate::quantity::{bytes, counted};
use crate::role::{Permission, PermissionSet};
use crate::snapshot::{HypertableChunks, Snapshot};
use crate::table_name::TableName;

/// Most hits that are shown.
pub const HITS: usize = 20;
/// Most chunks among them: one word is part of the name of each.
const CHUNK_HITS: usize = 8;
/// Fewest characters that are looked for in the names of chunks.
const CHUNK_NEEDLE: usize = 3;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    /// A page of the console.
    Page,
    /// A hypertable.
    Hypertable,
    /// A continuous aggregate.
    Aggregate,
    /// A background job.
    Job,
    /// A role that owns hypertables.
    Owner,
    /// A chunk.
    Chunk,
}

impl HitKind {
    /// As people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Page => "Page",
            Self::Hypertable => "Hypertable",
            Self::Aggregate => "Continuous aggregate",
            Self::Job => "Job",
            Self::Owner => "Owner",
            Self::Chunk => "Chunk",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// Its name.
    pub title: String,
    /// What tells it from others of the name.
    pub context: String,
    /// Where it is shown.
    pub href: String,
}

/// How well a name fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Same,
    Begins,
    BeginsAWord,
    Contains,
    /// It contains every word, somewhere.
    ContainsWords,
}

/// What is looked for, in lower case.
struct Needle<'a> {
    whole: &'a str,
    words: Vec<&'a str>,
}

impl Needle<'_> {
    fn fit(&self, text: &str) -> Option<Fit> {
        if text.is_ascii() {
            self.fit_lower(text)
        } else {
            self.fit_lower(&text.to_lowercase())
        }
    }

    /// In a text that is in lower case, or has no letters beyond ASCII: 100,000 chunks are looked through without an
    /// allocation.
    fn fit_lower(&self, text: &str) -> Option<Fit> {
        if !self.words.iter().all(|word| contains(text, word)) {
            return None;
        }
        let (text, whole) = (text.as_bytes(), self.whole.as_bytes());
        let mut fit = Fit::ContainsWords;
        for (at, window) in text.windows(whole.len()).enumerate() {
            if !window.eq_ignore_ascii_case(whole) {
                continue;
            }
            fit = match at {
                0 if text.len() == whole.len() => return Some(Fit::Same),
                0 => return Some(Fit::Begins),
                // A byte beyond ASCII is part of a letter.
                _ if text[at - 1].is_ascii_alphanumeric() || !text[at - 1].is_ascii() => {
                    fit.min(Fit::Contains)
                }
                _ => Fit::BeginsAWord,
            };
        }
        Some(fit)
    }
}

/// What a query finds, best first, at most [`HITS`]. `permissions` decide which pages are offered.
pub fn search(
    snapshot: Option<&Snapshot>,
    database: &str,
    query: &str,
    permissions: PermissionSet,
) -> Vec<Hit> {
    let whole = query.trim().to_lowercase();
    if whole.is_empty() {
        return Vec::new();
    }
    let needle = Needle {
        whole: &whole,
        words: whole.split_whitespace().collect(),
    };
    let mut found = pages(database, permissions, &needle);
    if let Some(snapshot) = snapshot.filter(|_| permissions.contains(Permission::ViewDetails)) {
        found.extend(hypertables(snapshot, database, &needle));
        found.extend(aggregates(snapshot, database, &needle));
        found.extend(jobs(snapshot, database, &needle));
        found.extend(owners(snapshot, database, &needle));
        found.extend(chunks(snapshot, database, &needle));
    }
    found.sort_by(|(a_fit, a), (b_fit, b)| {
        (a_fit, a.kind, a.title.len(), &a.title, &a.context).cmp(&(
            b_fit,
            b.kind,
            b.title.len(),
            &b.title,
            &b.context,
        ))
    });
    found.truncate(HITS);
    found.into_iter().map(|(_, hit)| hit).collect()
}

fn pages(database: &str, permissions: PermissionSet, needle: &Needle<'_>) -> Vec<(Fit, Hit)> {
    use Permission::{ManageOwnAccount, ManageUsers, ViewAudit, ViewDetails, ViewStatus};

    let of_database = |path: &str| format!("/db/{database}{path}");
    [
        ("Overview", of_database(""), ViewStatus),
        ("Hypertables", of_database("/hypertables"), ViewDetails),
        ("Chunks", of_database("/chunks"), ViewDetails),
        ("Compression", of_database("/compression"), ViewDetails),
        ("Jobs", of_database("/jobs"), ViewDetails),
        ("Continuous aggregates", of_database("/aggregates"), ViewDetails),
        ("Activity", of_database("/activity"), ViewDetails),
        ("Users", "/users".to_owned(), ManageUsers),
        ("Tokens", "/tokens".to_owned(), ManageUsers),
        ("Audit log", "/audit".to_owned(), ViewAudit),
        ("Account", "/account".to_owned(), ManageOwnAccount),
    ]
    .into_iter()
    .filter(|(_, _, permission)| permissions.contains(*permission))
    .filter_map(|(title, href, _)| {
        let hit = Hit {
            kind: HitKind::Page,
            title: title.to_owned(),
            context: String::new(),
            href,
        };
        Some((needle.fit(title)?, hit))
    })
    .collect()
}

fn hypertables<'a>(
    snapshot: &'a Snapshot,
    database: &'a str,
    needle: &'a Needle<'_>,
) -> impl Iterator<Item = (Fit, Hit)> + 'a {
    snapshot
        .hypertables
        .iter()
        // What a continuous aggregate lies in is found as the aggregate, unless somebody asks for it by its own name.
        .filter(|table| table.materializes.is_none() || needle.whole.starts_with("_materialized"))
        .filter_map(move |table| {
            let name = table.table_name();
            let fit = needle
                .fit(&table.name)
                .or_else(|| needle.fit(&format!("{}.{}", table.schema, table.name)))?;
            let hit = Hit {
                kind: HitKind::Hypertable,
                title: name.to_string(),
                context: format!(
                    "{}, {}",
                    bytes(table.size.total_bytes()),
                    counted(table.chunks, "chunk", "chunks")
                ),
                href: hypertable_page(database, &name, TableTab::Overview),
            };
            Some((fit, hit))
        })
}

fn aggregates<'a>(
    snapshot: &'a Snapshot,
    database: &'a str,
    needle: &'a Needle<'_>,
) -> impl Iterator<Item = (Fit, Hit)> + 'a {
    snapshot
        .continuous_aggregates
        .iter()
        .filter_map(move |aggregate| {
            let view = &aggregate.view;
            let qualified = format!("{}.{}", view.schema, view.name);
            let fit = needle.fit(&view.name).or_else(|| needle.fit(&qualified))?;
            let source = snapshot
                .hypertable(&aggregate.source)
                .and_then(|source| source.materializes.as_ref())
                .unwrap_or(&aggregate.source);
            let query = AggregateQuery {
                filter: qualified,
                ..AggregateQuery::default()
            };
            let hit = Hit {
                kind: HitKind::Aggregate,
                title: view.to_string(),
                context: format!("of {source}"),
                href: format!("/db/{database}/aggregates{}", query.query_string()),
            };
            Some((fit, hit))
        })
}

fn job_fit(job: &Job, needle: &Needle<'_>) -> Option<Fit> {
    if job.id.to_string() == needle.whole {
        return Some(Fit::Same);
    }
    [&job.title(), &job.procedure, &job.application_name]
        .into_iter()
        .filter_map(|text| needle.fit(text))
        .min()
}

fn jobs<'a>(
    snapshot: &'a Snapshot,
    database: &'a str,
    needle: &'a Needle<'_>,
) -> impl Iterator<Item = (Fit, Hit)> + 'a {
    snapshot.jobs.iter().filter_map(move |job| {
        let fit = job_fit(job, needle)?;
        let on = job_table(job)
            .map(|table| format!(" on {table}"))
            .unwrap_or_default();
        let hit = Hit {
            kind: HitKind::Job,
            title: job.title(),
            context: format!("job {}, {}{on}", job.id, job.procedure),
            href: job_page(database, job.id),
        };
        Some((fit, hit))
    })
}

fn owners(snapshot: &Snapshot, database: &str, needle: &Needle<'_>) -> Vec<(Fit, Hit)> {
    let mut owners: Vec<&str> = snapshot
        .hypertables
        .iter()
        .map(|table| table.owner.as_str())
        .collect();
    owners.sort_unstable();
    owners
        .chunk_by(|a, b| a == b)
        .filter_map(|of| {
            let owner = of[0];
            let fit = needle.fit(owner)?;
            let query = HypertableQuery {
                filter: owner.to_owned(),
                ..ListQuery::default()
            };
            let hit = Hit {
                kind: HitKind::Owner,
                title: owner.to_owned(),
                context: format!("owns {}", counted(of.len() as u64, "hypertable", "hypertables")),
                href: format!("/db/{database}/hypertables{}", query.query_string()),
            };
            Some((fit, hit))
        })
        .collect()
}

/// The best few of any number of chunks. Allocates nothing for those that do not fit.
fn chunks(snapshot: &Snapshot, database: &str, needle: &Needle<'_>) -> Vec<(Fit, Hit)> {
    if needle.whole.chars().count() < CHUNK_NEEDLE {
        return Vec::new();
    }
    let mut best: Vec<(Fit, &str, &HypertableChunks)> = Vec::with_capacity(CHUNK_HITS + 1);
    for of in snapshot.chunks.iter() {
        for chunk in &of.chunks {
            let name = chunk.name.as_str();
            let Some(fit) = needle.fit(name) else { continue };
            let place = best.partition_point(|(other_fit, other, _)| {
                (*other_fit, other.len(), *other) <= (fit, name.len(), name)
            });
            if place < CHUNK_HITS {
                best.insert(place, (fit, name, of));
                best.truncate(CHUNK_HITS);
            }
        }
    }
    best.into_iter()
        .map(|(fit, name, of)| {
            let table = TableName::new(&of.schema, &of.table);
            let hit = Hit {
                kind: HitKind::Chunk,
                title: name.to_owned(),
                context: format!("of {table}"),
                href: chunks_page(database, &table, name),
            };
            (fit, hit)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chunk_list;
    use crate::continuous_aggregate::ContinuousAggregate;
    use crate::hypertable::Hypertable;
    use crate::job_list;
    use crate::role::Role;
    use crate::snapshot;

    fn table(schema: &str, name: &str) -> Hypertable {
        Hypertable {
            schema: schema.into(),
            name: name.into(),
            owner: "factory".into(),
            ..Hypertable::default()
        }
    }

    fn factory() -> Snapshot {
        Snapshot {
            hypertables: Arc::new(vec![
                table("public", "oee"),
                table("public", "oee_calculations"),
                table("public", "line_oee"),
                table("public", "poeem"),
                table("Odd", "a/b?c#d%e \"f\""),
                table("public", "Größe"),
                Hypertable {
                    materializes: Some(TableName::new("public", "oee_daily")),
                    ..table("_timescaledb_internal", "_materialized_hypertable_5")
                },
            ]),
            jobs: vec![
                job_list::example::retention(1007, "oee"),
                job_list::example::retention(1070, "metric_hist"),
            ],
            continuous_aggregates: vec![ContinuousAggregate {
                view: TableName::new("public", "oee_daily"),
                owner: "factory".into(),
                source: TableName::new("public", "oee"),
                materialization: TableName::new("_timescaledb_internal", "_materialized_hypertable_5"),
                materialized_only: true,
                compression_enabled: false,
                finalized: true,
                bucket_width: None,
                watermark: None,
                refresh: Vec::new(),
            }],
            ..snapshot::example::empty()
        }
    }

    fn found(snapshot: &Snapshot, query: &str) -> Vec<Hit> {
        search(Some(snapshot), "f", query, Role::Admin.permissions())
    }

    fn titles(query: &str) -> Vec<String> {
        found(&factory(), query)
            .into_iter()
            .map(|hit| hit.title)
            .collect()
    }

    #[test]
    fn the_same_name_comes_before_what_begins_with_it_and_that_before_what_contains_it() {
        assert_eq!(
            titles("OEE"),
            [
                "oee",
                "oee_calculations",
                "oee_daily",
                "line_oee",
                "Retention of oee",
                "poeem",
            ]
        );
    }

    #[test]
    fn jobs_are_found_by_number_words_and_procedure() {
        assert_eq!(titles("1007"), ["Retention of oee"]);
        assert_eq!(titles("oee retention"), ["Retention of oee"]);
        assert_eq!(titles("policy_retention").len(), 2);
        assert_eq!(found(&factory(), "1007")[0].href, "/db/f/jobs/1007");
    }

    #[test]
    fn odd_names_are_found_and_lead_to_escaped_addresses() {
        let odd = &found(&factory(), "b?C#")[0];
        assert_eq!(odd.href, "/db/f/hypertables/Odd/a%2Fb%3Fc%23d%25e%20%22f%22");
        assert_eq!(
            found(&factory(), "größe")[0].href,
            "/db/f/hypertables/public/Gr%C3%B6%C3%9Fe"
        );
        assert_eq!(found(&factory(), "GRÖß")[0].title, "Größe");
    }

    #[test]
    fn pages_are_found_as_far_as_they_may_be_seen() {
        let pages = |role: Role, query: &str| -> Vec<String> {
            search(None, "f", query, role.permissions())
                .into_iter()
                .map(|hit| hit.href)
                .collect()
        };
        assert_eq!(pages(Role::Admin, "audit"), ["/audit"]);
        assert!(pages(Role::Operator, "audit").is_empty());
        assert_eq!(pages(Role::Operator, "aggregates"), ["/db/f/aggregates"]);
        assert_eq!(pages(Role::Viewer, "over"), ["/db/f"]);
    }

    #[test]
    fn who_may_not_see_details_finds_none() {
        for query in ["oee", "factory", "1007", "chunk"] {
            assert!(
                search(Some(&factory()), "f", query, Role::Viewer.permissions()).is_empty(),
                "{query}"
            );
        }
    }

    #[test]
    fn chunks_are_found_by_three_characters_and_leave_room_for_others() {
        let snapshot = chunk_list::example::snapshot_of(5_000);
        let chunks = |query: &str| {
            let hits = found(&snapshot, query);
            hits.into_iter().filter(|hit| hit.kind == HitKind::Chunk).count()
        };
        assert_eq!(chunks("_h"), 0);
        assert_eq!(chunks("_hy"), CHUNK_HITS);
        let one = found(&snapshot, "_HYPER_2_1002_chunk");
        assert_eq!(one[0].title, "_hyper_2_1002_chunk");
        assert_eq!(one[0].kind, HitKind::Chunk);
        let of = &snapshot.chunks[2];
        assert_eq!(
            one[0].href,
            chunks_page("f", &TableName::new(&of.schema, &of.table), "_hyper_2_1002_chunk")
        );
    }

    #[test]
    fn nothing_is_found_for_nothing_and_never_more_than_fits() {
        assert!(titles("  ").is_empty());
        assert!(titles("no such thing").is_empty());
        let snapshot = Snapshot {
            hypertables: Arc::new(
                (0..500)
                    .map(|n| table("public", &format!("metric_{n}")))
                    .collect(),
            ),
            ..snapshot::example::empty()
        };
        assert_eq!(found(&snapshot, "metric").len(), HITS);
    }
}

//! Addresses of the console's own pages.

use crate::chunk_list::ChunkQuery;
use crate::listing::escape_parameter;
use crate::table_name::TableName;

/// A tab of the pages about one hypertable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableTab {
    /// What it costs, and how it grows.
    Overview,
    /// Its chunks.
    Chunks,
    /// How it is compressed.
    Compression,
    /// Its policies.
    Policies,
    /// Its jobs.
    Jobs,
}

impl TableTab {
    /// Every tab, in the order they stand.
    pub const ALL: [Self; 5] = [
        Self::Overview,
        Self::Chunks,
        Self::Compression,
        Self::Policies,
        Self::Jobs,
    ];

    /// As it stands behind the table in addresses.
    fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Chunks => "/chunks",
            Self::Compression => "/compression",
            Self::Policies => "/policies",
            Self::Jobs => "/jobs",
        }
    }

    /// The list of all tables that says the same.
    fn list(self) -> &'static str {
        match self {
            Self::Overview | Self::Policies => "hypertables",
            Self::Chunks => "chunks",
            Self::Compression => "compression",
            Self::Jobs => "jobs",
        }
    }
}

/// A page about one hypertable, or about the one that holds the results of this continuous aggregate.
pub fn hypertable_page(database: &str, table: &TableName, tab: TableTab) -> String {
    // The lists find the table.
    if is_step(table) {
        let only = escape_parameter(&table.qualified());
        return format!("/db/{database}/{}?table={only}", tab.list());
    }
    format!("/db/{database}/hypertables/{}{}", table.as_path(), tab.path())
}

/// Whether a table has no address of its own: a browser takes these for steps in the path, escaped too.
fn is_step(table: &TableName) -> bool {
    [&table.schema, &table.name]
        .iter()
        .any(|part| matches!(part.as_str(), "." | ".."))
}

/// The form of a table's policy. Some are asked for in the query: what else is said in the address has to look for a `?`.
pub fn policy_form_page(database: &str, table: &TableName) -> String {
    if is_step(table) {
        return format!(
            "/db/{database}/policies/change?table={}",
            escape_parameter(&table.qualified())
        );
    }
    format!("{}/change", hypertable_page(database, table, TableTab::Policies))
}

/// What the console itself drops of a table. Some are asked for in the query, as with [`policy_form_page`].
pub fn retention_page(database: &str, table: &TableName) -> String {
    if is_step(table) {
        return format!(
            "/db/{database}/policies/retention?table={}",
            escape_parameter(&table.qualified())
        );
    }
    format!("/db/{database}/policies/retention/{}", table.as_path())
}

/// The page of one job.
pub fn job_page(database: &str, id: i32) -> String {
    format!("/db/{database}/jobs/{id}")
}

/// The list of chunks, narrowed to one table and what contains this.
pub fn chunks_page(database: &str, table: &TableName, filter: &str) -> String {
    let query = ChunkQuery {
        table: Some(table.clone()),
        filter: filter.to_owned(),
        ..ChunkQuery::default()
    };
    format!("/db/{database}/chunks{}", query.query_string())
}

/// The console's own pages, to which somebody may be sent after signing in.
const PAGES: [&str; 5] = ["/db", "/account", "/users", "/tokens", "/audit"];

/// Whether this is a path on this console. `//host`, `/\host` and anything with control characters would leave it.
pub fn is_own_page(path: &str) -> bool {
    let is_page = PAGES.iter().any(|page| {
        path.strip_prefix(page)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    });
    is_page
        && path.len() <= 2000
        && !path.contains('\\')
        && path.chars().all(|c| !c.is_control() && c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::{TableTab, chunks_page, hypertable_page, is_own_page, policy_form_page, retention_page};
    use crate::table_name::TableName;

    #[test]
    fn every_table_has_a_form_and_a_page_of_its_retention() {
        let table = TableName::new("a b", "x?y");
        assert_eq!(
            policy_form_page("f", &table),
            "/db/f/hypertables/a%20b/x%3Fy/policies/change"
        );
        assert_eq!(
            retention_page("f", &table),
            "/db/f/policies/retention/a%20b/x%3Fy"
        );
        for name in [".", ".."] {
            let table = TableName::new("public", name);
            assert_eq!(
                policy_form_page("f", &table),
                format!("/db/f/policies/change?table=public.%22{name}%22")
            );
            assert_eq!(
                retention_page("f", &table),
                format!("/db/f/policies/retention?table=public.%22{name}%22")
            );
        }
    }

    #[test]
    fn odd_names_are_escaped_in_addresses() {
        for (schema, name, address) in [
            ("public", "metric_hist", "/db/f/hypertables/public/metric_hist"),
            ("a/b", "x?y#z%\"", "/db/f/hypertables/a%2Fb/x%3Fy%23z%25%22"),
            ("public", "Größe", "/db/f/hypertables/public/Gr%C3%B6%C3%9Fe"),
            ("public", "..", "/db/f/hypertables?table=public.%22..%22"),
            (".", "t", "/db/f/hypertables?table=%22.%22.t"),
        ] {
            let table = TableName::new(schema, name);
            assert_eq!(hypertable_page("f", &table, TableTab::Overview), address);
        }
        assert_eq!(
            chunks_page("f", &TableName::new("a.b", "c&d"), "_hyper_1_1_chunk"),
            "/db/f/chunks?q=_hyper_1_1_chunk&table=%22a.b%22.c%26d"
        );
    }

    #[test]
    fn a_tab_of_a_table_without_an_address_is_the_list_that_says_the_same() {
        let address = |name, tab| hypertable_page("f", &TableName::new("public", name), tab);
        let plain = TableTab::ALL.map(|tab| address("oee", tab));
        let base = "/db/f/hypertables/public/oee";
        assert_eq!(plain[0], base);
        assert_eq!(
            plain[1..],
            ["chunks", "compression", "policies", "jobs"].map(|tab| format!("{base}/{tab}"))
        );
        let lists = ["hypertables", "chunks", "compression", "hypertables", "jobs"];
        assert_eq!(
            TableTab::ALL.map(|tab| address("..", tab)),
            lists.map(|list| format!("/db/f/{list}?table=public.%22..%22"))
        );
    }

    #[test]
    fn only_pages_of_this_console_are_gone_to_after_signing_in() {
        for path in [
            "/db/factory/hypertables?sort=rows&dir=asc",
            "/users",
            "/audit?person=anna",
        ] {
            assert!(is_own_page(path), "{path:?}");
        }
        for path in [
            "",
            "//evil.example",
            "//db/evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/db/\\evil",
            "/db/a\r\nSet-Cookie: x=y",
            "/usersx",
            "/fn/sign_out",
            "/audit.evil.example",
            "javascript:alert(1)",
            "/login",
        ] {
            assert!(!is_own_page(path), "{path:?}");
        }
    }
}

//! What lists of what the console did have in common: one table or all, newer and older, as files.

use domain::listing::escape_parameter;
use domain::table_name::TableName;
use leptos::prelude::*;

use crate::components::ExportLinks;

/// Such a list.
#[derive(Debug, Clone)]
pub(super) struct KeptList {
    base: String,
    table: Option<TableName>,
}

impl KeptList {
    /// At this address, of one table or of all.
    pub(super) fn of(base: &str, table: Option<&TableName>) -> Self {
        Self {
            base: base.to_owned(),
            table: table.cloned(),
        }
    }

    /// `?table=…`, or nothing.
    fn query(&self) -> String {
        self.table.as_ref().map_or_else(String::new, |table| {
            format!("?table={}", escape_parameter(&table.qualified()))
        })
    }

    /// Links to all of it as files.
    pub(super) fn export(&self, address: String) -> AnyView {
        view! { <ExportLinks address query=self.query() /> }.into_any()
    }

    /// That it is narrowed to one table, where it is.
    pub(super) fn narrowed(&self) -> AnyView {
        let Some(table) = &self.table else {
            return ().into_any();
        };
        let only = format!("Only {table}");
        view! { <span class="narrowed"><span>{only}</span> <a href=self.base.clone()>"All tables"</a></span> }
            .into_any()
    }

    /// The way to newer and older ones. `more` is the last that is shown, where there are older ones.
    pub(super) fn pager(&self, is_first: bool, more: Option<i64>) -> AnyView {
        if is_first && more.is_none() {
            return ().into_any();
        }
        let query = self.query();
        let joint = if query.is_empty() && !self.base.contains('?') {
            '?'
        } else {
            '&'
        };
        let base = &self.base;
        view! {
            <nav class="pager" aria-label="Pages of the list">
                <span class="pager-steps">
                    {(!is_first).then(|| view! { <a class="btn" href=format!("{base}{query}")>"Newest"</a> })}
                    {more.map(|id| view! { <a class="btn" href=format!("{base}{query}{joint}before={id}") rel="next">"Older"</a> })}
                </span>
            </nav>
        }
        .into_any()
    }
}

//! The chunks of one hypertable.

use domain::chart_range::choice;
use domain::page::TableTab;
use domain::psql::Statement;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::Shown;
use crate::components::{ChunkCharts, ChunkList, PsqlOf};

/// The page.
#[component]
pub(crate) fn TableChunksPage() -> impl IntoView {
    let shown = expect_context::<Shown>();
    let location = use_location();
    // The part of the axis that is shown stays while the list is used.
    let base = Signal::derive(move || {
        format!(
            "{}{}",
            shown.address(TableTab::Chunks),
            choice(&location.search.get())
        )
    });
    view! {
        <ChunkCharts table=shown.name with_sizes=true />
        <ChunkList base table=Signal::derive(move || Some(shown.name.get())) />
        <PsqlOf title="Chunks" statement=Statement::Chunks table=shown.name />
    }
}

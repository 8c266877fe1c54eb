//! The chunks of one hypertable.

use domain::chart_range::choice;
use domain::page::TableTab;
use domain::psql::Statement;
use domain::role::Permission;
use domain::snapshot::Edition;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::Shown;
use crate::components::{ChunkCharts, ChunkList, OwnFrame, PsqlOf};
use crate::pages::TableActions;

/// The page.
#[component]
pub(crate) fn TableChunksPage() -> impl IntoView {
    let shown = expect_context::<Shown>();
    let location = use_location();
    let frame = expect_context::<OwnFrame>();
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
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                let account = frame.await.ok()?.account;
                let reading = shown.loaded.await.ok()?;
                let table = reading.facts?.table.table_name();
                let edition = reading.edition.unwrap_or(Edition::Community);
                let may = account.may(Permission::ChangePolicies);
                Some(view! { <TableActions database=shown.database.get_untracked() table edition may /> })
            })}
        </Transition>
        <PsqlOf title="Chunks" statement=Statement::Chunks table=shown.name />
    }
}

//! Every chunk there is.

use domain::psql::Statement;
use leptos::prelude::*;

use crate::components::{ChunkList, PageTitle, PsqlOf, database_parameter};

/// The page. Sorting and filter stand in the address.
#[component]
pub(crate) fn ChunksPage() -> impl IntoView {
    let database = database_parameter();
    view! {
        <PageTitle text=Signal::derive(move || format!("Chunks · {} · Tidemark", database.get())) />
        <div class="head"><h1>"Chunks"</h1></div>
        <ChunkList base=Signal::derive(move || format!("/db/{}/chunks", database.get())) table=Signal::derive(|| None) />
        <PsqlOf title="Chunks" statement=Statement::Chunks />
    }
}

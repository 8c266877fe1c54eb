//! How one hypertable is compressed, and what that saves.

use domain::page::TableTab;
use domain::psql::Statement;
use domain::quantity::{counted, percent, saved_percent, thousands};
use domain::snapshot::Edition;
use domain::table_page::TablePage;
use leptos::prelude::*;
use leptos_router::components::A;

use super::{Shown, Tab};
use crate::components::{Bytes, Dash, Notice, PsqlOf, Tone};

/// The page.
#[component]
pub(crate) fn TableCompressionPage() -> impl IntoView {
    let shown = expect_context::<Shown>();
    view! {
        <Tab body=|reading, page, shown| match reading.edition {
            Some(Edition::Apache) => view! { <NotOffered /> }.into_any(),
            _ => view! { <Compression page shown /> }.into_any(),
        } />
        <PsqlOf title="Compression" statement=Statement::Compression table=shown.name />
    }
}

#[component]
fn NotOffered() -> impl IntoView {
    view! {
        <Notice tone=Tone::Plain title="The Apache edition has no compression">
            <p>"A server of the Community edition compresses chunks of a certain age; its rows stay readable as before."</p>
        </Notice>
    }
}

#[component]
fn Compression(page: TablePage, shown: Shown) -> impl IntoView {
    let table = page.table;
    let settings = table.compression_settings.clone();
    let other = table.chunks_with_other_settings;
    let chunks = format!("{}?q=compressed", shown.address(TableTab::Chunks));
    let totals = table.compression;
    let saved = totals.and_then(|totals| saved_percent(totals.before_bytes, totals.after_bytes));
    let saved_now = totals.and_then(|totals| saved_percent(totals.before_bytes, table.compressed_bytes));
    let order = settings.as_ref().map(|settings| {
        if settings.order_by.is_empty() {
            "server's choice".to_owned()
        } else {
            let columns: Vec<String> = settings.order_by.iter().map(ToString::to_string).collect();
            columns.join(", ")
        }
    });
    view! {
        {(other > 0).then(|| view! {
            <Notice tone=Tone::Plain title=format!("{} compressed with other settings", counted(other, "chunk was", "chunks were"))>
                <p>"A change of the settings leaves chunks as they are that are compressed already. They take the new ones when they are compressed again."</p>
            </Notice>
        })}
        <div class="grid g2">
            <section class="card">
                <header><h2>"Settings"</h2></header>
                {match settings {
                    None => view! {
                        <div class="empty">
                            <p><strong>"Compression is not enabled for this table."</strong></p>
                            <p>"Enabled with:"</p>
                            <pre tabindex="0"><code>{format!(
                                "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = '…');",
                                table.table_name().as_identifier(),
                            )}</code></pre>
                        </div>
                    }.into_any(),
                    Some(settings) => view! {
                        <dl class="facts">
                            <div><dt>"Segment by"</dt><dd>{settings.segment_by.to_string()}</dd></div>
                            <div><dt>"Order by"</dt><dd>{order}</dd></div>
                            <div>
                                <dt>"Compress after"</dt>
                                <dd>{match table.compress_after {
                                    Some(after) => after.to_string().into_any(),
                                    None => view! { <Dash reason="no compression policy" /> }.into_any(),
                                }}</dd>
                            </div>
                            <div><dt>"With other settings"</dt><dd>{thousands(other)}</dd></div>
                        </dl>
                    }.into_any(),
                }}
            </section>
            <section class="card">
                <header>
                    <h2>"What it saves"</h2>
                    <div class="end"><A href=chunks>"The chunks"</A></div>
                </header>
                <dl class="facts">
                    <div><dt>"Compressed chunks"</dt><dd>{format!("{} of {}", thousands(table.compressed_chunks), thousands(table.chunks))}</dd></div>
                    {match totals {
                        None => view! { <div><dt>"Saved"</dt><dd><Dash reason="no chunk is compressed" /></dd></div> }.into_any(),
                        Some(totals) => view! {
                            <div><dt>"Before"</dt><dd><Bytes value=totals.before_bytes /></dd></div>
                            <div><dt>"Straight after"</dt><dd><Bytes value=totals.after_bytes /> {saved.map(|saved| format!(" · {} saved", percent(saved)))}</dd></div>
                            <div>
                                <dt>"Those chunks now"</dt>
                                <dd title="what was written after compression lies beside the compressed rows">
                                    <Bytes value=table.compressed_bytes />
                                    {saved_now.map(|saved| format!(" · {} saved", percent(saved)))}
                                </dd>
                            </div>
                        }.into_any(),
                    }}
                </dl>
            </section>
        </div>
    }
}

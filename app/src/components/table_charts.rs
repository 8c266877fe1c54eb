//! Charts that load by themselves: they follow the address, and what is new once a minute, so that a readout stays
//! where somebody looks at it.

use domain::chart_range::{ChartRange, choice, without_choice};
use domain::history::Range;
use domain::listing::escape_parameter;
use domain::page::{TableTab, hypertable_page};
use domain::table_name::TableName;
use domain::time_axis::{TimeAxis, Window};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use super::fragment::Fragment;
use super::frame::database_parameter;
use super::minutes::minutes;
use super::notice::PartFailed;
use crate::charts::{Chart, RangeLinks};
use crate::loading::load_again;
use crate::server_fns::{
    ChunkFigures, LONGEST_LIMIT, SizeFigure, draw_chunks, draw_ingest, draw_sizes, draw_storage,
};

/// The range in the address.
fn range() -> Memo<Range> {
    let parameters = use_query_map();
    Memo::new(move |_| {
        parameters.with(|map| {
            map.get("range")
                .and_then(|text| text.parse().ok())
                .unwrap_or(Range::Month)
        })
    })
}

/// The room a chart takes, before it is there.
#[component]
fn Room() -> impl IntoView {
    view! { <div class="card chart-room" role="status" aria-label="Loading"></div> }
}

/// The limit in the address, as it was written.
fn limit() -> Memo<String> {
    let parameters = use_query_map();
    Memo::new(move |_| parameters.with(|map| map.get("limit").unwrap_or_default()))
}

/// How large a table was over time, how it grows, and when it reaches a size.
#[component]
pub(crate) fn SizeChart(
    /// The table.
    table: Memo<TableName>,
) -> impl IntoView {
    let database = database_parameter();
    let minutes = minutes();
    let (range, limit) = (range(), limit());
    let drawn = load_again(
        move || (database.get(), table.get(), range.get(), limit.get()),
        move || minutes.get(),
        |(database, table, range, limit)| draw_sizes(database, table, range, limit),
    );
    view! {
        <Transition fallback=|| view! { <Room /> }>
            {move || Suspend::new(async move {
                match drawn.await {
                    Ok(drawn) => view! { <Sizes drawn range=range.get_untracked() limit=limit.get_untracked() /> }.into_any(),
                    Err(error) => view! { <PartFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The same for all tables; nothing for those who may see the status only.
#[component]
pub(crate) fn StorageChart() -> impl IntoView {
    let database = database_parameter();
    let minutes = minutes();
    let (range, limit) = (range(), limit());
    let drawn = load_again(
        move || (database.get(), range.get(), limit.get()),
        move || minutes.get(),
        |(database, range, limit)| draw_storage(database, range, limit),
    );
    view! {
        <Transition fallback=|| view! { <Room /> }>
            {move || Suspend::new(async move {
                match drawn.await {
                    Ok(drawn) => drawn
                        .map(|drawn| view! { <Sizes drawn range=range.get_untracked() limit=limit.get_untracked() /> })
                        .into_any(),
                    Err(error) => view! { <PartFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Sizes(drawn: SizeFigure, range: Range, limit: String) -> impl IntoView {
    let location = use_location();
    let path = location.pathname.get_untracked();
    let is_unread = drawn.is_limit_unread;
    view! {
        <div class="chart-with-words">
            <Chart figure=drawn.figure zoom=false><RangeLinks range=ChartRange::Last(range) /></Chart>
            <div class="chart-words">
                <Fragment markup=drawn.sentences />
                <form class="limit" method="get" action=path>
                    <input type="hidden" name="range" value=range.as_str() />
                    <label>"When does it reach "
                        <input type="text" name="limit" value=limit placeholder="500 GB" size="9" maxlength=LONGEST_LIMIT.to_string() autocomplete="off" aria-invalid=is_unread.then_some("true") />
                    </label>
                    <button type="submit" class="btn">"Show when"</button>
                    {is_unread.then(|| view! { <span class="field-error">"Write a size like 500 GB or 1.5 TB."</span> })}
                </form>
            </div>
        </div>
    }
    .into_any()
}

/// How fast rows came into a table.
#[component]
pub(crate) fn IngestChart(
    /// The table.
    table: Memo<TableName>,
) -> impl IntoView {
    let database = database_parameter();
    let minutes = minutes();
    let range = range();
    let drawn = load_again(
        move || (database.get(), table.get(), range.get()),
        move || minutes.get(),
        |(database, table, range)| draw_ingest(database, table, range),
    );
    view! {
        <Transition fallback=|| view! { <Room /> }>
            {move || Suspend::new(async move {
                match drawn.await {
                    Ok(figure) => view! { <Chart figure zoom=false /> }.into_any(),
                    Err(error) => view! { <PartFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The chunk map of a table, and how large its chunks are. Dragging, or Enter on a place of several chunks, shows
/// that part of the axis; Enter on a single chunk shows it in the list.
#[component]
pub(crate) fn ChunkCharts(
    /// The table.
    table: Memo<TableName>,
    /// Whether the sizes are drawn too.
    with_sizes: bool,
) -> impl IntoView {
    let database = database_parameter();
    let minutes = minutes();
    let parameters = use_query_map();
    let window = Memo::new(move |_| parameters.with(|map| chosen_window(|name| map.get(name))));
    let drawn = load_again(
        move || (database.get(), table.get(), window.get()),
        move || minutes.get(),
        |(database, table, window)| draw_chunks(database, table, window),
    );
    view! {
        <Transition fallback=|| view! { <Room /> }>
            {move || Suspend::new(async move {
                match drawn.await {
                    Ok(Some(figures)) => view! { <Chunks figures table with_sizes is_part=window.get_untracked().is_some() /> }.into_any(),
                    // Without chunks there is nothing to draw; the list says so.
                    Ok(None) => ().into_any(),
                    Err(error) => view! { <PartFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The part of the axis in the address, of moments or of numbers.
fn chosen_window(get: impl Fn(&str) -> Option<String>) -> Option<Window> {
    [TimeAxis::Moments, TimeAxis::Numbers]
        .into_iter()
        .find_map(|axis| match ChartRange::from_parameters(axis, Range::All, &get) {
            ChartRange::Between(window) => Some(window),
            ChartRange::Last(_) => None,
        })
}

#[component]
fn Chunks(figures: ChunkFigures, table: Memo<TableName>, with_sizes: bool, is_part: bool) -> impl IntoView {
    let database = database_parameter();
    let location = use_location();
    let navigate = use_navigate();
    let readout = StoredValue::new(figures.map.readout.clone());
    let shows_chunks = figures.shows_chunks;
    let list = Signal::derive(move || hypertable_page(&database.get(), &table.get(), TableTab::Chunks));
    let pick = move |place: usize| {
        let address = readout.with_value(|readout| {
            if shows_chunks {
                let chunk = readout.names.get(place)?;
                let query = choice(&location.search.get_untracked());
                let and = if query.is_empty() { "?" } else { "&" };
                return Some(format!(
                    "{}{query}{and}q={}",
                    list.get_untracked(),
                    escape_parameter(chunk)
                ));
            }
            let window = Window::new(*readout.at.get(place)?, *readout.until.get(place)?);
            let query = location.search.get_untracked();
            let query = ChartRange::Between(window).replaced_in(readout.axis, &query);
            Some(format!("{}{query}", location.pathname.get_untracked()))
        });
        if let Some(address) = address {
            let options = NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            };
            navigate(&address, options);
        }
    };
    let all = move || {
        format!(
            "{}{}",
            location.pathname.get(),
            without_choice(&location.search.get())
        )
    };
    view! {
        <Chart figure=figures.map on_pick=Callback::new(pick)>
            {is_part.then(|| view! { <a class="chart-all" href=all>"Show all"</a> })}
        </Chart>
        {with_sizes.then(|| view! { <Chart figure=figures.sizes /> })}
    }
    .into_any()
}

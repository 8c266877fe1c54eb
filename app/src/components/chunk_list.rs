//! The list of chunks: as long as it is, only the rows around what is on screen are there. Without JavaScript it has pages.

use std::collections::{BTreeMap, BTreeSet};

use domain::chart_range::ChartRange;
use domain::chunk_list::{ChunkColumn, ChunkQuery, ChunkRow, state_word};
use domain::hypertable::{Exactness, TimePoint};
use domain::judgement::ChunkDue;
use domain::listing::{Column, ListPage};
use domain::page::{TableTab, hypertable_page};
use domain::quantity::{exact_bytes, minute, moment, percent, saved_percent};
use domain::reading::Reading;
use domain::role::Permission;
use domain::snapshot::Edition;
use domain::table_name::TableName;
use domain::time_axis::{TimeAxis, Window};
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use super::choice::{Choice, ChoiceHead, Choices, Choosable, ChosenForm};
use super::figure::{Bytes, Count, Dash};
use super::frame::{OwnFrame, database_parameter};
use super::list::{ColumnHead, FilterBar, Pager};
use super::live::Refresher;
use super::notice::LoadFailed;
use super::reading::SourceNotices;
use crate::browser::{is_hydrated, on_scroll, pixels, scroll_to, set_height};
use crate::loading::load_again;
use crate::server_fns::list_chunks;

/// Rows that are loaded at once.
const WINDOW_ROWS: usize = 100;

/// The list of the chunks of one table, or of all.
#[component]
pub(crate) fn ChunkList(
    /// The address of the page it stands on.
    base: Signal<String>,
    /// The table; `None` for the one in the address, or all.
    table: Signal<Option<TableName>>,
) -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let parameters = use_query_map();
    let query = Memo::new(move |_| {
        let mut query = parameters.with(|map| ChunkQuery::from_parameters(|name| map.get(name)));
        query.page_size = WINDOW_ROWS;
        query.table = table.get().or(query.table);
        query
    });
    // What is loaded lives here, outside of what is drawn with it: a refresh changes rows, and leaves the scrolling be.
    let windows = Windows::new(database, query);
    let frame = expect_context::<OwnFrame>();
    let loaded = load_again(
        move || (database.get(), query.get()),
        move || refresher.version(),
        |(database, query)| list_chunks(database, query),
    );
    view! {
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                let is_of_one = table.get_untracked().is_some();
                let may_choose = frame.await.is_ok_and(|frame| frame.account.may(Permission::ChangePolicies));
                windows.may_choose.set_value(may_choose);
                match loaded.await {
                    Ok(reading) => view! { <Loaded reading base=base.get_untracked() query windows is_of_one /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Rows that are loaded, by their place in the list, in windows of [`WINDOW_ROWS`].
#[derive(Clone, Copy)]
struct Windows {
    database: Memo<String>,
    query: Memo<ChunkQuery>,
    /// The list these rows are of.
    of: StoredValue<Option<(String, ChunkQuery)>>,
    rows: RwSignal<BTreeMap<usize, Vec<ChunkRow>>>,
    /// Rows there are.
    total: RwSignal<usize>,
    /// The first and the last window that are on screen.
    wanted: RwSignal<(usize, usize)>,
    /// Windows that are on their way.
    coming: StoredValue<BTreeSet<usize>>,
    /// Whether the list has not been scrolled to its beginning yet.
    begins: StoredValue<bool>,
    /// Whether chunks can be chosen, to do something to them.
    may_choose: StoredValue<bool>,
    /// The chunks that are chosen, on screen or not.
    choices: Choices,
}

impl Windows {
    fn new(database: Memo<String>, query: Memo<ChunkQuery>) -> Self {
        Self {
            database,
            query,
            of: StoredValue::new(None),
            rows: RwSignal::default(),
            total: RwSignal::new(0),
            wanted: RwSignal::new((0, 0)),
            coming: StoredValue::default(),
            begins: StoredValue::new(true),
            may_choose: StoredValue::new(false),
            choices: Choices::new("chunk"),
        }
    }

    /// Whether this is the first time since the list was another.
    fn is_new(self) -> bool {
        let begins = self.begins.get_value();
        self.begins.set_value(false);
        begins
    }

    /// Takes a page that was loaded: the first of another list, or news of this one.
    fn take(self, page: ListPage<ChunkRow>) {
        let window = page.first_row / WINDOW_ROWS;
        let of = Some((self.database.get_untracked(), page.query.on_page(1)));
        let is_news = self.of.with_value(|known| *known == of);
        if is_news {
            self.insert(window, page);
            return;
        }
        // What was chosen of one table is not meant of another.
        let is_of_another = self.of.with_value(|known| match (known, &of) {
            (Some((before, asked)), Some((now, asks))) => before != now || asked.table != asks.table,
            _ => false,
        });
        if is_of_another {
            self.choices.clear();
        }
        self.of.set_value(of);
        self.coming.set_value(BTreeSet::new());
        self.begins.set_value(true);
        self.total.set(page.matching);
        self.wanted.set((window, window));
        self.rows.set(BTreeMap::from([(window, page.items)]));
    }

    fn insert(self, window: usize, page: ListPage<ChunkRow>) {
        if self.total.get_untracked() != page.matching {
            self.total.set(page.matching);
            // What is shown may be beyond the end now.
            let last = page.matching.saturating_sub(1) / WINDOW_ROWS;
            let (from, until) = self.wanted.get_untracked();
            if until > last {
                self.wanted.set((from.min(last), last));
                self.load();
            }
        }
        self.rows.update(|rows| {
            rows.insert(window, page.items);
        });
    }

    /// Loads what is wanted and not there.
    fn load(self) {
        let (from, until) = self.wanted.get_untracked();
        for window in from..=until {
            if !self.rows.with_untracked(|rows| rows.contains_key(&window)) {
                self.load_window(window);
            }
        }
    }

    /// Loads what is wanted again, but for the window that has just come; what is not on screen is forgotten.
    fn reload(self, but_for: usize) {
        let (from, until) = self.wanted.get_untracked();
        self.rows
            .update_untracked(|rows| rows.retain(|window, _| (from..=until).contains(window)));
        for window in (from..=until).filter(|window| *window != but_for) {
            self.load_window(window);
        }
    }

    fn load_window(self, window: usize) {
        if !self
            .coming
            .try_update_value(|coming| coming.insert(window))
            .unwrap_or(false)
        {
            return;
        }
        let asked = self.query.get_untracked();
        let database = self.database.get_untracked();
        leptos::task::spawn_local(async move {
            let loaded = list_chunks(database, asked.on_page(window + 1)).await;
            self.coming.try_update_value(|coming| coming.remove(&window));
            // Not the rows of a list that was left meanwhile.
            if let Ok(Reading {
                facts: Some(page), ..
            }) = loaded
                && self.query.try_get_untracked() == Some(asked)
            {
                self.insert(page.first_row / WINDOW_ROWS, page);
            }
        });
    }

    /// The rows that are in the document.
    fn shown(self) -> (usize, usize) {
        let (from, until) = self.wanted.get();
        let total = self.total.get();
        (
            (from * WINDOW_ROWS).min(total),
            ((until + 1) * WINDOW_ROWS).min(total),
        )
    }
}

#[component]
fn Loaded(
    reading: Reading<ListPage<ChunkRow>>,
    base: String,
    query: Memo<ChunkQuery>,
    windows: Windows,
    is_of_one: bool,
) -> impl IntoView {
    let page = reading.facts.clone();
    let edition = reading.edition.unwrap_or(Edition::Community);
    view! {
        {(!is_of_one).then(|| view! { <SourceNotices reading what="The chunks appear" /> })}
        {page.map(|page| view! { <ListCard page base query windows is_of_one edition /> })}
    }
    .into_any()
}

#[component]
fn ListCard(
    page: ListPage<ChunkRow>,
    base: String,
    query: Memo<ChunkQuery>,
    windows: Windows,
    is_of_one: bool,
    edition: Edition,
) -> impl IntoView {
    let shown = page.query.clone();
    if page.total == 0 {
        return view! {
            <section class="card">
                <div class="empty">
                    <p><strong>"There is no chunk yet."</strong></p>
                    <p>"TimescaleDB makes one when the first row of its part of the time axis comes in."</p>
                </div>
            </section>
        }
        .into_any();
    }
    let heads = columns(is_of_one)
        .iter()
        .map(|column| view! { <ColumnHead column=*column class=class(*column) query=shown.clone() base=base.clone() /> })
        .collect_view();
    let database = windows.database.get_untracked();
    view! {
        <section class="card">
            <FilterBar
                page=page.clone()
                base=base.clone()
                query
                noun=("chunk", "chunks")
                what="Filter by table, chunk or state"
                export=format!("/db/{database}/export/chunks")
            />
            {if page.matching == 0 {
                view! {
                    <div class="empty">
                        <p><strong>{format!("No chunk matches “{}”.", shown.filter)}</strong></p>
                        <p>"The filter looks at the table, the chunk's name and its state: uncompressed, compressed, partial, unordered, frozen, due, overdue."</p>
                        <p><A href=base.clone() attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    {windows.may_choose.get_value().then(|| view! {
                        <ChosenForm choices=windows.choices database=database.clone() actions=choosable(edition) />
                    })}
                    <Rows page=page.clone() windows is_of_one heads=heads.into_any() />
                }.into_any()
            }}
            <noscript><Pager page base /></noscript>
        </section>
    }
    .into_any()
}

/// The columns of the list; of one table, the table's name is in the page's head.
fn columns(is_of_one: bool) -> Vec<ChunkColumn> {
    ChunkColumn::ALL
        .iter()
        .copied()
        .filter(|column| !(is_of_one && *column == ChunkColumn::Table))
        .collect()
}

fn class(column: ChunkColumn) -> &'static str {
    match column {
        ChunkColumn::Chunk | ChunkColumn::From => "",
        ChunkColumn::Size => "num",
        ChunkColumn::Table | ChunkColumn::Until | ChunkColumn::State | ChunkColumn::Created => "wide-only",
        _ => "num wide-only",
    }
}

/// The rows around what is on screen, with room above and below for all the others.
#[component]
fn Rows(page: ListPage<ChunkRow>, windows: Windows, is_of_one: bool, heads: AnyView) -> impl IntoView {
    let first = page.first_row;
    let is_first_page = page.query.page == 1;
    windows.take(page);
    let region = NodeRef::<html::Div>::new();
    let above = NodeRef::<html::Tr>::new();
    let below = NodeRef::<html::Tr>::new();
    let hydrated = is_hydrated();
    let may_choose = windows.may_choose.get_value();
    let columns = (columns(is_of_one).len() + usize::from(may_choose)).to_string();
    let row_height = StoredValue::new(0.0);

    // The script sets the height of these two, as the policy forbids inline styles.
    let make_room = move |(from, until): (usize, usize), total: usize| {
        let height = row_height.get_value();
        if height > 0.0 {
            set_height(above, pixels(from, height));
            set_height(below, pixels(total.saturating_sub(until), height));
        }
    };
    Effect::new(move |_| {
        let shown = windows.shown();
        make_room(shown, windows.total.get());
    });
    on_scroll(region, move |viewport| {
        let is_new = (row_height.get_value() - viewport.row_height).abs() > 0.5;
        row_height.set_value(viewport.row_height);
        if is_new {
            make_room(untrack(|| windows.shown()), windows.total.get_untracked());
        }
        let last = windows.total.get_untracked().saturating_sub(1);
        let top = viewport.row_at(viewport.top).min(last);
        let bottom = viewport.row_at(viewport.top + viewport.height).min(last);
        let wanted = (top / WINDOW_ROWS, bottom / WINDOW_ROWS);
        if wanted != windows.wanted.get_untracked() {
            windows.wanted.set(wanted);
            windows.load();
        }
    });
    Effect::new(move |_| {
        if hydrated.get() {
            // A page in the address is where the list begins.
            if !is_first_page && windows.is_new() {
                scroll_to(region, first, |viewport| {
                    row_height.set_value(viewport.row_height);
                    make_room(untrack(|| windows.shown()), windows.total.get_untracked());
                });
            }
            windows.reload(first / WINDOW_ROWS);
        }
    });
    let rows = move || {
        let (from, until) = windows.shown();
        windows.rows.with(|rows| {
            (from..until)
                .map(|index| {
                    let row = rows
                        .get(&(index / WINDOW_ROWS))
                        .and_then(|rows| rows.get(index % WINDOW_ROWS))
                        .cloned();
                    match row {
                        Some(row) => view! { <Row row index is_of_one windows /> }.into_any(),
                        None => view! { <tr class="row-loading" aria-busy="true"><td colspan=columns.clone()>"…"</td></tr> }.into_any(),
                    }
                })
                .collect_view()
        })
    };
    view! {
        <div class="scroll windowed" tabindex="0" role="region" aria-label="Chunks" node_ref=region>
            <table class="chunks" aria-rowcount=move || (windows.total.get() + 1).to_string()>
                <thead><tr>
                    {may_choose.then(|| view! { <ChoiceHead /> })}
                    {heads}
                </tr></thead>
                <tbody>
                    <tr class="spacer" aria-hidden="true" node_ref=above></tr>
                    {rows}
                    <tr class="spacer" aria-hidden="true" node_ref=below></tr>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What can be done to chosen chunks in an edition.
fn choosable(edition: Edition) -> Vec<Choosable> {
    let reason = (edition == Edition::Apache)
        .then_some("The Apache edition has no compression, and freezes no chunks.");
    vec![
        ("compress", "Compress", reason),
        ("recompress", "Compress anew", reason),
        ("decompress", "Decompress", reason),
        ("freeze", "Freeze", reason),
        ("unfreeze", "Unfreeze", reason),
        ("drop", "Drop", None),
    ]
}

#[component]
fn Row(row: ChunkRow, index: usize, is_of_one: bool, windows: Windows) -> impl IntoView {
    let database = windows.database.get_untracked();
    let choice = windows.may_choose.get_value().then(|| {
        view! {
            <Choice
                choices=windows.choices
                value=TableName::new(&row.chunk.schema, &row.chunk.name).qualified()
                label=row.chunk.name.clone()
            />
        }
    });
    let table = (!is_of_one).then(|| row.display_name());
    let state = state_word(row.chunk.status);
    let due_or_state = row.due.map_or(state, ChunkDue::as_str);
    let due = row.due.map(|due| {
        let class = if due.is_overdue() { "due overdue" } else { "due" };
        view! { " " <span class=class>{due.as_str()}</span> }
    });
    let href = place_on_map(&database, &row);
    let chunk = row.chunk;
    let saved = chunk
        .compression
        .and_then(|totals| saved_percent(totals.before_bytes, totals.after_bytes));
    let bytes =
        |value: u64| view! { <td class="num wide-only"><Bytes value exactness=Exactness::Exact /></td> };
    let maybe = |value: Option<u64>| match value {
        Some(value) => view! { <Bytes value /> }.into_any(),
        None => view! { <Dash reason="not compressed" /> }.into_any(),
    };
    let other = chunk.compressed_with.is_some();
    view! {
        <tr aria-rowindex=(index + 2).to_string()>
            {choice}
            {table.clone().map(|table| view! { <td class="wide-only">{table}</td> })}
            <th scope="row" class="name" title=format!("{}.{}", chunk.schema, chunk.name)>
                <a href=href><code>{chunk.name.clone()}</code></a>
                {table.map(|table| view! { <span class="under narrow-only" title=table.clone()>{table.clone()}</span> })}
            </th>
            <td class="from"><Place point=chunk.range.map(|range| range.start) /></td>
            <td class="wide-only"><Place point=chunk.range.map(|range| range.end) /></td>
            <td class="wide-only" title=other.then_some("compressed with other settings than the table has now")>
                {state} {other.then_some(" *")} {due}
            </td>
            <td class="num">
                <Bytes value=chunk.size.total_bytes() exactness=chunk.exactness />
                <span class="under narrow-only">{due_or_state}</span>
            </td>
            <td class="num wide-only"><Count value=chunk.rows exactness=chunk.exactness /></td>
            <td class="num wide-only" title=chunk.compression.map(|totals| format!("{} saved", exact_bytes(totals.before_bytes.saturating_sub(totals.after_bytes))))>
                {match saved {
                    Some(saved) => percent(saved).into_any(),
                    None => view! { <Dash reason="not compressed" /> }.into_any(),
                }}
            </td>
            <td class="num wide-only">{maybe(chunk.compression.map(|totals| totals.before_bytes))}</td>
            <td class="num wide-only">{maybe(chunk.compression.map(|totals| totals.after_bytes))}</td>
            {bytes(chunk.size.heap_bytes)}
            {bytes(chunk.size.index_bytes)}
            {bytes(chunk.size.toast_bytes)}
            <td class="wide-only">
                {match chunk.created_at {
                    Some(at) => view! { <time datetime=at.to_string() title=moment(at)>{minute(at)}</time> }.into_any(),
                    None => view! { <Dash reason="the catalog does not say" /> }.into_any(),
                }}
            </td>
        </tr>
    }
    .into_any()
}

/// The chunk on its table's map.
fn place_on_map(database: &str, row: &ChunkRow) -> String {
    let table = row.materializes.as_ref().unwrap_or(&row.table);
    let page = hypertable_page(database, table, TableTab::Chunks);
    match row.chunk.range {
        Some(range) => {
            let axis = TimeAxis::of(range.start);
            let [start, end] = [range.start, range.end].map(TimeAxis::ticks);
            let (_, query) = page.split_once('?').unwrap_or_default();
            let path = page.split('?').next().unwrap_or_default();
            format!(
                "{path}{}",
                ChartRange::Between(Window { start, end }).replaced_in(axis, query)
            )
        }
        None => page,
    }
}

#[component]
fn Place(point: Option<TimePoint>) -> impl IntoView {
    match point {
        Some(TimePoint::Moment(at)) => {
            view! { <time datetime=at.to_string() title=moment(at)>{minute(at)}</time> }.into_any()
        }
        Some(TimePoint::Number(number)) => number.to_string().into_any(),
        None => view! { <Dash reason="its range is open" /> }.into_any(),
    }
}

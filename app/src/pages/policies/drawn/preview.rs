//! What a change would do: before it does it.

use backend::policies::{Planned, Preview};
use charts::draw_chunk_map;
use domain::chunk_map::{ChunkMap, ChunkState, Policies, Timeline};
use domain::hypertable::{Chunk, TimePoint};
use domain::listing::escape_parameter;
use domain::policy::{Amount, Blocker, DaySum, Fate, Outlook, Plan, Threshold};
use domain::quantity::{bytes, counted, minute, thousands};
use domain::table_name::TableName;
use domain::timestamp::Timestamp;
use domain::visible::Visible;
use leptos::prelude::*;

use super::fates::{ChunkByChunk, Fates};
use super::form::Asked;
use super::form_address;
use super::steps::{Differences, Steps};
use crate::charts::DrawnChart;
use crate::components::{Notice, Tone, markup};
use crate::server_fns::DrawnPreview;

/// As many bins as the widest drawing shows with a pixel between them.
const BINS: u32 = 220;

/// Draws it.
pub(super) fn draw_preview(asked: &Asked, preview: Preview) -> DrawnPreview {
    let Preview { now, wanted, planned } = preview;
    let Ok(planned) = planned else {
        return DrawnPreview::default();
    };
    if planned.plan.is_empty() && planned.plan.blockers.is_empty() {
        return DrawnPreview {
            above: markup(view! {
                <div id="preview"><Notice tone=Tone::Plain title="Nothing would change">
                    <p>"The table has this policy already."</p>
                </Notice></div>
            }),
            ..DrawnPreview::default()
        };
    }
    let map = draw_map(&planned, &now.current.table, asked.now);
    let fates = Fates::of(&planned, &now.current.table, asked.chunks_page.unwrap_or(1));
    let mut address = form_address(&asked.database, &asked.table, &wanted.fields, true);
    if let Some(id) = asked.undoes {
        address.extend(["&undoes=", &id.to_string()]);
    }
    let is_open = asked.chunks_page.is_some();
    let decompress = format!(
        "/db/{}/actions/preview?action=decompress&table={}",
        asked.database,
        escape_parameter(&now.current.table.qualified())
    );
    DrawnPreview {
        above: markup(view! { <Above planned=planned.clone() decompress /> }),
        map,
        below: markup(view! {
            <Days outlook=planned.outlook.clone() />
            <ChunkByChunk fates address is_open />
            <Statements plan=planned.plan.clone() />
            <Apply asked=asked.clone() plan=planned.plan.clone() fields=wanted.fields />
        }),
    }
}

#[component]
fn Above(planned: Planned, decompress: String) -> impl IntoView {
    let Planned {
        plan,
        outlook,
        differences,
        cutoffs,
        ..
    } = planned;
    let cutoffs = cutoffs
        .into_iter()
        .map(|(kind, cutoff)| view! { <div><dt>{format!("{} reaches to", kind.title())}</dt><dd>{cutoff.to_string()}</dd></div> })
        .collect_view();
    view! {
        <section class="card" id="preview" aria-label="What would change">
            <header><h2>"What would change"</h2></header>
            <Against blockers=plan.blockers.clone() decompress />
            {(!plan.warnings.is_empty()).then(|| view! {
                <ul class="findings" aria-label="To be known beforehand">
                    {plan.warnings.iter().map(|warning| view! { <li class="warn">{warning.sentence()}</li> }).collect_view()}
                </ul>
            })}
            {(!differences.is_empty()).then(|| view! {
                <Differences rows=differences heads=("now", "afterwards") caption="Fields that change" />
            })}
            {(!plan.effects.is_empty()).then(|| view! {
                <ul class="effects" aria-label="Effects">
                    {plan.effects.iter().map(|effect| view! { <li>{effect.sentence()}</li> }).collect_view()}
                </ul>
            })}
            <dl class="facts-line amounts">
                {amount("Compressed at the first run", outlook.first_compressed, false)}
                {amount("Dropped at the first run", outlook.first_dropped, true)}
                {amount("Compressed within 90 days", outlook.compressed, false)}
                {amount("Dropped within 90 days", outlook.dropped, true)}
                {outlook.oldest_kept_first.map(|oldest| view! { <div><dt>"Oldest chunk kept after the first run begins"</dt><dd>{place(oldest)}</dd></div> })}
                {outlook.oldest_kept.map(|oldest| view! { <div><dt>"Oldest chunk kept after 90 days begins"</dt><dd>{place(oldest)}</dd></div> })}
                {cutoffs}
            </dl>
        </section>
    }
    .into_any()
}

/// What keeps it from being applied.
#[component]
pub(super) fn Against(
    blockers: Vec<Blocker>,
    /// Where compressed chunks are decompressed.
    #[prop(optional, into)]
    decompress: Option<String>,
) -> impl IntoView {
    let needs_decompressing = blockers
        .iter()
        .any(|blocker| matches!(blocker, Blocker::CompressedChunks(_)));
    let decompress = decompress.filter(|_| needs_decompressing);
    (!blockers.is_empty()).then(|| {
        view! {
            <div class="against" role="alert">
                <p><b>"This cannot be applied:"</b></p>
                <ul>{blockers.iter().map(|blocker| view! { <li>{blocker.sentence()}</li> }).collect_view()}</ul>
                {decompress.map(|href| view! { <p><a class="btn" href=href>"Preview decompressing"</a></p> })}
            </div>
        }
    })
}

fn amount(label: &'static str, amount: Amount, is_drop: bool) -> Option<AnyView> {
    if amount.chunks == 0 {
        return None;
    }
    let size = bytes(amount.bytes);
    let words = if is_drop {
        format!(
            "{} · {size} freed · about {} rows lost",
            counted(amount.chunks, "chunk", "chunks"),
            thousands(amount.rows)
        )
    } else {
        let freed = amount.freed_bytes.map_or_else(
            || "nobody can say yet how much is freed".to_owned(),
            |freed| format!("about {} freed", bytes(freed)),
        );
        format!("{} · {size} · {freed}", counted(amount.chunks, "chunk", "chunks"))
    };
    Some(view! { <div><dt>{label}</dt><dd>{words}</dd></div> }.into_any())
}

fn place(point: TimePoint) -> String {
    match point {
        TimePoint::Moment(at) => format!("{} UTC", minute(at)),
        TimePoint::Number(number) => number.to_string(),
    }
}

/// Every chunk on the time axis, by what becomes of it, under the horizons the policy would have.
fn draw_map(planned: &Planned, table: &TableName, now: Timestamp) -> Option<DrawnChart> {
    let snapshot = &planned.snapshot;
    let chunks = snapshot.chunks_of(table);
    let table = snapshot.hypertable(table)?;
    let timeline = match (table.range?.end, table.integer_now.as_ref()) {
        (TimePoint::Moment(_), _) => Timeline::at(TimePoint::Moment(now)),
        (TimePoint::Number(_), Some(Visible::Shown(now))) => Timeline::at(TimePoint::Number(*now)),
        (TimePoint::Number(_), _) => Timeline::without_now(),
    };
    let policy = &planned.plan.desired.policy;
    let on_axis = |threshold: Threshold| match threshold {
        Threshold::After(span) => Some(span),
        Threshold::CreatedBefore(_) => None,
    };
    let window = policy.refresh.as_ref().map(|refresh| refresh.window);
    let policies = Policies {
        compress_after: policy.compression.policy().and_then(|of| on_axis(of.threshold)),
        drop_after: policy.retention.as_ref().and_then(|of| on_axis(of.threshold)),
        refresh_start: window.and_then(|window| window.start_offset),
        refresh_end: window.and_then(|window| window.end_offset),
    };
    let state = |place: usize, chunk: &Chunk| {
        // The outlook has the fates in the order of the chunks.
        let fate = planned.outlook.fates.get(place).copied().unwrap_or_default();
        state_of(chunk, fate, &planned.outlook)
    };
    let map = ChunkMap::gather(chunks, state, |_| false, timeline, &policies, None, BINS);
    Some(draw_chunk_map("What becomes of the chunks", &map).into())
}

fn state_of(chunk: &Chunk, fate: Fate, outlook: &Outlook) -> ChunkState {
    let first = outlook.first_runs;
    match (fate.dropped_at, fate.compressed_at) {
        (Some(at), _) if first.retention == Some(at) => ChunkState::DroppedFirst,
        // What is compressed before it is dropped is shown as what comes next.
        (_, Some(at)) if first.compression == Some(at) => ChunkState::CompressedFirst,
        (Some(_), _) => ChunkState::DroppedLater,
        (None, Some(_)) => ChunkState::CompressedLater,
        (None, None) => ChunkState::of(chunk),
    }
}

/// The days of the next 90 on which anything is done.
#[component]
fn Days(outlook: Outlook) -> impl IntoView {
    if outlook.days.is_empty() {
        return ().into_any();
    }
    let rows = outlook
        .days
        .iter()
        .map(|day: &DaySum| {
            let day_of = minute(day.day);
            // The day without its hour.
            let date = day_of
                .rsplit_once(' ')
                .map_or(day_of.clone(), |(date, _)| date.to_owned());
            view! {
                <tr>
                    <th scope="row">{date}</th>
                    <td class="num">{figure(day.compressed.chunks)}</td>
                    <td class="num">{size(day.compressed.freed_bytes)}</td>
                    <td class="num">{figure(day.dropped.chunks)}</td>
                    <td class="num">{size(day.dropped.freed_bytes.filter(|_| day.dropped.chunks > 0))}</td>
                    <td class="num">{figure(day.dropped.rows)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <details class="numbers">
                <summary>{format!("Day by day: {}", counted(outlook.days.len() as u64, "day on which something is done", "days on which something is done"))}</summary>
                <div class="scroll" tabindex="0" role="region" aria-label="Day by day">
                    <table>
                        <thead><tr>
                            <th scope="col">"Day"</th>
                            <th scope="col" class="num">"Compressed"</th><th scope="col" class="num">"Freed"</th>
                            <th scope="col" class="num">"Dropped"</th><th scope="col" class="num">"Freed"</th>
                            <th scope="col" class="num">"Rows lost"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        </section>
    }
    .into_any()
}

fn figure(value: u64) -> String {
    if value == 0 {
        "-".to_owned()
    } else {
        thousands(value)
    }
}

fn size(value: Option<u64>) -> String {
    value
        .filter(|value| *value > 0)
        .map_or_else(|| "-".to_owned(), |value| bytes(value).to_string())
}

#[component]
fn Statements(plan: Plan) -> impl IntoView {
    if plan.steps.is_empty() {
        return ().into_any();
    }
    view! {
        <section class="card">
            <header>
                <h2>"What is run"</h2>
                <p class="hint">"In one transaction, in this order. It waits two seconds at most for a lock, gives up, and tries again a few times."</p>
            </header>
            <Steps steps=plan.steps />
        </section>
    }
    .into_any()
}

#[component]
fn Apply(asked: Asked, plan: Plan, fields: domain::policy::PolicyFields) -> impl IntoView {
    if !plan.can_be_applied() {
        return ().into_any();
    }
    let relation = plan.relation.to_string();
    let hidden = fields
        .pairs()
        .map(|(name, text)| view! { <input type="hidden" name=format!("fields[{name}]") value=text.to_owned() /> })
        .collect_view();
    let (class, button) = if plan.needs_typed_name {
        ("btn danger", "Apply, and delete what is due")
    } else {
        ("btn primary", "Apply")
    };
    view! {
        <section class="card form-card">
            <header><h2>"Apply"</h2></header>
            <form method="post" action="/fn/apply_policy">
                <input type="hidden" name="database" value=asked.database />
                <input type="hidden" name="table" value=asked.table.qualified() />
                <input type="hidden" name="fingerprint" value=plan.fingerprint.clone() />
                {asked.undoes.map(|id| view! { <input type="hidden" name="undoes" value=id.to_string() /> })}
                {hidden}
                <label>
                    <span>"Why"</span>
                    <input type="text" name="reason" value=asked.reason maxlength="500" autocomplete="off" placeholder="for whoever reads the history later" />
                </label>
                {plan.needs_typed_name.then(|| view! {
                    <label>
                        <span>"Rows will be deleted and cannot be brought back. Type " <code>{relation}</code> " to allow it"</span>
                        <input type="text" name="typed_name" required autocomplete="off" autocapitalize="none" spellcheck="false" />
                    </label>
                })}
                <button type="submit" class=class>{button}</button>
                <p class="hint">"If somebody changes the policy meanwhile, nothing is applied, and you are told what is different."</p>
            </form>
        </section>
    }
    .into_any()
}

//! Who waits for whom, what is open for long, and how far the server is from its limits.

use domain::activity::{HeldTable, SessionFacts};
use domain::activity_page::{
    ActivityPage as Facts, LockedTable, SlotRow, TransactionRow, WaitRow, WaitWords,
};
use domain::page::{TableTab, chunks_page, hypertable_page};
use domain::psql::Statement;
use domain::quantity::counted;
use domain::reading::Reading;
use domain::visible::Visible;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::{
    Bytes, Dash, ExportLinks, FactCard, FindingView, Icon, LoadFailed, PageTitle, PsqlOf, Refresher,
    SourceNotices, Symbol, Told, database_parameter,
};
use crate::loading::load_again;
use crate::server_fns::load_activity;

/// The page.
#[component]
pub(crate) fn ActivityPage() -> impl IntoView {
    let database = database_parameter();
    let refresher = expect_context::<Refresher>();
    let activity = load_again(move || database.get(), move || refresher.version(), load_activity);
    view! {
        <PageTitle text=Signal::derive(move || format!("Activity · {} · Tidemark", database.get())) />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone head-bone"></span><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match activity.await {
                    Ok(reading) => view! { <Body reading database=database.get_untracked() /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
        <PsqlOf title="Activity" statement=Statement::Activity />
    }
}

#[component]
fn Body(reading: Reading<Facts>, database: String) -> impl IntoView {
    let facts = reading.facts.clone();
    view! {
        <div class="head"><h1>"Activity"</h1></div>
        <SourceNotices reading what="What sessions do appears" />
        {facts.map(|facts| view! {
            <Waits rows=facts.waits waiting=facts.waiting database=database.clone() />
            <Open transactions=facts.long_transactions database=database.clone() />
            {(!facts.prepared_transactions.is_empty()).then(|| view! {
                <Prepared transactions=facts.prepared_transactions database />
            })}
            <div class="cards">
                {facts.server.into_iter().map(|group| view! { <FactCard group /> }).collect_view()}
            </div>
            <Slots slots=facts.slots />
        })}
    }
    .into_any()
}

/// One calm line where there is nothing to see.
#[component]
fn Calm(words: &'static str) -> impl IntoView {
    view! { <p class="said calm"><span class="outcome ok"><Icon symbol=Symbol::Check /></span> {words}</p> }
}

#[component]
fn Waits(rows: Vec<WaitRow>, waiting: u64, database: String) -> impl IntoView {
    let body = if rows.is_empty() {
        view! { <Calm words="Nobody waits for a lock." /> }.into_any()
    } else {
        let rows = rows
            .into_iter()
            .map(|row| view! { <Wait row database=database.clone() /> })
            .collect_view();
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Who waits for whom">
                <table class="operations waits">
                    <thead>
                        <tr>
                            <th scope="col">"Session"</th>
                            <th scope="col" class="wide-only">"Wants"</th>
                            <th scope="col" class="wide-only">"On"</th>
                            <th scope="col" class="num">"Waits"</th>
                            <th scope="col" class="wide-only">"Behind"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card" id="waits">
            <header>
                <h2>"Who waits for whom"</h2>
                {(waiting > 0).then(|| view! { <span class="pill warn"><Icon symbol=Symbol::Exclamation /> {counted(waiting, "session waits", "sessions wait")}</span> })}
                <Export list="waits" database />
            </header>
            {body}
        </section>
    }
    .into_any()
}

/// A list of this page as a file.
#[component]
fn Export(list: &'static str, database: String) -> impl IntoView {
    view! { <div class="end"><ExportLinks address=format!("/db/{database}/export/{list}") query="" /></div> }
}

/// How far a row is moved in, by class: the content security policy allows no inline style.
fn depth(depth: u8) -> &'static str {
    match depth {
        0 => "name",
        1 => "name depth-1",
        2 => "name depth-2",
        3 => "name depth-3",
        _ => "name depth-4",
    }
}

#[component]
fn Wait(row: WaitRow, database: String) -> impl IntoView {
    let class = depth(row.depth);
    let who = view! {
        {row.name}
        {row.session.map(|session| view! { <Session session /> })}
        {row.unknown.map(|unknown| view! { <span class="under">{unknown}</span> })}
    };
    match row.wait {
        None => view! {
            <tr>
                <th scope="row" class=class>{who} <span class="under narrow-only">"holds what others want"</span></th>
                <td class="wide-only"><span class="muted">"holds what others want"</span></td>
                <td class="wide-only"><Dash reason="it waits for nothing" /></td>
                <td class="num"><Dash reason="it waits for nothing" /></td>
                <td class="wide-only"><Dash reason="it waits for nobody" /></td>
            </tr>
        }
        .into_any(),
        Some(WaitWords {
            mode,
            table,
            chunk,
            waiting,
            behind,
        }) => {
            let chunk = chunk.map(|chunk| chunk.name);
            let on = |table: Option<LockedTable>| locked(table, chunk.clone(), &database);
            view! {
                <tr>
                    <th scope="row" class=class>
                        {who}
                        <span class="under narrow-only">
                            "wants " {mode.clone()} " on " {on(table.clone())} {format!(", behind {behind}")}
                        </span>
                    </th>
                    <td class="wide-only"><code>{mode}</code></td>
                    <td class="wide-only of">{on(table)}</td>
                    <td class="num">
                        {match waiting {
                            Some(waiting) => waiting.into_any(),
                            None => view! { <Dash reason="the server does not say how long" /> }.into_any(),
                        }}
                    </td>
                    <td class="wide-only of">{behind}</td>
                </tr>
            }
            .into_any()
        }
    }
}

/// A table with a lock, and the chunk where the lock is on one.
fn locked(table: Option<LockedTable>, chunk: Option<String>, database: &str) -> AnyView {
    let Some(LockedTable { name, is_hypertable }) = table else {
        return view! { <Dash reason="no table" /> }.into_any();
    };
    if !is_hypertable {
        return name.to_string().into_any();
    }
    let chunk = chunk.map(|chunk| {
        let href = chunks_page(database, &name, &chunk);
        view! { " · " <A href=href attr:class="text-link"><code>{chunk}</code></A> }
    });
    view! {
        <A href=hypertable_page(database, &name, TableTab::Overview) attr:class="text-link">{name.to_string()}</A>
        {chunk}
    }
    .into_any()
}

/// Who a session is and what it does.
#[component]
fn Session(session: SessionFacts) -> impl IntoView {
    let SessionFacts {
        role,
        application_name,
        state,
        query,
        is_worker,
    } = session;
    let who: Vec<String> = [role, application_name, state]
        .into_iter()
        .filter(|part| !part.is_empty())
        .chain(is_worker.then(|| "background worker".to_owned()))
        .collect();
    view! {
        <span class="under">{who.join(" · ")}</span>
        {(!query.is_empty()).then(|| view! { <span class="under query"><code>{query}</code></span> })}
    }
    .into_any()
}

#[component]
fn Open(transactions: Visible<Vec<TransactionRow>>, database: String) -> impl IntoView {
    let export = transactions
        .shown()
        .is_some()
        .then(|| view! { <Export list="transactions" database=database.clone() /> });
    let body = match transactions {
        Visible::Hidden(hidden) => view! { <p class="said muted">{hidden.remedy()}</p> }.into_any(),
        Visible::Shown(open) if open.is_empty() => {
            view! { <Calm words="No transaction has been open for a minute or more." /> }.into_any()
        }
        Visible::Shown(open) => {
            view! { <Transactions transactions=open label="Long transactions" database /> }.into_any()
        }
    };
    view! {
        <section class="card beneath" id="transactions">
            <header><h2>"Long transactions"</h2> {export}</header>
            {body}
        </section>
    }
    .into_any()
}

#[component]
fn Prepared(transactions: Vec<TransactionRow>, database: String) -> impl IntoView {
    view! {
        <section class="card beneath" id="prepared">
            <header><h2>"Prepared transactions"</h2> <Export list="prepared" database=database.clone() /></header>
            <p class="said muted">
                "They stay, with their locks, until somebody ends them, restarts included: " <code>"COMMIT PREPARED"</code>
                " or " <code>"ROLLBACK PREPARED"</code> " with the identifier."
            </p>
            <Transactions transactions label="Prepared transactions" database />
        </section>
    }
    .into_any()
}

#[component]
fn Transactions(transactions: Vec<TransactionRow>, label: &'static str, database: String) -> impl IntoView {
    let rows = transactions
        .into_iter()
        .map(|row| {
            let holds = view! { <Held tables=row.holds database=database.clone() /> };
            view! {
                <tr>
                    <th scope="row" class="name">{row.name} <Session session=row.session /></th>
                    <td><Told when=row.since /></td>
                    <td class="of">{holds}</td>
                    <td class="wide-only">
                        {if row.holds_back_vacuum {
                            view! { <span class="outcome warn"><Icon symbol=Symbol::Exclamation /> "yes"</span> }.into_any()
                        } else {
                            view! { <span class="muted">"no"</span> }.into_any()
                        }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table class="operations">
                <thead>
                    <tr>
                        <th scope="col">"Transaction"</th>
                        <th scope="col">"Open since"</th>
                        <th scope="col">"Holds locks on"</th>
                        <th scope="col" class="wide-only">"Holds back VACUUM"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Held(tables: Vec<HeldTable>, database: String) -> impl IntoView {
    if tables.is_empty() {
        return view! { <Dash reason="no hypertable" /> }.into_any();
    }
    tables
        .into_iter()
        .map(|held| {
            let title = format!(
                "{} on {}",
                held.mode,
                counted(u64::from(held.relations), "relation", "relations")
            );
            view! {
                <span class="policy" title=title>
                    <A href=hypertable_page(&database, &held.table, TableTab::Overview) attr:class="text-link">{held.table.to_string()}</A>
                    <span class="under">{held.mode}</span>
                </span>
            }
        })
        .collect_view()
        .into_any()
}

#[component]
fn Slots(slots: Vec<SlotRow>) -> impl IntoView {
    let body = if slots.is_empty() {
        view! { <p class="said muted">"The server has no replication slot."</p> }.into_any()
    } else {
        let rows = slots
            .into_iter()
            .map(|slot| {
                view! {
                    <tr>
                        <th scope="row" class="name">
                            {slot.name}
                            <span class="under">{slot.kind}</span>
                            {slot.finding.map(|finding| view! { <FindingView finding /> })}
                        </th>
                        <td>{if slot.active { "read" } else { "nobody reads" }}</td>
                        <td class="num">
                            {match slot.held_bytes {
                                Some(value) => view! { <Bytes value /> }.into_any(),
                                None => view! { <Dash reason="none is reserved" /> }.into_any(),
                            }}
                        </td>
                        <td class="wide-only">
                            {match slot.wal_status {
                                Some(status) => status.into_any(),
                                None => view! { <Dash reason="none is reserved" /> }.into_any(),
                            }}
                        </td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Replication slots">
                <table class="operations">
                    <thead>
                        <tr>
                            <th scope="col">"Slot"</th>
                            <th scope="col">"Reader"</th>
                            <th scope="col" class="num">"WAL held"</th>
                            <th scope="col" class="wide-only">"State of its WAL"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card beneath" id="slots">
            <header><h2>"Replication slots"</h2></header>
            {body}
        </section>
    }
    .into_any()
}

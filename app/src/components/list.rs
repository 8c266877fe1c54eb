//! What every list has: a filter, columns that sort, pages. All of it stands in the address.

use domain::listing::{Column, Direction, ListPage, ListQuery, Listed, PAGE_SIZES};
use domain::quantity::{counted, thousands};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use leptos_router::location::Url;

use super::export_links::ExportLinks;
use super::icon::{Icon, Symbol};
use crate::browser::{FILTER_FIELD, typed_before_hydration};

/// A list's address with what it shows. Where the address already says something else (the range of a chart beside the
/// list), that is kept.
fn address(base: &str, query: &str) -> String {
    if base.contains('?') {
        format!("{base}{}", query.replacen('?', "&", 1))
    } else {
        format!("{base}{query}")
    }
}

/// The field that filters a list, and how much it found.
#[component]
pub(crate) fn FilterBar<T: Listed>(
    /// The page that is shown.
    page: ListPage<T>,
    /// The list's address.
    base: String,
    /// What the address asks for.
    query: Memo<ListQuery<T::Column>>,
    /// What one item is called, and several.
    noun: (&'static str, &'static str),
    /// What the filter looks at.
    what: &'static str,
    /// Where it is exported, without the ending; nowhere without it.
    #[prop(optional, into)]
    export: Option<String>,
) -> impl IntoView {
    let (one, many) = noun;
    let navigate = use_navigate();
    let shown = page.query.clone();
    let found = if shown.filter.is_empty() {
        counted(page.total as u64, one, many)
    } else {
        format!(
            "{} of {}",
            thousands(page.matching as u64),
            counted(page.total as u64, one, many)
        )
    };
    let (action, said) = base.split_once('?').unwrap_or((&base, ""));
    let action = action.to_owned();
    let said: Vec<(String, String)> = said
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), Url::unescape(value)))
        .collect();
    let narrowed = shown.table.as_ref().map(|table| {
        let all = ListQuery {
            table: None,
            page: 1,
            ..shown.clone()
        };
        let href = address(&base, &all.query_string());
        let only = format!("Only {table}");
        view! { <span class="narrowed"><span>{only}</span> <a href=href data-noscroll="">"All tables"</a></span> }
    });
    let filter_by = move |filter: String| {
        let wanted = ListQuery {
            filter,
            page: 1,
            ..query.get_untracked()
        };
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&address(&base, &wanted.query_string()), options);
    };
    let asked = shown.filter.clone();
    let typed_early = typed_before_hydration(FILTER_FIELD).filter(|typed| *typed != asked);
    let filter_early = filter_by.clone();
    Effect::new(move |_| {
        if let Some(typed) = &typed_early {
            filter_early(typed.clone());
        }
    });
    let kept: Vec<_> = shown
        .parameters()
        .into_iter()
        .filter(|(name, _)| !matches!(*name, "q" | "page" | "size"))
        .map(|(name, value)| (name.to_owned(), value))
        .chain(said)
        .collect();
    view! {
        // Without JavaScript the form is sent; with it, the list follows the typing.
        <form class="filter" method="get" action=action role="search" on:submit=|event| event.prevent_default()>
            <label class="filter-field">
                <Icon symbol=Symbol::Search />
                <span class="visually-hidden">{what}</span>
                <input type="search" name="q" id=FILTER_FIELD value=shown.filter.clone() placeholder=what maxlength="200" autocomplete="off" on:input=move |event| filter_by(event_target_value(&event)) />
                <kbd aria-hidden="true">"/"</kbd>
            </label>
            {narrowed}
            {kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()}
            {(shown.page_size != ListQuery::<T::Column>::default().page_size).then(|| view! { <input type="hidden" name="size" value=shown.page_size.to_string() /> })}
            <noscript><button type="submit" class="btn">"Filter"</button></noscript>
            <span class="found" role="status">{found}</span>
            {export.map(|address| view! { <ExportLinks address query=shown.unpaged().query_string() /> })}
        </form>
    }
}

/// A column's head: a link that sorts by it.
#[component]
pub(crate) fn ColumnHead<C: Column>(
    /// The column.
    column: C,
    /// What the list shows.
    query: ListQuery<C>,
    /// The list's address.
    base: String,
    /// Classes of the cell.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let sorted = (query.sort == column).then_some(query.direction);
    let aria_sort = sorted.map(|direction| match direction {
        Direction::Ascending => "ascending",
        Direction::Descending => "descending",
    });
    let arrow = sorted.map(|direction| match direction {
        Direction::Ascending => " ↑",
        Direction::Descending => " ↓",
    });
    let href = address(&base, &query.sorted_by(column).query_string());
    view! {
        <th scope="col" class=class aria-sort=aria_sort>
            <a href=href data-noscroll="">{column.label()}<span aria-hidden="true">{arrow}</span></a>
        </th>
    }
}

/// The pages of a list, where it has several.
#[component]
pub(crate) fn Pager<T: Listed>(
    /// The page that is shown.
    page: ListPage<T>,
    /// The list's address.
    base: String,
) -> impl IntoView {
    let query = page.query.clone();
    let first = page.first_row + 1;
    let last = page.first_row + page.items.len();
    let to = |number: usize| address(&base, &query.on_page(number).query_string());
    let previous = (query.page > 1).then(|| to(query.page - 1));
    let next = (query.page < page.pages).then(|| to(query.page + 1));
    let sizes = PAGE_SIZES
        .into_iter()
        .map(|size| {
            let wanted = ListQuery { page_size: size, page: 1, ..query.clone() };
            let current = (size == query.page_size).then_some("true");
            view! { <a href=address(&base, &wanted.query_string()) data-noscroll="" aria-current=current>{size.to_string()}</a> }
        })
        .collect_view();
    (page.matching > PAGE_SIZES[0]).then(|| {
        view! {
            <nav class="pager" aria-label="Pages of the list">
                <span>{format!("{first} to {last} of {}", thousands(page.matching as u64))}</span>
                <span class="pager-sizes">"Rows " {sizes}</span>
                <span class="pager-steps">
                    {match previous {
                        Some(href) => view! { <a href=href class="btn" rel="prev">"Previous"</a> }.into_any(),
                        None => view! { <span class="btn" aria-disabled="true">"Previous"</span> }.into_any(),
                    }}
                    {match next {
                        Some(href) => view! { <a href=href class="btn" rel="next">"Next"</a> }.into_any(),
                        None => view! { <span class="btn" aria-disabled="true">"Next"</span> }.into_any(),
                    }}
                </span>
            </nav>
        }
    })
}

//! What every list has: a filter, columns that sort, pages. All of it stands in the address.

use domain::listing::{Column, Direction, ListPage, ListQuery, Listed, PAGE_SIZES};
use domain::quantity::{counted, thousands};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use super::icon::{Icon, Symbol};

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
    let action = base.clone();
    let filter_as_typed = move |event: leptos::ev::Event| {
        let filter = event_target_value(&event);
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
        navigate(&format!("{base}{}", wanted.query_string()), options);
    };
    let kept: Vec<_> = shown
        .parameters()
        .into_iter()
        .filter(|(name, _)| !matches!(*name, "q" | "page" | "size"))
        .collect();
    view! {
        // Without JavaScript the form is sent; with it, the list follows the typing.
        <form class="filter" method="get" action=action role="search" on:submit=|event| event.prevent_default()>
            <label class="filter-field">
                <Icon symbol=Symbol::Search />
                <span class="visually-hidden">{what}</span>
                <input type="search" name="q" id="filter" value=shown.filter.clone() placeholder=what maxlength="200" autocomplete="off" on:input=filter_as_typed />
                <kbd aria-hidden="true">"/"</kbd>
            </label>
            {kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()}
            {(shown.page_size != ListQuery::<T::Column>::default().page_size).then(|| view! { <input type="hidden" name="size" value=shown.page_size.to_string() /> })}
            <noscript><button type="submit" class="btn">"Filter"</button></noscript>
            <span class="found" role="status">{found}</span>
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
    let href = format!("{base}{}", query.sorted_by(column).query_string());
    view! {
        <th scope="col" class=class aria-sort=aria_sort>
            <A href=href scroll=false>{column.label()}<span aria-hidden="true">{arrow}</span></A>
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
    let to = |number: usize| format!("{base}{}", query.on_page(number).query_string());
    let previous = (query.page > 1).then(|| to(query.page - 1));
    let next = (query.page < page.pages).then(|| to(query.page + 1));
    let sizes = PAGE_SIZES
        .into_iter()
        .map(|size| {
            let wanted = ListQuery { page_size: size, page: 1, ..query.clone() };
            let current = (size == query.page_size).then_some("true");
            view! { <A href=format!("{base}{}", wanted.query_string()) scroll=false attr:aria-current=current>{size.to_string()}</A> }
        })
        .collect_view();
    (page.matching > PAGE_SIZES[0]).then(|| view! {
        <nav class="pager" aria-label="Pages of the list">
            <span>{format!("{first} to {last} of {}", thousands(page.matching as u64))}</span>
            <span class="pager-sizes">"Rows " {sizes}</span>
            <span class="pager-steps">
                {match previous {
                    Some(href) => view! { <A href=href attr:class="btn" attr:rel="prev">"Previous"</A> }.into_any(),
                    None => view! { <span class="btn" aria-disabled="true">"Previous"</span> }.into_any(),
                }}
                {match next {
                    Some(href) => view! { <A href=href attr:class="btn" attr:rel="next">"Next"</A> }.into_any(),
                    None => view! { <span class="btn" aria-disabled="true">"Next"</span> }.into_any(),
                }}
            </span>
        </nav>
    })
}

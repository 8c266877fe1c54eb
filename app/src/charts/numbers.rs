//! A chart in words and numbers.

use charts::Summary;
use leptos::prelude::*;

/// What is said below the chart.
#[component]
pub(super) fn Numbers(summary: Summary) -> impl IntoView {
    let Summary {
        sentences,
        columns,
        rows,
    } = summary;
    let rows = rows
        .into_iter()
        .map(|cells| {
            let mut cells = cells.into_iter();
            let first = cells.next();
            view! {
                <tr>
                    <th scope="row">{first}</th>
                    {cells.map(|cell| view! { <td class="num">{cell}</td> }).collect_view()}
                </tr>
            }
        })
        .collect_view();
    let heads = columns
        .into_iter()
        .enumerate()
        .map(|(index, column)| {
            let class = if index == 0 { "" } else { "num" };
            view! { <th scope="col" class=class>{column}</th> }
        })
        .collect_view();
    view! {
        <ul>{sentences.into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}</ul>
        <div class="scroll" tabindex="0" role="region" aria-label="Numbers of the chart">
                <table>
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
    }
}

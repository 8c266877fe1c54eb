//! What compression made of tables.

use charts::{Figure, Pair, PairChart};
use domain::reading::Seen;

/// Bytes before and after for each table that has compressed chunks, the largest before first.
pub(crate) fn draw_compression(seen: Seen<'_>) -> Option<Figure> {
    let mut pairs: Vec<Pair> = seen
        .snapshot
        .hypertables
        .iter()
        .filter_map(|table| {
            table.compression.map(|totals| Pair {
                label: table.display_name(),
                before_bytes: totals.before_bytes,
                after_bytes: totals.after_bytes,
            })
        })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.before_bytes));
    (!pairs.is_empty()).then(|| {
        PairChart {
            title: "Before and after compression".to_owned(),
            pairs,
        }
        .draw()
    })
}

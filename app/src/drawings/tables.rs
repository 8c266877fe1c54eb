//! What tables cost.

use charts::{Bar, BarChart, Figure};
use domain::hypertable::Hypertable;
use domain::reading::Seen;

/// Bars that are told apart at a glance; the list has every table.
const MOST_TABLES: usize = 12;

/// Heap, indexes and TOAST of the largest tables, the largest first; `None` without any.
pub(crate) fn draw_tables(seen: Seen<'_>) -> Option<Figure> {
    let mut tables: Vec<&Hypertable> = seen.snapshot.hypertables.iter().collect();
    if tables.is_empty() {
        return None;
    }
    tables.sort_by(|a, b| {
        let by_size = b.size.total_bytes().cmp(&a.size.total_bytes());
        by_size.then_with(|| a.display_name().cmp(&b.display_name()))
    });
    tables.truncate(MOST_TABLES);
    let figure = BarChart {
        title: "Size by table".to_owned(),
        parts: ["heap", "indexes", "TOAST"].map(str::to_owned).into(),
        bars: tables
            .into_iter()
            .map(|table| Bar {
                label: table.display_name(),
                parts: vec![
                    table.size.heap_bytes,
                    table.size.index_bytes,
                    table.size.toast_bytes,
                ],
            })
            .collect(),
    };
    Some(figure.draw())
}

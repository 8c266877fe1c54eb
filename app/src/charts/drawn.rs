//! A chart as the browser gets it.

use charts::{Drawing, Markup, Readout};
use serde::{Deserialize, Serialize};

/// What the server drew, and what the readout needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawnChart {
    /// Its title.
    pub title: String,
    /// The chart in words.
    pub label: String,
    /// Its drawings, narrowest first.
    pub drawings: Vec<Drawing>,
    /// What its colours and shapes mean.
    pub legend: Markup,
    /// What is shown at a place of the time axis; without points where the values stand in the drawing.
    pub readout: Readout,
    /// The same in words and numbers.
    pub numbers: Markup,
}

#[cfg(feature = "ssr")]
impl DrawnChart {
    /// About how much memory it takes: the readout says in numbers what the drawings show.
    pub(crate) fn bytes(&self) -> usize {
        let drawings: usize = self.drawings.iter().map(|drawing| drawing.svg.len()).sum();
        2 * drawings + self.numbers.len()
    }

    /// The same of one that may not be there.
    #[expect(clippy::ref_option, reason = "whatever is kept is measured by reference")]
    pub(crate) fn bytes_of(chart: &Option<Self>) -> usize {
        chart.as_ref().map_or(0, Self::bytes)
    }
}

#[cfg(feature = "ssr")]
impl From<charts::Figure> for DrawnChart {
    fn from(figure: charts::Figure) -> Self {
        use leptos::prelude::*;

        use super::legend::ChartLegend;
        use super::numbers::Numbers;
        use crate::components::markup;

        let charts::Figure {
            title,
            drawings,
            legend,
            readout,
            summary,
        } = figure;
        Self {
            label: format!("{title}. {}", summary.sentences.join(" ")),
            title,
            drawings,
            legend: markup(view! { <ChartLegend keys=legend /> }),
            readout,
            numbers: markup(view! { <Numbers summary /> }),
        }
    }
}

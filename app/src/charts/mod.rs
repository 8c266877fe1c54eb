//! Charts on a page: drawings that the server made, and the readout that the browser brings to life.

mod chart;
mod drawn;
mod held;
#[cfg(feature = "ssr")]
mod legend;
#[cfg(feature = "ssr")]
mod numbers;
mod overlay;
mod ranges;

pub use chart::Chart;
pub use drawn::DrawnChart;
pub use ranges::RangeLinks;

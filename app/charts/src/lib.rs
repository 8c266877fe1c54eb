//! Charts: typed descriptions in; SVG, readout and text alternative out.
//!
//! Descriptions are drawn by plotters through a backend of our own ([`canvas`]), which writes compact SVG and classes
//! instead of colours, so that the theme colours it. The same bytes come out on the server and in wasm: all text is
//! placed by a table of widths instead of a font, coordinates are tenths of a pixel in integers, and nothing but
//! `+ - * /` and `floor` touches a float (no powers, logarithms or trigonometry, whose last digit may differ).
//!
//! Without the feature `draw` only the results can be read: that is what the browser needs for the readout.

mod figure;
mod markup;
mod unit;

#[cfg(feature = "draw")]
mod bars;
#[cfg(feature = "draw")]
mod canvas;
#[cfg(feature = "draw")]
mod chunk_map;
#[cfg(feature = "draw")]
mod columns;
#[cfg(feature = "draw")]
mod frame;
#[cfg(feature = "draw")]
mod ink;
#[cfg(feature = "draw")]
mod label;
#[cfg(feature = "draw")]
mod lanes;
#[cfg(feature = "draw")]
mod pen;
#[cfg(feature = "draw")]
mod runs;
#[cfg(feature = "draw")]
mod ticks;
#[cfg(feature = "draw")]
mod time_chart;

pub use figure::{Drawing, Figure, Key, Mark, Plot, Readout, ReadoutLine, Summary, WIDTHS};
pub use markup::Markup;
pub use unit::Unit;

#[cfg(feature = "draw")]
pub use bars::{Bar, BarChart, Pair, PairChart};
#[cfg(feature = "draw")]
pub use chunk_map::draw_chunk_map;
#[cfg(feature = "draw")]
pub use columns::{Column, ColumnChart};
#[cfg(feature = "draw")]
pub use lanes::{Lane, LaneChart};
#[cfg(feature = "draw")]
pub use runs::{Outcome, Run, RunChart};
#[cfg(feature = "draw")]
pub use time_chart::{Point, Series, TimeChart};

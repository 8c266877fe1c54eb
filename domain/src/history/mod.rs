//! What was measured over time: the measures, their samples, how those are thinned with age, and the series that charts
//! draw.
//!
//! A moment is a bucket: the second at which a minute, hour or day begins, in UTC.

mod measure;
mod range;
mod series;
mod thinning;

pub use measure::{Measure, Measurement, Nature, Subject, Unit};
pub use range::{Range, UnknownRange};
pub use series::{Gap, Resolution, Series};
pub use thinning::{HELD_FOR_S, Point, Sample, UNCHANGED_FOR_S, bucket, held, merge, thin};

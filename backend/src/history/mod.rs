//! History: what is recorded of each reading, and how much of it is kept.

mod keeping;
mod limits;
mod measuring;
mod recorder;

pub use keeping::keep_history;
pub use limits::Limits;
pub(crate) use limits::{IN_USE_FOR_S, SETTLED_AFTER_S};
pub use measuring::measurements;
pub use recorder::{Recorded, Recorder, record_observations};

//! What programs read.

pub(crate) mod v1;

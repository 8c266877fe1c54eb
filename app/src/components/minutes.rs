//! What is loaded less often than the rest of a page: charts of history, which has one sample a minute.

use std::time::Duration;

use leptos::prelude::*;

use crate::browser::{every, is_visible};

/// Counts up once a minute while the page is visible.
pub(crate) fn minutes() -> ReadSignal<u32> {
    let (count, set_count) = signal(0);
    every(Duration::from_mins(1), move || {
        if is_visible() {
            set_count.update(|count| *count += 1);
        }
    });
    count
}

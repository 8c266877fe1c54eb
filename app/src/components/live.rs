//! The age of what is on the page, and reading it again.

use std::time::Duration;

use domain::overview::Freshness;
use domain::quantity::{age, moment};
use leptos::prelude::*;

use crate::browser::{every, monotonic_ms};

/// Counts up when the pages should load their data again: when something was read, or somebody asks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresher(RwSignal<u32>);

impl Refresher {
    /// At zero. What counts it up is in `newer.rs`.
    pub(super) fn new() -> Self {
        Self(RwSignal::new(0))
    }

    /// The count; resources depend on it.
    pub(crate) fn version(self) -> u32 {
        self.0.get()
    }

    /// Loads now, unless the page is gone.
    pub(crate) fn now(self) {
        self.0.try_update(|version| *version += 1);
    }
}

/// An age that goes on counting. Drawn by the server with the age it sent, so that hydration finds the same text.
#[component]
pub(crate) fn LiveAge(freshness: Freshness) -> impl IntoView {
    let started_ms = monotonic_ms();
    let text = RwSignal::new(age(freshness.age_ms));
    every(Duration::from_secs(1), move || {
        let elapsed = monotonic_ms() - started_ms;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of milliseconds"
        )]
        text.set(age(freshness.age_ms + elapsed.max(0.0) as u64));
    });
    view! { <time datetime=freshness.collected_at.to_string() title=moment(freshness.collected_at)>{text} " ago"</time> }
}

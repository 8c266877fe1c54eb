//! The age of what is on the page, and reading it again.

use std::time::Duration;

use domain::overview::Freshness;
use domain::quantity::{age, moment};
use leptos::prelude::*;

use crate::browser::{every, is_visible, monotonic_ms};

/// How often a visible page asks for what is new.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// Counts up when the pages should load their data again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresher(RwSignal<u32>);

impl Refresher {
    /// Counts up every few seconds while the page is visible.
    pub(crate) fn start() -> Self {
        let version = RwSignal::new(0);
        every(REFRESH_EVERY, move || {
            if is_visible() {
                version.update(|version| *version += 1);
            }
        });
        Self(version)
    }

    /// The count; resources depend on it.
    pub(crate) fn version(self) -> u32 {
        self.0.get()
    }

    /// Loads now.
    pub(crate) fn now(self) {
        self.0.update(|version| *version += 1);
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

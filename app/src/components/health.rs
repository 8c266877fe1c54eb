//! Health by glyph, word and tint, in that order.

use domain::observation::Health;
use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// A pill that says whether the figures can be relied on.
#[component]
pub(crate) fn HealthPill(health: Health) -> impl IntoView {
    let (class, symbol, word, title) = match health {
        Health::Healthy => ("pill ok", Symbol::Check, "Healthy", "The last reading succeeded."),
        Health::Starting => (
            "pill plain",
            Symbol::Clock,
            "Connecting",
            "The first reading is under way.",
        ),
        Health::Stale => (
            "pill warn",
            Symbol::Exclamation,
            "Stale",
            "Readings fail; the last figures are shown.",
        ),
        Health::Unavailable => (
            "pill bad",
            Symbol::Cross,
            "Unavailable",
            "Readings fail and none has succeeded yet.",
        ),
    };
    view! {
        <span class=class title=title>
            <Icon symbol />
            {word}
        </span>
    }
}

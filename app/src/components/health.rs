//! Health by glyph, word and tint, in that order.

use domain::judgement::Light;
use domain::observation::Health;
use domain::quantity::counted;
use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// A pill that says whether the figures can be relied on and, to those who may see details, whether anything needs
/// attention.
#[component]
pub(crate) fn HealthPill(
    /// Whether the figures can be relied on.
    health: Health,
    /// How much needs attention, and how grave the worst of it is.
    attention: Option<(u64, Light)>,
) -> impl IntoView {
    let (class, symbol, word, title) = match health {
        Health::Healthy => {
            if let Some((count, worst)) = attention {
                let (class, symbol) = if worst == Light::Failing {
                    ("pill bad", Symbol::Cross)
                } else {
                    ("pill warn", Symbol::Exclamation)
                };
                let verb = if count == 1 { "needs" } else { "need" };
                let word = format!("{} {verb} attention", counted(count, "thing", "things"));
                return view! { <span class=class title="Readings succeed."><Icon symbol /> {word}</span> }
                    .into_any();
            }
            ("pill ok", Symbol::Check, "Healthy", "The last reading succeeded.")
        }
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
    .into_any()
}

//! The truth about a table or a policy: by glyph, word and tint, in that order.

use domain::judgement::Light;
use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// The class and the glyph of a light.
pub(crate) fn look(light: Light) -> (&'static str, Symbol) {
    match light {
        Light::OnTime => ("ok", Symbol::Check),
        Light::Paused | Light::Late => ("warn", Symbol::Exclamation),
        Light::Failing => ("bad", Symbol::Cross),
        Light::Unknown => ("plain", Symbol::Question),
        Light::NotOffered | Light::NoPolicy => ("plain", Symbol::Minus),
    }
}

/// A pill that says whether policies do their work; why, on hover and for screen readers.
#[component]
pub(crate) fn LightPill(
    /// The light.
    light: Light,
    /// Why, in a sentence.
    #[prop(into)]
    reason: String,
) -> impl IntoView {
    let (class, symbol) = look(light);
    view! {
        <span class=format!("pill {class}") title=reason.clone()>
            <Icon symbol />
            {light.as_str()}
            <span class="visually-hidden">{format!(". {reason}")}</span>
        </span>
    }
    .into_any()
}

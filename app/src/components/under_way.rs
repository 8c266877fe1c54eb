//! Something that is under way: its page is loaded again every second until it is over, with and without JavaScript.

use std::time::Duration;

use charts::Markup;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::fragment::Fragment;
use super::notice::LoadFailed;
use crate::browser::{every, is_visible};
use crate::error::AppError;
use crate::loading::{Loaded, load_again};

/// How far something is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawnProgress {
    /// What is shown of it.
    pub markup: Markup,
    /// Whether it is over.
    pub is_over: bool,
}

/// Draws how far something is. A browser without JavaScript loads the page again.
#[cfg(feature = "ssr")]
pub(crate) fn progress(markup: Markup, is_over: bool) -> DrawnProgress {
    let markup = if is_over {
        markup
    } else {
        format!(r#"{markup}<noscript><meta http-equiv="refresh" content="1" /></noscript>"#).into()
    };
    DrawnProgress { markup, is_over }
}

/// Shows what `fetch` gives for what `source` gives: anew with each reading, and every second while it is under way.
pub(crate) fn show_progress<S, V, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    again: impl Fn() -> V + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> AnyView
where
    S: PartialEq + Clone + Send + Sync + 'static,
    V: PartialEq + Clone + Send + Sync + 'static,
    F: Future<Output = Result<DrawnProgress, AppError>> + Send + 'static,
{
    let seconds = RwSignal::new(0_u32);
    let is_over = StoredValue::new(true);
    every(Duration::from_secs(1), move || {
        if !is_over.get_value() && is_visible() {
            seconds.update(|seconds| *seconds += 1);
        }
    });
    let drawn: Loaded<Result<DrawnProgress, AppError>> =
        load_again(source, move || (again(), seconds.get()), fetch);
    view! {
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone head-bone"></span></div> }>
            {move || Suspend::new(async move {
                match drawn.await {
                    Ok(drawn) => {
                        is_over.set_value(drawn.is_over);
                        view! { <Fragment markup=drawn.markup /> }.into_any()
                    }
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

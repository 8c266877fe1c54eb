//! Line icons, 16 by 16, in the colour of the text around them. Decoration: a word always stands beside them.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    Overview,
    Hypertables,
    Menu,
    Chevron,
    Check,
    Exclamation,
    Cross,
    Clock,
    Refresh,
    Search,
    Users,
    Key,
    Scroll,
    Minus,
    Question,
    Chunks,
    Compression,
    Jobs,
    Aggregates,
    Activity,
    Policies,
    Actions,
}

impl Symbol {
    fn path(self) -> &'static str {
        match self {
            Self::Overview => {
                "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z"
            }
            Self::Hypertables => "M2.5 3h11v10h-11zM2.5 6.3h11M6.2 6.3v6.7",
            Self::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
            Self::Chevron => "M4.5 6.5l3.5 3.5 3.5-3.5",
            Self::Check => "M3.2 8.6l3.2 3.2 6.4-7.6",
            Self::Exclamation => "M8 3v6M8 12.6v.2",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Clock => "M8 2.2a5.8 5.8 0 1 1 0 11.6a5.8 5.8 0 0 1 0-11.6M8 4.8v3.4l2.2 1.4",
            Self::Refresh => "M13.2 8a5.2 5.2 0 1 1-1.6-3.7M13.4 2.2v2.6h-2.6",
            Self::Users => {
                "M6 2.6a2.4 2.4 0 1 1 0 4.8a2.4 2.4 0 0 1 0-4.8M1.8 13.4c0-2.6 1.8-4 4.2-4s4.2 1.4 4.2 4M10.6 3a2.2 2.2 0 0 1 0 4.2M11.6 9.6c1.7.4 2.7 1.7 2.7 3.8"
            }
            Self::Key => {
                "M10.4 2.6a3 3 0 1 1 0 6a3 3 0 0 1 0-6M8.2 7.8L2.6 13.4M4.4 11.6l1.8 1.8M6.2 9.8l1.4 1.4"
            }
            Self::Scroll => "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2.5",
            Self::Minus => "M4 8h8",
            Self::Question => "M5.6 6a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.7M8 12.4v.2",
            Self::Chunks => "M2.5 8.5h3v5h-3zM6.5 5.5h3v8h-3zM10.5 2.5h3v11h-3z",
            Self::Compression => {
                "M3 2.5h10M3 13.5h10M8 4.2v3M6.4 5.8L8 7.4l1.6-1.6M8 11.8v-3M6.4 10.2L8 8.6l1.6 1.6"
            }
            Self::Jobs => "M8 2.2a5.8 5.8 0 1 1 0 11.6a5.8 5.8 0 0 1 0-11.6M8 4.8v3.4h2.6",
            Self::Aggregates => "M2.2 11.5l3.6-4.2 3 2.6 5-6",
            Self::Activity => "M3.5 7.2h9v6.3h-9zM5.4 7.2V5a2.6 2.6 0 0 1 5.2 0v2.2",
            Self::Actions => "M4.5 3.2v9.6l8-4.8z",
            Self::Policies => "M2.5 4.5h5M11 4.5h2.5M9.2 2.8v3.4M2.5 11.5h2M8 11.5h5.5M6.2 9.8v3.4",
            Self::Search => "M7 2.4a4.6 4.6 0 1 1 0 9.2a4.6 4.6 0 0 1 0-9.2M10.4 10.4l3.2 3.2",
        }
    }
}

/// Draws an icon.
#[component]
pub(crate) fn Icon(symbol: Symbol) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path
                d=symbol.path()
                fill="none"
                stroke="currentColor"
                stroke-width="1.5"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
        </svg>
    }
}

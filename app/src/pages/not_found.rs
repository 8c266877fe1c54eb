//! An address where nothing is.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::LoadFailed;
use crate::error::AppError;

/// Says so, with the status 404.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Not found · Tidemark" />
        <LoadFailed error=AppError::NotFound />
    }
}

//! An address where nothing is.

use leptos::prelude::*;

use crate::components::{LoadFailed, PageTitle};
use crate::error::AppError;

/// Says so, with the status 404.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <PageTitle text="Not found · Tidemark" />
        <LoadFailed error=AppError::NotFound />
    }
}

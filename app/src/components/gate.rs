//! Pages before the login.

use leptos::prelude::*;

use super::frame::Logo;

/// The card that stands alone on the pages before the login.
#[component]
pub(crate) fn Gate(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <main class="gate">
            <section class="card gate-card">
                <p class="brand"><Logo /> "Tidemark"</p>
                <h1>{title}</h1>
                {children()}
            </section>
        </main>
    }
}

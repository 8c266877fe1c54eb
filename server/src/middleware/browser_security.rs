//! Headers that tell the browser what this site may do.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use url::Url;

/// Pages send a policy of their own, with a nonce; everything else needs nothing at all.
const NOTHING_ALLOWED: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What a script that runs beside the pages may do: a worker has the policy it was sent with, not that of the page.
const CONNECT_ONLY: &str = "default-src 'none'; connect-src 'self'";

/// For scripts that run beside the pages.
pub(crate) async fn allow_connecting(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONNECT_ONLY),
    );
    response
}

/// Adds the headers. What already has one keeps it.
pub(crate) async fn browser_security(
    State(public_url): State<Option<Url>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // no-referrer would make the Origin of our own forms "null".
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    // Everything that is not meant to be kept (see cache_forever) is for this person and this moment only.
    set(header::CACHE_CONTROL, "no-store");
    if public_url.is_some_and(|url| url.scheme() == "https") {
        set(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
    response
}

//! What every request passes through. One file a concern.

pub(crate) mod api_errors;
pub(crate) mod authenticate;
pub(crate) mod browser_security;
pub(crate) mod cache_forever;
pub(crate) mod client;
pub(crate) mod limit_requests;
pub(crate) mod log_request;
pub(crate) mod origin;
pub(crate) mod panic;
pub(crate) mod receive_body;
pub(crate) mod reference;

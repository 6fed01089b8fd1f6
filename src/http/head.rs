//! What every answer's head says to browsers: the answers of this service are data, and its one page is no frame of another.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

/// Nothing of an answer is shown or run as a page. The page of the document has a policy of its own.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Adds to the head of each answer what is not there.
pub fn hardened<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let fields = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, NO_PAGE),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    fields.into_iter().fold(router, |router, (name, value)| router.layer(unless_set(name, value)))
}

/// The same for answers that hold data of calls: no cache may keep them.
pub fn unstored<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(unless_set(header::CACHE_CONTROL, "no-store"))
}

fn unless_set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

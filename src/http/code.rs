//! The codes of problems: what each means, and the HTTP status it goes with.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// What is wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// 400: the body is not JSON, or a parameter or header of the request cannot be read.
    Malformed,
    /// 401: no API key, or one that is not known.
    Unauthenticated,
    /// 403: the API key has not the scope that is asked for, or without a key a request that seems to be a foreign web page's.
    Forbidden,
    /// 404: no such call, or it ended so long ago that it is forgotten.
    CallNotFound,
    /// 404: no such resource.
    NotFound,
    /// 405: the resource has no such method; `Allow` names those it has.
    MethodNotAllowed,
    /// 408: the body did not come in time.
    RequestTimeout,
    /// 409: the call's state does not allow the command; `actions` are those it allows.
    InvalidState,
    /// 409: the call ended before the command could take effect; `end` says how.
    CallEnded,
    /// 409: we and the caller have no codec in common; the call was answered 488.
    NoCommonCodec,
    /// 409: the lease on the call is another owner's, or not the one that `Claim-Fence` names; `claim` is that, if there is one.
    Claimed,
    /// 409: a command with the same `Idempotency-Key` is under way, or was when the agent was restarted.
    RequestInFlight,
    /// 409: the resource is such that it cannot be done; `detail` says how.
    Conflict,
    /// 412: the call is at another version than `If-Match` names.
    VersionMismatch,
    /// 413: the body is over 256 KiB.
    TooLarge,
    /// 415: the body's content type is not JSON.
    UnsupportedMediaType,
    /// 422: a field is not known, of the wrong type or out of its range.
    InvalidField,
    /// 422: the session description does not parse or does not fit the offer.
    InvalidSdp,
    /// 422: a header's name or value is not allowed.
    InvalidHeader,
    /// 422: another command was sent with this `Idempotency-Key`.
    IdempotencyKeyReused,
    /// 429: more requests than the key may make, or with a wrong key from this address; try again after `Retry-After`.
    RateLimited,
    /// 431: the head of the request is over 32 KiB.
    HeadTooLarge,
    /// 500: a fault of this service.
    Internal,
    /// 503: more commands are waiting than the agent takes; try again after `Retry-After`.
    Overloaded,
    /// 503: the agent is shutting down.
    Draining,
    /// 502: the peer refused; `sip_status` is its answer.
    SipRejected,
    /// 504: the 200 was sent, but no ACK came in time; the call is still `accepted`.
    AckTimeout,
    /// 504: the peer did not answer a request in time, or what the command sends could not be handed to it: its connection
    /// is lost, and no new one could be made.
    SipTimeout,
}

impl Code {
    /// Every code there is.
    pub const ALL: [Self; 28] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::CallNotFound,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::InvalidState,
        Self::CallEnded,
        Self::NoCommonCodec,
        Self::Claimed,
        Self::RequestInFlight,
        Self::Conflict,
        Self::VersionMismatch,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidField,
        Self::InvalidSdp,
        Self::InvalidHeader,
        Self::IdempotencyKeyReused,
        Self::RateLimited,
        Self::HeadTooLarge,
        Self::Internal,
        Self::Overloaded,
        Self::Draining,
        Self::SipRejected,
        Self::AckTimeout,
        Self::SipTimeout,
    ];

    /// The word, the HTTP status and the title.
    pub fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "An API key is needed"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "This is not allowed"),
            Self::CallNotFound => ("call-not-found", StatusCode::NOT_FOUND, "There is no such call"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is no such resource"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "The resource has no such method")
            }
            Self::RequestTimeout => {
                ("request-timeout", StatusCode::REQUEST_TIMEOUT, "The body did not come in time")
            }
            Self::InvalidState => {
                ("invalid-state", StatusCode::CONFLICT, "The call's state does not allow this")
            }
            Self::CallEnded => ("call-ended", StatusCode::CONFLICT, "The call has ended"),
            Self::NoCommonCodec => ("no-common-codec", StatusCode::CONFLICT, "No codec in common"),
            Self::VersionMismatch => {
                ("version-mismatch", StatusCode::PRECONDITION_FAILED, "The call is at another version")
            }
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be JSON")
            }
            Self::InvalidField => ("invalid-field", StatusCode::UNPROCESSABLE_ENTITY, "A field is not valid"),
            Self::InvalidSdp => {
                ("invalid-sdp", StatusCode::UNPROCESSABLE_ENTITY, "The session description is not valid")
            }
            Self::InvalidHeader => {
                ("invalid-header", StatusCode::UNPROCESSABLE_ENTITY, "A header is not valid")
            }
            Self::Claimed => ("claimed", StatusCode::CONFLICT, "The lease on the call does not allow this"),
            Self::RequestInFlight => {
                ("request-in-flight", StatusCode::CONFLICT, "The same command is under way")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "The resource does not allow this"),
            Self::IdempotencyKeyReused => (
                "idempotency-key-reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Another command has this Idempotency-Key",
            ),
            Self::RateLimited => ("rate-limited", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::HeadTooLarge => (
                "head-too-large",
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The head of the request is too large",
            ),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "A fault of this service"),
            Self::Overloaded => ("overloaded", StatusCode::SERVICE_UNAVAILABLE, "The agent is overloaded"),
            Self::Draining => ("draining", StatusCode::SERVICE_UNAVAILABLE, "The agent is shutting down"),
            Self::SipRejected => ("sip-rejected", StatusCode::BAD_GATEWAY, "The peer refused"),
            Self::AckTimeout => ("ack-timeout", StatusCode::GATEWAY_TIMEOUT, "No ACK came in time"),
            Self::SipTimeout => (
                "sip-timeout",
                StatusCode::GATEWAY_TIMEOUT,
                "The peer did not answer in time or could not be reached",
            ),
        }
    }

    /// What goes into the head of the response with it.
    pub(super) fn header(self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match self {
            Self::Unauthenticated => (header::WWW_AUTHENTICATE, "Bearer"),
            Self::Overloaded | Self::RateLimited => (header::RETRY_AFTER, "1"),
            Self::Draining => (header::RETRY_AFTER, "10"),
            _ => return None,
        };
        Some((name, HeaderValue::from_static(value)))
    }
}

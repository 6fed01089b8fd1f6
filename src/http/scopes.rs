//! Which scope each operation asks for. What stands here is what is enforced, and what the document says.

use axum::http::Method;

use crate::access::Scope;

/// The operations that ask for a key, by their scope. One that is missing here asks for `admin`; a test finds it.
const ASKED: [(Scope, &[&str]); 5] = [
    (
        Scope::CallsRead,
        &[
            "GET /v1/calls",
            "GET /v1/calls/{id}",
            "GET /v1/calls/{id}/timeline",
            "GET /v1/records",
            "GET /v1/accounts",
            "GET /v1/accounts/{id}",
            "GET /v1/diagnostics",
            "GET /metrics",
        ],
    ),
    (
        Scope::CallsControl,
        &[
            "PATCH /v1/calls/{id}",
            "DELETE /v1/calls/{id}",
            "POST /v1/calls/{id}/ring",
            "POST /v1/calls/{id}/accept",
            "POST /v1/calls/{id}/reject",
            "POST /v1/calls/{id}/cancel",
            "POST /v1/calls/{id}/hangup",
            "POST /v1/calls/{id}/info",
            "POST /v1/calls/{id}/message",
            "POST /v1/calls/{id}/dtmf",
            "POST /v1/calls/{id}/claim",
            "PUT /v1/calls/{id}/claim",
            "DELETE /v1/calls/{id}/claim",
        ],
    ),
    (Scope::CallsOriginate, &["POST /v1/calls"]),
    (Scope::EventsRead, &["GET /v1/events", "GET /v1/calls/{id}/events"]),
    (
        Scope::Admin,
        &[
            "POST /v1/accounts/{id}/register",
            "POST /v1/accounts/{id}/unregister",
            "GET /v1/webhooks",
            "POST /v1/webhooks",
            "GET /v1/webhooks/{id}",
            "DELETE /v1/webhooks/{id}",
            "GET /v1/webhooks/{id}/dead-letters",
            "POST /v1/webhooks/{id}/redeliver",
        ],
    ),
];

/// The scope that an operation asks for, if it stands here.
pub fn listed(method: &Method, path: &str) -> Option<Scope> {
    // A HEAD is answered by what answers the GET.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let is_this = |operation: &&'static str| operation.split_once(' ') == Some((method.as_str(), path));
    ASKED.into_iter().find(|(_, operations)| operations.iter().any(is_this)).map(|(scope, _)| scope)
}

/// The scope that a request for this route must have.
pub fn asked(method: &Method, path: &str) -> Scope {
    listed(method, path).unwrap_or(Scope::Admin)
}

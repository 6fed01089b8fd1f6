//! Problems (RFC 9457): every error of this API.

use std::any::Any;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Code;
use crate::agent::event::{ActionName, CallState, Claim, End};
use crate::agent::{Call, CallId};

/// What a problem is.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error, as `application/problem+json`. Boxed, since every handler's result has room for one.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Fields>);

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Fields {
    /// A URI that names the kind of problem: `urn:call-agent:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(examples("urn:call-agent:problem:invalid-state"))]
    pub kind: String,
    /// What `code` means, for people.
    pub title: String,
    /// The HTTP status.
    #[schema(examples(409))]
    pub status: u16,
    /// What is wrong in this case, for people.
    pub detail: String,
    /// What is wrong, for programs.
    pub code: Code,
    /// The call that the problem is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// The state that the call is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<CallState>,
    /// The commands that this state allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<ActionName>>)]
    pub actions: Option<&'static [ActionName]>,
    /// How the call ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<End>)]
    pub end: Option<Arc<End>>,
    /// The lease that keeps the command out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The final SIP status that was sent or received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples(488))]
    pub sip_status: Option<u16>,
    #[serde(skip)]
    header: Option<(header::HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem about no call.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (word, status, title) = code.row();
        Self(Box::new(Fields {
            kind: format!("urn:call-agent:problem:{word}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            call_id: None,
            state: None,
            actions: None,
            end: None,
            claim: None,
            sip_status: None,
            header: code.header(),
        }))
    }

    /// There is no call of that name, which need not be an id at all.
    pub fn call_not_found(id: Option<CallId>) -> Self {
        let mut problem =
            Self::new(Code::CallNotFound, "no call has this id, or it ended and is no longer kept");
        problem.0.call_id = id;
        problem
    }

    /// There is no account of that name.
    pub fn account_not_found() -> Self {
        Self::new(Code::NotFound, "no account has this id; GET /v1/accounts lists those that there are")
    }

    /// There is no webhook of that name.
    pub fn webhook_not_found() -> Self {
        Self::new(Code::NotFound, "no webhook has this id; GET /v1/webhooks lists those that there are")
    }

    /// The same problem with what is known of the call.
    pub fn about(mut self, call: &Call) -> Self {
        self.0.call_id = Some(call.id);
        self.0.state = Some(call.state);
        self.0.actions = Some(call.actions.0);
        self.0.end.clone_from(&call.end);
        self
    }

    /// The same problem with the lease on the call.
    pub fn with_claim(mut self, claim: Option<Claim>) -> Self {
        self.0.claim = claim;
        self
    }

    /// The same problem with the SIP status that was sent or received.
    pub fn with_sip_status(mut self, status: u16) -> Self {
        self.0.sip_status = Some(status);
        self
    }

    /// The same problem with a field in the head of the response.
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let (_, status, _) = self.0.code.row();
        let header = self.0.header.take();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if let Some((name, value)) = header {
            headers.insert(name, value);
        }
        response
    }
}

/// No route leads there.
pub async fn not_found(uri: Uri) -> Problem {
    no_resource(uri.path())
}

/// There is nothing at the path.
pub fn no_resource(path: &str) -> Problem {
    Problem::new(Code::NotFound, format!("{path} is not a resource of this API; /docs shows those that are"))
}

/// The route has other methods; axum adds `Allow`. OPTIONS asks for nothing else.
pub async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    wrong_method(&method).into_response()
}

/// The resource has other methods.
pub fn wrong_method(method: &Method) -> Problem {
    let detail = format!("{method} is not a method of this resource; the header Allow names those that are");
    Problem::new(Code::MethodNotAllowed, detail)
}

/// A handler panicked: a fault of ours, told without its details.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = text, "a handler panicked");
    internal().into_response()
}

/// A fault of ours.
pub fn internal() -> Problem {
    Problem::new(Code::Internal, "the request could not be handled; the log says why")
}

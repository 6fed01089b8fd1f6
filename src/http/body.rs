//! The JSON body of a command. No body means the command's defaults.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::{Code, Problem};

/// A larger body is refused with 413.
pub const MAX_BODY: usize = 256 * 1024;
/// So much more is read and dropped: a client that is still writing would not read the refusal.
const MAX_SURPLUS: usize = 4 * 1024 * 1024;
/// A body that takes longer to come is refused with 408.
const PATIENCE: Duration = Duration::from_secs(30);
/// A merge patch may say what it is (RFC 7396).
const TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// A command's body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let bytes = timeout(PATIENCE, read(body))
            .await
            .map_err(|_| Problem::new(Code::RequestTimeout, "the body took more than 30 s"))??;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        require_json(&head.headers)?;
        parse(&bytes).map(Self)
    }
}

async fn read(mut body: axum::body::Body) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut surplus) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::Malformed, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if surplus > 0 || bytes.len() + data.len() > MAX_BODY {
            surplus += data.len();
        } else {
            bytes.extend_from_slice(&data);
        }
        if surplus > MAX_SURPLUS {
            break;
        }
    }
    if surplus == 0 {
        return Ok(bytes);
    }
    Err(Problem::new(Code::TooLarge, format!("the body is larger than {MAX_BODY} bytes")))
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if TYPES.iter().any(|accepted| essence.eq_ignore_ascii_case(accepted)) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, "send the body with `Content-Type: application/json`"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Code::Malformed, format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        return Err(Problem::new(Code::InvalidField, "the body must be a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let detail = if path == "." { error.into_inner().to_string() } else { error.to_string() };
        Problem::new(Code::InvalidField, plain(&detail))
    })
}

/// A fault in the words of those who write JSON, not of those who write Rust.
pub fn plain(fault: &str) -> String {
    let words = [
        ("unknown variant", "unknown value"),
        ("expected u16", "expected a number from 0 to 65535"),
        ("expected string or map", "expected a string"),
    ];
    words.iter().fold(fault.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

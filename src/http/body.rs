//! The JSON body of a command. No body means an empty object.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;

use super::{Code, Problem};

/// A larger body is refused with 413.
pub const MAX_BODY: usize = 256 * 1024;
/// So much more is read and dropped: a client that is still writing would not read the refusal.
pub const MAX_SURPLUS: usize = 4 * 1024 * 1024;
/// A body that takes longer to come is refused with 408.
const PATIENCE: Duration = Duration::from_secs(30);
/// A merge patch may say what it is (RFC 7396).
const TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// A command's body.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// The body of a command that takes none: a field is one too many.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let bytes = whole(body).await?;
        if bytes.is_empty() {
            return parse(b"{}").map(Self);
        }
        require_json(&head.headers)?;
        parse(&bytes).map(Self)
    }
}

/// The whole body of a request, within the bounds of size and time.
pub async fn whole(body: axum::body::Body) -> Result<Vec<u8>, Problem> {
    timeout(PATIENCE, read(body)).await.map_err(|_| too_slow())?
}

async fn read(mut body: axum::body::Body) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut surplus) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        // One that broke off, or that is over the bound of the layer above.
        let frame = frame.map_err(|_| if surplus > 0 { too_large() } else { broken_off() })?;
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
    Err(too_large())
}

fn broken_off() -> Problem {
    Problem::new(Code::Malformed, "the body broke off")
}

/// The body took too long to come.
pub fn too_slow() -> Problem {
    Problem::new(Code::RequestTimeout, format!("the body took more than {} s", PATIENCE.as_secs()))
}

/// The body is over the bound.
pub fn too_large() -> Problem {
    Problem::new(Code::TooLarge, format!("the body is larger than {MAX_BODY} bytes"))
}

/// The body is not said to be JSON.
pub fn not_json() -> Problem {
    Problem::new(Code::UnsupportedMediaType, "send the body with `Content-Type: application/json`")
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if TYPES.iter().any(|accepted| essence.eq_ignore_ascii_case(accepted)) {
        return Ok(());
    }
    Err(not_json())
}

/// Reads a command. Straight from the bytes, so that an object of headers keeps its order and its repetitions, and a field
/// that is given twice is refused.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed =
        |error: serde_json::Error| Problem::new(Code::Malformed, format!("the body is not JSON: {error}"));
    // What is wrong with the JSON goes before what is wrong with a field, wherever either stands.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(malformed)?;
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(Code::InvalidField, "the body must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let fault = error.into_inner();
        if !fault.is_data() {
            return malformed(fault);
        }
        let text = plain(&fault.to_string());
        let fault = text.rsplit_once(" at line ").map_or(text.as_str(), |(fault, _)| fault);
        let detail = if path == "." { fault.to_owned() } else { format!("{path}: {fault}") };
        Problem::new(Code::InvalidField, detail)
    })
}

/// A fault in the words of those who write JSON, not of those who write Rust.
pub fn plain(fault: &str) -> String {
    let words = [
        ("unknown variant", "unknown value"),
        ("expected u16", "expected a number from 0 to 65535"),
        ("expected u32", "expected a whole number"),
        ("expected string or map", "expected a string"),
        ("expected a map", "expected an object"),
        ("expected a sequence", "expected a list"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: sequence", "invalid type: list"),
    ];
    words.iter().fold(nameless(fault), |text, (theirs, ours)| text.replace(theirs, ours))
}

/// A type by what it is in JSON: its name means nothing to clients.
fn nameless(fault: &str) -> String {
    let Some((said, named)) = fault.split_once("expected struct ") else { return fault.to_owned() };
    let rest = named.find(|c: char| !c.is_alphanumeric()).and_then(|end| named.get(end..));
    format!("{said}expected an object{}", rest.unwrap_or_default())
}

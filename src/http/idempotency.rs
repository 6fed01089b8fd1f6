//! `Idempotency-Key`: the same command of the same client by the same key gets the first answer again, and is done once.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use super::{Code, Context, Problem, body, error};
use crate::access::Pass;
use crate::agent::CallId;
use crate::driver::wall_clock;
use crate::state::answers::{Answer, Known};

/// The header of the request.
const KEY: &str = "idempotency-key";
/// The header of an answer that is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, characters.
const LONGEST: usize = 255;
/// The headers that a command is another one by.
const CONDITIONS: [&str; 3] = ["claim-owner", "claim-fence", "if-match"];
/// The headers of an answer that are given again with it.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Lets a command with a key pass once. Reads, and commands without a key, pass as they are.
pub async fn once(State(context): State<Context>, request: Request, next: Next) -> Result<Response, Problem> {
    let is_command = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let Some(key) = key(request.headers()).filter(|_| is_command) else { return Ok(next.run(request).await) };
    let key = of_client(request.extensions().get(), key?);
    // A task of its own: a client that hangs up takes neither the command nor its answer with it, nor leaves its key under way.
    let (answers, known_by) = (context.answers.clone(), key.clone());
    let done = tokio::spawn(do_once(context, key, request, next));
    match done.await {
        Ok(answer) => answer,
        Err(_) => {
            answers.forget(&known_by).await;
            Err(error::internal())
        }
    }
}

async fn do_once(context: Context, key: String, request: Request, next: Next) -> Result<Response, Problem> {
    let (head, content) = request.into_parts();
    let content = body::whole(content).await?;
    let fingerprint = fingerprint(&head, &content);
    let call = of_path(head.uri.path());
    let known = context.answers.begin(&key, fingerprint, wall_clock()).await.map_err(|error| {
        Problem::new(
            Code::Overloaded,
            format!("the key cannot be put on record, and nothing was done: {error}"),
        )
    })?;
    match known {
        Known::New => {}
        Known::Done(answer) => return Ok(again(answer)),
        Known::UnderWay => return Err(in_flight()),
        Known::Unknown => return Err(unknown()),
        Known::Another => return Err(reused()),
    }
    let request = Request::from_parts(head, Body::from(content));
    let (response, answer) = read(next.run(request).await, call).await;
    match answer {
        Some(answer) => context.answers.end(&key, answer).await,
        None => context.answers.forget(&key).await,
    }
    Ok(response)
}

/// The key of a request, if it has one.
fn key(headers: &HeaderMap) -> Option<Result<String, Problem>> {
    let value = headers.get(KEY)?;
    let is_key = |text: &&str| {
        (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
    };
    let text = value.to_str().ok().filter(is_key).map(ToOwned::to_owned);
    let fault =
        || Problem::new(Code::Malformed, format!("Idempotency-Key: 1–{LONGEST} visible ASCII characters"));
    Some(text.ok_or_else(fault))
}

/// The key as it is kept: under a line that names the client, so that no other one finds it. While all is open there is none.
fn of_client(pass: Option<&Pass>, key: String) -> String {
    match pass.and_then(Pass::client) {
        Some(client) => format!("{client}\n{key}"),
        None => key,
    }
}

/// A command is the same if its method, its path and its body are, who it says that it is from, and what must hold for it.
fn fingerprint(head: &Parts, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    for part in [head.method.as_str().as_bytes(), head.uri.to_string().as_bytes(), body] {
        add(part);
    }
    for name in CONDITIONS {
        for value in head.headers.get_all(name) {
            add(name.as_bytes());
            add(value.as_bytes());
        }
    }
    digest.finalize().into()
}

/// The call of `/v1/calls/{id}…`.
pub fn of_path(path: &str) -> Option<CallId> {
    path.strip_prefix("/v1/calls/")?.split('/').next()?.parse().ok()
}

/// Whether an answer is one that was given before.
pub fn is_replayed(response: &Response) -> bool {
    response.headers().contains_key(REPLAYED)
}

/// The response, and what is kept of it; `None`: nothing was done, and it may be tried again.
async fn read(response: Response, call: Option<CallId>) -> (Response, Option<Answer>) {
    let (head, content) = response.into_parts();
    let content = content.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let status = head.status.as_u16();
    let header = |name: &HeaderName| {
        let value = head.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let made = head.headers.get(header::LOCATION).and_then(|place| of_path(place.to_str().ok()?));
    let is_kept = !matches!(status, 401 | 403 | 408 | 429 | 500 | 503);
    let answer = is_kept.then(|| Answer {
        status,
        headers: HEADERS.iter().filter_map(header).collect(),
        body: content.clone(),
        call: call.or(made),
    });
    (Response::from_parts(head, Body::from(content)), answer)
}

/// The first answer again.
fn again(answer: Answer) -> Response {
    let mut response = Body::from(answer.body).into_response();
    *response.status_mut() = answer.status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The first of the two is not answered yet.
pub fn in_flight() -> Problem {
    Problem::new(
        Code::RequestInFlight,
        "a command with this Idempotency-Key is under way; send it again later",
    )
}

fn unknown() -> Problem {
    let detail = "the agent was restarted while the command with this Idempotency-Key was under way: read the call to see what \
                  became of it";
    Problem::new(Code::RequestInFlight, detail)
}

/// The key is another command's.
pub fn reused() -> Problem {
    Problem::new(Code::IdempotencyKeyReused, "another command was sent with this Idempotency-Key")
}

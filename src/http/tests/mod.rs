//! The API without a socket and without an agent: requests go into the router, commands come out of the other end of the
//! commander.

mod accounts;
mod auth;
mod calls;
mod claims;
mod commands;
mod events;
mod examples_of_problems;
mod idempotency;
mod originate;
mod origins;
mod page;
mod problems;
mod records;
pub mod schema;
mod secure;
mod serving;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::document::examples;
use super::{Context, router};
use crate::access::{Access, Digest, Doors, Key, Limits, Scope, Scopes};
use crate::agent::event::{Call, Event, EventKind};
use crate::agent::{Action, CallCommand, CallId, Command, Done, Refusal, Timestamp};
use crate::driver::{Ask, Commander};
use crate::metrics::Metrics;
use crate::state::answers::Answers;
use crate::state::{Board, Settings};
use crate::timeline::Timelines;
use crate::tls::{self, Tls};
use crate::traces::Traces;
use crate::webhook::Webhooks;

const NOW: Timestamp = Timestamp(1_795_342_530_000_125);

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(super::document()).unwrap());

/// The router, and what stands behind it.
struct Api {
    router: Router,
    board: Board,
    asks: mpsc::Receiver<Ask>,
}

/// A whole answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the code of a problem, whose form is checked.
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let problem = self.json();
        let schema = serde_json::json!({"$ref": "#/components/schemas/Problem"});
        schema::check(&DOCUMENT, &schema, &problem).unwrap();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["type"], format!("urn:call-agent:problem:{code}"));
        assert!(
            !problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty()
        );
        (self.status.as_u16(), code)
    }

    fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

fn api() -> Api {
    api_with_key(None)
}

fn api_with_key(key: Option<&str>) -> Api {
    let board = Board::new(Settings { node: "n1".to_owned(), epochs: "7f3a".into(), ..Settings::default() });
    let (commander, asks) = Commander::channel(8);
    let keys = key.map(|key| a_key(key, &Scope::ALL)).into_iter().collect();
    let access = Access::new(Doors { keys, tokens: None }, None, Limits::default());
    let context = Context { access, ..context(&board, commander) };
    Api { router: router(context), board, asks }
}

/// A key that goes by its own name.
fn a_key(key: &str, scopes: &[Scope]) -> Key {
    Key { name: key.into(), digest: Digest::of(key), scopes: scopes.iter().copied().collect::<Scopes>() }
}

/// What handlers work with, all of it in memory and open.
fn context(board: &Board, commander: Commander) -> Context {
    let answers = Answers::new(board.clone(), None, Vec::new());
    let webhooks = Webhooks::new(
        board.clone(),
        None,
        Tls::read(tls::Settings::default()).unwrap(),
        std::time::Duration::from_secs(86_400),
    );
    Context {
        board: board.clone(),
        commander,
        journal: None,
        answers,
        webhooks,
        timelines: Timelines::default(),
        metrics: Metrics::default(),
        traces: Traces::default(),
        about: Arc::default(),
        access: Access::new(Doors::default(), None, Limits::default()),
        cors_origins: [].into(),
    }
}

impl Api {
    /// The answer's head; its body may go on.
    async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        whole(self.open(request).await).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path).body(Body::empty()).unwrap()).await
    }

    /// Sends a command to a call that the agent answers so; the answer and the command that the agent got.
    async fn command(
        &mut self,
        request: Request<Body>,
        reply: Result<Arc<Call>, Refusal>,
    ) -> (Answer, CallCommand) {
        let (answer, command) = self.ask(request, reply.map(Done::Call)).await;
        let Command::Call(command) = command else { panic!("not to a call") };
        (answer, command)
    }

    /// The same for any command.
    async fn ask(&mut self, request: Request<Body>, reply: Result<Done, Refusal>) -> (Answer, Command) {
        let sending = self.router.clone().oneshot(request);
        let replying = async {
            let ask = self.asks.recv().await.unwrap();
            ask.answer.send(reply).unwrap();
            ask.command
        };
        let (response, command) = tokio::join!(sending, replying);
        (whole(response.unwrap()).await, command)
    }

    /// Shows a call as the only one.
    fn show(&self, call: Call) -> Arc<Call> {
        let call = Arc::new(call);
        self.board.publish(vec![event(EventKind::Ringing, &call)]);
        call
    }
}

async fn whole(response: axum::response::Response) -> Answer {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

fn event(kind: EventKind, call: &Arc<Call>) -> Event {
    Event { kind, time: NOW, call: call.clone(), renegotiated: false, detail: None }
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "localhost")
}

fn post(call: &Call, command: &str, body: &str) -> Request<Body> {
    let path = format!("/v1/calls/{}/{command}", call.id);
    request("POST", &path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

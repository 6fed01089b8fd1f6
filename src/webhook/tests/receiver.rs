//! A receiver of a test's own, which believes nothing that is not signed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::timeout;

use crate::webhook::{Endpoint, Secret, Source, Types};

/// How long a test waits for a delivery.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it was sent.
pub struct Seen {
    pub headers: HeaderMap,
    pub event: Value,
}

impl Seen {
    /// The message's id, the event's name and the call.
    pub fn told(&self) -> (String, String, String) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let id = self.headers["webhook-id"].to_str().unwrap().to_owned();
        (id, text(&self.event["type"]), text(&self.event["subject"]))
    }
}

pub struct Receiver {
    address: SocketAddr,
    secret: Secret,
    seen: UnboundedReceiver<Seen>,
    answers: Answers,
}

type Answers = Arc<Mutex<VecDeque<Answer>>>;
/// A status and a header.
pub type Answer = (u16, Option<(&'static str, &'static str)>);

#[derive(Clone)]
struct Desk {
    secret: Secret,
    seen: UnboundedSender<Seen>,
    answers: Answers,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::answering(&[]).await
    }

    /// One that gives these answers first.
    pub async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (sender, seen) = mpsc::unbounded_channel();
        let answers: Answers = Arc::new(Mutex::new(statuses.iter().map(|status| (*status, None)).collect()));
        let (address, secret) = (listener.local_addr().unwrap(), Secret::random().unwrap());
        let desk = Desk { secret: secret.clone(), seen: sender, answers: answers.clone() };
        let router = Router::new().fallback(take).with_state(desk);
        tokio::spawn(async { axum_serve(listener, router).await });
        Self { address, secret, seen, answers }
    }

    /// The answers that it gives next.
    pub fn will_answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// The settings of a webhook that leads here.
    pub fn endpoint(&self, id: &str, types: &[&str]) -> Endpoint {
        endpoint(id, &format!("http://{}/hooks?token=sesame", self.address), &self.secret, types)
    }

    /// What it is sent next.
    pub async fn next(&mut self) -> Seen {
        timeout(PATIENCE, self.seen.recv()).await.expect("something is sent").unwrap()
    }

    /// The id, the name and the call of what it is sent next.
    pub async fn told(&mut self) -> (String, String, String) {
        self.next().await.told()
    }

    /// The id of what it is sent next.
    pub async fn id(&mut self) -> String {
        self.next().await.headers["webhook-id"].to_str().unwrap().to_owned()
    }

    /// The id of what it was sent and was not looked at.
    pub fn try_id(&mut self) -> Option<String> {
        let seen = self.seen.try_recv().ok()?;
        Some(seen.headers["webhook-id"].to_str().unwrap().to_owned())
    }

    /// Whether nothing was sent that was not looked at.
    pub fn is_quiet(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }
}

/// The settings of a webhook.
pub fn endpoint(id: &str, url: &str, secret: &Secret, types: &[&str]) -> Endpoint {
    let types = Types::try_from(types.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    Endpoint {
        id: id.to_owned(),
        url: url.parse().unwrap(),
        secret: secret.clone(),
        types,
        source: Source::Api,
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    let receiver = standardwebhooks::Webhook::new(&desk.secret.reveal()).unwrap();
    if receiver.verify(&body, &headers).is_err() {
        return (StatusCode::UNAUTHORIZED, HeaderMap::new());
    }
    let event = serde_json::from_slice(&body).unwrap();
    let (status, header) = desk.answers.lock().unwrap().pop_front().unwrap_or((204, None));
    desk.seen.send(Seen { headers, event }).unwrap();
    let header = header.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    (StatusCode::from_u16(status).unwrap(), header.into_iter().collect())
}

/// What axum's own server does, which is not among the features that we use.
async fn axum_serve(listener: TcpListener, router: Router) {
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    while let Ok((socket, _)) = listener.accept().await {
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
        );
    }
}

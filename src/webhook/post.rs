//! One try: a signed POST, and what the receiver says to it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::timeout;

use super::{Endpoint, Event};
use crate::agent::Timestamp;
use crate::tls::Tls;

/// For how long a receiver may take to answer, from the connecting to the end of the answer's head.
const PATIENCE: Duration = Duration::from_secs(10);
/// For how long a connection is kept that is not used.
const IDLE: Duration = Duration::from_secs(60);
/// So much of an answer's body is read, to use the connection again; it means nothing.
const MOST_BODY: usize = 16 * 1024;
/// For how long it is read; who takes longer is connected to anew.
const BODY_PATIENCE: Duration = Duration::from_secs(1);
/// So much of an answer's head is read.
const MOST_HEAD: usize = 64 * 1024;
/// The longest that a receiver can ask to be left alone.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Why an event was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What the receiver answered; `None`: nothing.
    pub status: Option<u16>,
    /// For people.
    pub detail: String,
    /// The receiver wants to be left alone for so long.
    pub retry_after: Duration,
}

impl Fault {
    fn silent(detail: String) -> Self {
        Self { status: None, detail, retry_after: Duration::ZERO }
    }

    /// Whether another event would fare no better.
    pub fn is_of_receiver(&self) -> bool {
        matches!(self.status, None | Some(410 | 429 | 502 | 503 | 504))
    }
}

/// What requests are sent by. Clones use the same connections.
#[derive(Clone, Debug)]
pub(super) struct Post {
    tls: Tls,
    config: Arc<ClientConfig>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Post {
    pub fn new(tls: Tls) -> Self {
        let config = tls.https();
        Self { client: client(&config), config, tls }
    }

    /// The same, trusting whom we trust now.
    pub fn renewed(&mut self) -> Self {
        let config = self.tls.https();
        if !Arc::ptr_eq(&config, &self.config) {
            (self.client, self.config) = (client(&config), config);
        }
        self.clone()
    }

    /// Sends an event; any 2xx is a yes. Redirections are not followed: they are a no.
    pub async fn send(&self, endpoint: &Endpoint, event: &Event, now: Timestamp) -> Result<(), Fault> {
        let silence = || Fault::silent(format!("no answer within {} s", PATIENCE.as_secs()));
        let request = request(endpoint, event, now).map_err(|error| Fault::silent(error.to_string()))?;
        let response = timeout(PATIENCE, self.client.request(request)).await.map_err(|_| silence())?;
        let response = response.map_err(|error| Fault::silent(cause(&error)))?;
        let verdict = verdict(&response, now);
        // What was said stands, however the rest of the answer comes.
        let _ = timeout(BODY_PATIENCE, Limited::new(response.into_body(), MOST_BODY).collect()).await;
        verdict
    }
}

fn client(config: &ClientConfig) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(config.clone()).https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_max_buf_size(MOST_HEAD)
        .build(connector)
}

fn request(
    endpoint: &Endpoint,
    event: &Event,
    now: Timestamp,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let timestamp = now.0.div_euclid(1_000_000);
    Request::post(endpoint.url.uri())
        .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
        .header(USER_AGENT, concat!("call-agent/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &event.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", endpoint.secret.signature(&event.id, timestamp, &event.body))
        .body(Full::new(event.body.clone()))
}

fn verdict<B>(response: &Response<B>, now: Timestamp) -> Result<(), Fault> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| rest(value.to_str().ok()?, now));
    let retry_after = match status.as_u16() {
        // It says that it will not come back; it is asked now and then whether that was meant.
        410 => LONGEST_REST,
        429 | 502 | 503 | 504 => asked.unwrap_or_default().min(LONGEST_REST),
        _ => Duration::ZERO,
    };
    let detail = format!("the receiver answered {}", status.as_u16());
    Err(Fault { status: Some(status.as_u16()), detail, retry_after })
}

/// `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
fn rest(text: &str, now: Timestamp) -> Option<Duration> {
    let now = UNIX_EPOCH + Duration::from_micros(now.0.try_into().ok()?);
    let date = || httpdate::parse_http_date(text).ok()?.duration_since(now).ok();
    text.parse().map(Duration::from_secs).ok().or_else(date)
}

/// What is behind an error: the last of its causes says most.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

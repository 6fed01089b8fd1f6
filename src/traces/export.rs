//! OTLP over HTTP, by the client that webhooks use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use rustls::ClientConfig;
use tokio::time::timeout;

use crate::tls::Tls;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most of an answer that is read.
const MOST_ANSWER: usize = 64 * 1024;

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What sends spans to a collector at that base URL. `OTEL_EXPORTER_OTLP_HEADERS` may hold what it wants to be shown.
pub(super) fn exporter(endpoint: &str, node: &str, tls: Tls) -> Result<SpanExporter, ExporterBuildError> {
    let post = Post { current: Mutex::new(current(&tls)), tls };
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let builder = SpanExporter::builder().with_http().with_http_client(post);
    let mut exporter = builder.with_endpoint(endpoint).with_timeout(PATIENCE).build()?;
    let about = [
        KeyValue::new("service.name", "call-agent"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", node.to_owned()),
    ];
    exporter.set_resource(&Resource::builder_empty().with_attributes(about).build());
    Ok(exporter)
}

/// The client, and whom it trusts.
#[derive(Debug)]
struct Post {
    tls: Tls,
    current: Mutex<(Arc<ClientConfig>, Https)>,
}

impl Post {
    /// The client that trusts whom we trust now.
    fn client(&self) -> Https {
        let mut held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&held.0, &self.tls.https()) {
            *held = current(&self.tls);
        }
        held.1.clone()
    }
}

fn current(tls: &Tls) -> (Arc<ClientConfig>, Https) {
    let config = tls.https();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config((*config).clone())
        .https_or_http()
        .enable_http1()
        .build();
    let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    (config, client)
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client();
        let exchange = async {
            let response = client.request(request.map(Full::new)).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MOST_ANSWER).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        timeout(PATIENCE, exchange).await?
    }
}

//! `GET /docs`: the document for people. All that the page needs is in the program: it works where there is no Internet.
//!
//! The page itself says nothing of this installation, and is open. It reads the document as any client does: where that asks
//! for a key, the page asks the person for it and sends it as a header.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::http::{Code, Context, Problem};

/// What the page runs: ours in place of the library's, which could not send a key.
const SCRIPT: &str = include_str!("page.js");
const SCRIPT_NAME: &str = "swagger-initializer.js";

/// The page runs and asks nothing but what is served here. The library writes styles into its elements and has pictures in
/// them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page and its files.
pub fn routes() -> Router<Context> {
    let config = Arc::new(Config::new([""; 0]));
    let file = get(move |path: Option<Path<String>>| {
        let config = config.clone();
        async move { file(path.as_deref().map_or("index.html", String::as_str), config) }
    });
    Router::new()
        .route("/docs", get(|| async { Redirect::to("/docs/") }))
        .route("/docs/", file.clone())
        .route("/docs/{*file}", file)
}

fn file(path: &str, config: Arc<Config<'_>>) -> Result<Response, Problem> {
    match utoipa_swagger_ui::serve(path, config) {
        Ok(Some(file)) => Ok(served(path, file)),
        Ok(None) => Err(Problem::new(Code::NotFound, "there is no such file; the page is at /docs/")),
        Err(error) => {
            tracing::error!(%error, path, "a file of the page cannot be made");
            Err(Problem::new(Code::Internal, "the page cannot be made; the log says why"))
        }
    }
}

fn served(path: &str, file: SwaggerFile<'_>) -> Response {
    let mut bytes = file.bytes.into_owned();
    if path == SCRIPT_NAME {
        bytes = SCRIPT.into();
    }
    if path == "index.html" {
        let page = String::from_utf8_lossy(&bytes)
            .replace("<title>Swagger UI</title>", "<title>call-agent API</title>");
        bytes = page.into_bytes();
    }
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

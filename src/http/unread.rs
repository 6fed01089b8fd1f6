//! What is left of a request once it has been answered: a little is read and dropped, for more the connection is closed, aloud
//! (RFC 9112 §9.6). Else a client that writes head and body apart would lose its connection in the middle of its next request.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::timeout;

use super::body::MAX_BODY;

/// A rest that takes longer to come is not waited for: the answer waits with it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads what the handler has left, or says that the connection ends.
pub async fn dropped(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    // Its client sends the body only when asked for it, and to read it would ask.
    let is_held_back = head.headers.contains_key(header::EXPECT);
    let (lent, mut back) = Lent::new(body);
    let mut response = next.run(Request::from_parts(head, Body::new(lent))).await;
    let is_read = match back.try_recv() {
        Ok(rest) => {
            rest.is_end_stream() || !is_held_back && timeout(PATIENCE, is_short(rest)).await == Ok(true)
        }
        Err(TryRecvError::Closed) => true,
        Err(TryRecvError::Empty) => false,
    };
    if !is_read {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads what is left of a body; whether it came to its end within the bound.
async fn is_short(mut rest: Body) -> bool {
    let mut size = 0;
    while let Some(frame) = rest.frame().await {
        let Ok(frame) = frame else { return false };
        size += frame.data_ref().map_or(0, Bytes::len);
        if size > MAX_BODY {
            return false;
        }
    }
    true
}

/// A body that comes back when it is dropped, unless it was read to its end.
struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
}

impl Lent {
    fn new(body: Body) -> (Self, oneshot::Receiver<Body>) {
        let (back, receiver) = oneshot::channel();
        (Self { body, back: Some(back) }, receiver)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take() {
            // Nobody takes it whose client has gone.
            let _gone = back.send(std::mem::take(&mut self.body));
        }
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) {
            self.back = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

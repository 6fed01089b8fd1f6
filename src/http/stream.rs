//! A reader's events as the body of a response: server-sent events, or lines of JSON.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::time::{Instant, Sleep, sleep};

use super::preference::preferred;
use super::streams::{Stream, Streaming};
use crate::access::{Pass, Scope};
use crate::state::{Frame, Reader};

/// A client that hears nothing for longer may take the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    EventStream,
    Lines,
}

impl Format {
    /// What is liked best; server-sent events if neither is.
    fn wanted(headers: &HeaderMap) -> Self {
        let forms = [Self::EventStream, Self::Lines].map(|format| (format.content_type(), format));
        preferred(headers, forms).unwrap_or(Self::EventStream)
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::EventStream => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }

    fn greeting(self) -> Bytes {
        match self {
            Self::EventStream => Bytes::from_static(b": open\n\n"),
            Self::Lines => Bytes::from_static(b"\n"),
        }
    }

    fn heartbeat(self) -> Bytes {
        match self {
            Self::EventStream => Bytes::from_static(b": heartbeat\n\n"),
            Self::Lines => Bytes::from_static(b"\n"),
        }
    }

    fn frame(self, frame: &Frame) -> Bytes {
        match self {
            Self::EventStream => frame.sse(),
            Self::Lines => frame.line(),
        }
    }

    /// One chunk of what came together: many small ones would each cost a chunk's head and a wake-up.
    fn chunk(self, frames: &[Frame]) -> Bytes {
        match frames {
            [frame] => self.frame(frame),
            frames => frames.iter().map(|frame| self.frame(frame)).collect::<Vec<_>>().concat().into(),
        }
    }
}

/// A reader's events, chunk by chunk.
struct Chunks {
    format: Format,
    is_greeted: bool,
    /// That it goes over its connection; `None`: that has no threads to go to.
    stream: Option<Stream>,
    reader: Reader,
    /// Comes when whose pass it is may read no more.
    ends: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// When the client last heard something.
    spoke: Instant,
    /// One timer for the life of the stream: it looks whether the client has heard nothing for too long, so that no event needs to
    /// wind it up again.
    quiet: Pin<Box<Sleep>>,
}

impl Chunks {
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.is_greeted, true) {
            return Some(self.format.greeting());
        }
        // First the connection goes elsewhere: there may be a burst of what has been.
        if let Some(stream) = &self.stream {
            stream.there().await;
            // Who waits for this processor comes before the next stream: SIP's thread would wait else for as long as dozens of them take.
            std::thread::yield_now();
        }
        loop {
            tokio::select! {
                // First: somebody who has always something to read must end, too.
                biased;
                () = &mut self.ends => return None,
                frames = self.reader.next() => {
                    self.spoke = Instant::now();
                    return Some(self.format.chunk(&frames?));
                }
                () = &mut self.quiet => {
                    let is_quiet = self.spoke.elapsed() >= HEARTBEAT;
                    if is_quiet {
                        self.spoke = Instant::now();
                    }
                    self.quiet.as_mut().reset(self.spoke + HEARTBEAT);
                    if is_quiet {
                        return Some(self.format.heartbeat());
                    }
                }
            }
        }
    }
}

/// The chunks of an answer whose body they are to be, until somebody takes them.
#[derive(Clone)]
struct Waiting(Arc<Mutex<Option<Chunks>>>);

impl Waiting {
    fn take(&self) -> Option<Chunks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The response that tells what the reader reads, until one of them ends, or whose pass it is may read no more. Its body comes by
/// [`begun`].
pub fn response(headers: &HeaderMap, reader: Reader, pass: Pass) -> Response {
    let format = Format::wanted(headers);
    let ends = Box::pin(pass.ends(Scope::EventsRead));
    let (spoke, quiet) = (Instant::now(), Box::pin(sleep(HEARTBEAT)));
    let chunks = Chunks { format, is_greeted: false, stream: None, reader, ends, spoke, quiet };
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    let mut response = head.into_response();
    response.extensions_mut().insert(Waiting(Arc::new(Mutex::new(Some(chunks)))));
    response
}

/// Outside of all layers: gives a stream its body, which would otherwise be handed through each of them once for each event, and
/// tells the connection of it. What is logged of a request ends with its answer's head.
pub async fn begun(request: Request, next: Next) -> Response {
    let streaming = request.extensions().get::<Streaming>().cloned();
    let mut response = next.run(request).await;
    let waiting = response.extensions_mut().remove::<Waiting>();
    if let Some(mut chunks) = waiting.and_then(|waiting| waiting.take()) {
        chunks.stream = streaming.map(|streaming| streaming.begin());
        let next = async |mut chunks: Chunks| Some((Ok::<_, Infallible>(chunks.next().await?), chunks));
        *response.body_mut() = Body::from_stream(unfold(chunks, next));
    }
    response
}

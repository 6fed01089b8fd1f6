//! Threads of their own for connections on which events are followed.
//!
//! A hundred streams are written to one after the other. A command that came meanwhile would wait behind them, if they shared its
//! thread. So a connection goes to these threads when a stream begins on it, and comes back when the stream has ended; what is asked
//! right behind a stream, before it is back, is answered there.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use tokio::runtime::{Builder, Handle, Runtime};

/// The threads, until this is dropped. What waits for sockets and timers stays where these were made.
#[derive(Debug)]
pub struct Streams {
    /// Taken when this is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

/// What a connection and a stream over it tell each other. Clones are of the same connection.
#[derive(Clone, Debug, Default)]
pub struct Streaming(Arc<Connection>);

#[derive(Debug, Default)]
struct Connection {
    /// How many streams go over it.
    streams: AtomicUsize,
    /// Whether it is among the streams.
    is_there: AtomicBool,
}

/// A stream goes over the connection, until this is dropped.
#[derive(Debug)]
pub struct Stream(Streaming);

/// How a connection was left.
enum Left {
    Over,
    /// It belongs elsewhere.
    Misplaced,
}

impl Streams {
    /// Starts the threads, one for each processor.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().thread_name("streams").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// By which something is run on them.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        // To wait for threads is not allowed where other futures run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Streaming {
    /// A stream begins.
    pub fn begin(&self) -> Stream {
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        Stream(self.clone())
    }

    fn is_on(&self) -> bool {
        self.0.streams.load(Ordering::Relaxed) > 0
    }
}

impl Stream {
    /// Comes when the connection is among the streams. Nobody is woken for it: a connection whose stream waits has nothing to do, and so
    /// goes there, where it is asked again.
    pub async fn there(&self) {
        let is_there = &self.0.0.is_there;
        poll_fn(|_| if is_there.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a connection: here, and among the streams while one goes over it.
pub fn run<C: Future<Output = ()> + Send + 'static>(connection: C, streaming: Streaming, streams: Handle) {
    let mut connection = Box::pin(connection);
    tokio::spawn(async move {
        while let Left::Misplaced = while_it_belongs(&mut connection, &streaming, false).await {
            let streaming = streaming.clone();
            let there = streams.spawn(async move {
                let left = while_it_belongs(&mut connection, &streaming, true).await;
                (connection, left)
            });
            match there.await {
                Ok((back, Left::Misplaced)) => connection = back,
                _ => return,
            }
        }
    });
}

/// Runs it while streams go over it, or while none do. Where it is taken then it is asked at once, so that no word to it is lost.
async fn while_it_belongs<C: Future<Output = ()>>(
    connection: &mut Pin<Box<C>>,
    streaming: &Streaming,
    among_streams: bool,
) -> Left {
    streaming.0.is_there.store(among_streams, Ordering::Relaxed);
    let run = poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Pending if streaming.is_on() != among_streams => Poll::Ready(Left::Misplaced),
        poll => poll.map(|()| Left::Over),
    });
    run.await
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    fn here() -> String {
        thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_connection_is_among_the_streams_while_one_goes_over_it() {
        let (streams, streaming) = (Streams::start().unwrap(), Streaming::default());
        let (ask, mut asked) = mpsc::channel::<bool>(1);
        let (tell, mut told) = mpsc::channel(1);
        let word = streaming.clone();
        let connection = async move {
            let mut streams = Vec::new();
            while let Some(is_stream) = asked.recv().await {
                let last = streams.pop();
                streams.extend(is_stream.then(|| word.begin()));
                drop(last);
                tell.send(here()).await.unwrap();
            }
        };
        run(connection, streaming, streams.handle());
        for (is_stream, wanted) in [(false, here()), (true, "streams".to_owned()), (false, here())] {
            let mut tries = 0;
            // It moves when it has nothing to do, and that may be after the next question.
            loop {
                ask.send(is_stream).await.unwrap();
                if told.recv().await.unwrap() == wanted {
                    break;
                }
                tries += 1;
                assert!(tries < 1000, "it is not moved");
            }
        }
        drop(ask);
        assert_eq!(told.recv().await, None, "it ends");
    }

    #[tokio::test]
    async fn a_stream_waits_until_its_connection_is_there_however_often_it_is_asked() {
        let (streams, streaming) = (Streams::start().unwrap(), Streaming::default());
        let (tell, told) = oneshot::channel();
        let word = streaming.clone();
        let connection = async move {
            let stream = word.begin();
            let mut there = Box::pin(stream.there());
            // As hyper does when what it has written is through: it asks for more.
            let _ = poll_fn(|context| Poll::Ready(there.as_mut().poll(context))).await;
            there.await;
            tell.send(here()).unwrap();
        };
        run(connection, streaming, streams.handle());
        assert_eq!(told.await.unwrap(), "streams");
    }
}

//! Threads of their own for connections on which events are followed.
//!
//! A hundred streams are written to one after the other. A command that came meanwhile would wait behind them, if they shared its
//! thread; so a connection is there while a stream goes over it, and comes back.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

/// The threads, until this is dropped. What waits for sockets and timers stays where these were made.
#[derive(Debug)]
pub struct Streams(Option<Runtime>);

/// How many streams go over a connection: at most one, or two when another begins before the last one's body is dropped. Clones are of
/// the same connection.
#[derive(Clone, Debug, Default)]
pub struct Streaming(Arc<AtomicUsize>);

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
    /// Starts the threads: one for each two processors, as the others have to do, too, when there is something to tell.
    pub fn start() -> io::Result<Self> {
        let threads = available_parallelism().map_or(1, |processors| processors.get().div_ceil(2));
        let runtime =
            Builder::new_multi_thread().worker_threads(threads).thread_name("streams").enable_all().build();
        runtime.map(|runtime| Self(Some(runtime)))
    }

    /// By which something is run on them. Without threads, which is only while they are dropped, what is here.
    pub fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        // To wait for threads is not allowed where other futures run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Streaming {
    /// A stream begins.
    pub fn begin(&self) -> Stream {
        self.0.fetch_add(1, Ordering::Relaxed);
        Stream(self.clone())
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
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

/// Runs it while streams go over it, or while none do. It is left when it has nothing to do now, and so wakes nobody here.
async fn while_it_belongs<C: Future<Output = ()>>(
    connection: &mut Pin<Box<C>>,
    streaming: &Streaming,
    among_streams: bool,
) -> Left {
    let run = poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Pending if streaming.is_on() != among_streams => Poll::Ready(Left::Misplaced),
        poll => poll.map(|()| Left::Over),
    });
    run.await
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::sync::mpsc;

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
}

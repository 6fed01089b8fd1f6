//! Threads of their own for connections on which events are followed.
//!
//! A hundred streams are written to one after the other. A command that came meanwhile would wait behind them, if they shared its
//! thread; so a connection goes elsewhere when a stream begins on it.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::priority;

/// The threads, until this is dropped.
#[derive(Debug)]
pub struct Streams(Option<Runtime>);

/// How who begins a stream tells the connection. Clones tell the same one.
#[derive(Clone, Debug, Default)]
pub struct Begins(Arc<AtomicBool>);

impl Streams {
    /// Starts the threads: one for each two processors, as the others have to do, too, when there is something to tell.
    pub fn start() -> io::Result<Self> {
        let threads = available_parallelism().map_or(1, |processors| processors.get().div_ceil(2));
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(threads).thread_name("streams").on_thread_start(priority::give_way_a_little);
        runtime.enable_all().build().map(|runtime| Self(Some(runtime)))
    }

    /// Runs a connection where this is called, and from the moment in which a stream begins on it on these threads.
    pub fn run<C: Future<Output = ()> + Send + 'static>(&self, connection: C, begins: Begins) {
        let streams = self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone());
        let mut connection = Box::pin(connection);
        tokio::spawn(async move {
            let is_over = poll_fn(|context| match connection.as_mut().poll(context) {
                Poll::Pending if begins.has_been_told() => Poll::Ready(false),
                poll => poll.map(|()| true),
            });
            if !is_over.await {
                streams.spawn(connection);
            }
        });
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

impl Begins {
    /// The answer under way is a stream.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_been_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
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
    async fn a_connection_goes_to_the_streams_when_one_begins_on_it() {
        let (streams, begins) = (Streams::start().unwrap(), Begins::default());
        let (ask, mut asked) = mpsc::channel::<bool>(1);
        let (tell, mut told) = mpsc::channel(1);
        let begin = begins.clone();
        let connection = async move {
            while let Some(is_stream) = asked.recv().await {
                if is_stream {
                    begin.now();
                }
                tell.send(here()).await.unwrap();
            }
        };
        streams.run(connection, begins);
        let mut threads = Vec::new();
        for is_stream in [false, true, false] {
            ask.send(is_stream).await.unwrap();
            threads.push(told.recv().await.unwrap());
        }
        assert_eq!(threads, [here(), here(), "streams".to_owned()]);
        drop(ask);
        assert_eq!(told.recv().await, None, "it ends there");
    }
}

//! The thread that SIP has to itself.

use std::{io, thread};

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Does the work on a thread of its own, with a runtime for that one thread; what it comes to, or an error if it panicked.
///
/// Readers of connections and the driver hand each other every message: on one thread that is a function call, between two it
/// is a wake-up of a processor that may sleep, which costs more than all the rest of a call. HTTP has
/// other threads, and streams of events have theirs.
pub(super) fn on_own_thread<F: Future<Output: Send> + 'static>(
    work: impl FnOnce() -> F + Send + 'static,
) -> io::Result<oneshot::Receiver<F::Output>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (done, is_done) = oneshot::channel();
    thread::Builder::new().name("sip".to_owned()).spawn(move || {
        let _ = done.send(runtime.block_on(async { work().await }));
    })?;
    Ok(is_done)
}

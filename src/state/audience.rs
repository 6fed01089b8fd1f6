//! Who listens: whether anybody would hear of a new call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The listeners of a board. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub(super) struct Audience(Arc<Mutex<Listeners>>);

#[derive(Debug)]
struct Listeners {
    count: usize,
    /// When the last one left; before the first came, the beginning.
    alone_since: Instant,
}

/// Somebody who listens, until it is dropped.
#[derive(Debug)]
pub struct Listener(Audience);

impl Audience {
    /// Nobody yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Listeners { count: 0, alone_since: Instant::now() })))
    }

    /// Somebody comes.
    pub fn join(&self) -> Listener {
        self.lock().count += 1;
        Listener(self.clone())
    }

    /// Whether anybody is there, or was within that time.
    pub fn is_there(&self, within: Duration) -> bool {
        let listeners = self.lock();
        listeners.count > 0 || listeners.alone_since.elapsed() < within
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.0.lock();
        listeners.count -= 1;
        listeners.alone_since = Instant::now();
    }
}

//! Who reads the log, and how far each has come: for those who watch.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Board;

/// The places of the readers. Clones are handles to the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Readers(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    last: u64,
    /// By number; bounded by the connections that HTTP takes.
    all: HashMap<u64, Arc<AtomicU64>>,
}

/// The place of one reader, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    readers: Readers,
    number: u64,
    at: Arc<AtomicU64>,
}

impl Readers {
    /// Somebody reads from behind that event on.
    pub fn join(&self, at: u64) -> Place {
        let at = Arc::new(AtomicU64::new(at));
        let mut places = self.lock();
        places.last += 1;
        let number = places.last;
        places.all.insert(number, at.clone());
        drop(places);
        Place { readers: self.clone(), number, at }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// It has come so far.
    pub fn move_to(&self, at: u64) {
        self.at.store(at, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.readers.lock().all.remove(&self.number);
    }
}

impl Board {
    /// How many streams there are, and how many events the one is behind that is furthest behind. Streams of one call count
    /// as up to date.
    pub fn readers(&self) -> (usize, u64) {
        let last = self.read().log.last();
        let places = self.0.readers.lock();
        let slowest = places.all.values().map(|at| at.load(Ordering::Relaxed)).min();
        (places.all.len(), slowest.map_or(0, |at| last.saturating_sub(at)))
    }
}

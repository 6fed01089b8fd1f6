//! What a message that is not whole yet may take: memory and time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Bounds;

/// The message that has begun on one connection.
#[derive(Debug)]
pub(super) struct Begun {
    bounds: Bounds,
    pool: Arc<Semaphore>,
    /// What is taken from the pool.
    taken: Option<OwnedSemaphorePermit>,
    /// When the message must be whole; `None` while none has begun.
    pub(super) deadline: Option<Instant>,
}

/// The pool has no room for so much of a message.
#[derive(Debug)]
pub(super) struct Full;

impl Begun {
    /// Nothing, on a connection that shares `pool` with all others.
    pub(super) fn new(bounds: Bounds, pool: Arc<Semaphore>) -> Self {
        Self { bounds, pool, taken: None, deadline: None }
    }

    /// Another message begins, if one does.
    pub(super) fn renew(&mut self) {
        self.deadline = None;
    }

    /// So many bytes of the message are held now.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes == 0 {
            self.deadline = None;
        } else {
            self.deadline.get_or_insert_with(|| Instant::now() + self.bounds.message_time);
        }
        let over = bytes.saturating_sub(self.bounds.unframed_share);
        let taken = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if over < taken {
            // The message that these were for is whole.
            self.taken = None;
            return self.take(over);
        }
        self.take(over - taken)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes == 0 {
            return Ok(());
        }
        let bytes = u32::try_from(bytes).map_err(|_| Full)?;
        let more = self.pool.clone().try_acquire_many_owned(bytes).map_err(|_| Full)?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn begun(pool: &Arc<Semaphore>) -> Begun {
        let bounds =
            Bounds { unframed_share: 10, message_time: Duration::from_secs(32), ..Bounds::default() };
        Begun::new(bounds, pool.clone())
    }

    #[test]
    fn only_what_is_over_the_share_is_taken_and_all_of_it_comes_back() {
        let pool = Arc::new(Semaphore::new(100));
        let mut first = begun(&pool);
        for (bytes, left) in [(10, 100), (30, 80), (90, 20), (20, 90), (0, 100), (110, 0)] {
            first.hold(bytes).unwrap();
            assert_eq!(pool.available_permits(), left);
        }
        let mut second = begun(&pool);
        second.hold(10).unwrap();
        second.hold(11).unwrap_err();
        drop(first);
        second.hold(11).unwrap();
        assert_eq!(pool.available_permits(), 99);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_has_its_time_from_its_first_byte_and_the_next_one_anew() {
        let mut begun = begun(&Arc::new(Semaphore::new(0)));
        assert_eq!(begun.deadline, None);
        begun.hold(1).unwrap();
        let first = begun.deadline.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        begun.hold(2).unwrap();
        assert_eq!(begun.deadline, Some(first));
        begun.renew();
        begun.hold(1).unwrap();
        assert_eq!(begun.deadline, Some(first + Duration::from_secs(1)));
        begun.hold(0).unwrap();
        assert_eq!(begun.deadline, None);
    }
}

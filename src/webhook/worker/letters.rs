//! What becomes of events that were given up, and of those that are given again.

use tokio::time::Instant;
use tracing::warn;

use super::Worker;
use crate::driver;
use crate::state::journal::JournalError;
use crate::webhook::Event;
use crate::webhook::backlog::Pending;
use crate::webhook::dead::{DeadLetter, DeliveryFailure};

/// More events than this are not taken back at a time.
const REDELIVERIES: usize = 1000;
/// So many of them are read at a time.
const STRIDE: usize = 32;

impl Worker {
    /// Gives up what was refused for long, where the receiver would be told of nothing else.
    pub(super) async fn make_room(&mut self) {
        let now = driver::now();
        while let Some(given_up) = self.backlog.make_room(now.instant) {
            let detail = "too many events are refused; this one made room for others".to_owned();
            self.bury(given_up, DeliveryFailure { at: now.wall, status: None, detail }).await;
        }
    }

    /// It becomes a dead letter.
    pub(super) async fn bury(&mut self, Pending { event, attempts, .. }: Pending, failure: DeliveryFailure) {
        let id = &self.endpoint.id;
        warn!(webhook = id, event = event.id, attempts, "given up");
        if !event.is_kept() {
            return;
        }
        // Soon it is not on record as open any more.
        self.save_at = Some(Instant::now());
        let letter = DeadLetter::of(&event, attempts, failure);
        if let Err(error) = self.store.keep_dead_letter(id, &letter).await {
            warn!(webhook = id, %error, "a dead letter could not be put on record");
            self.unrecorded.insert(event.sequence);
        }
        let Some(oldest) = self.shared.dead().add(letter) else { return };
        warn!(webhook = id, event = oldest.event_id, "too many dead letters: the oldest is forgotten");
        if let Err(error) = self.store.drop_dead_letters(id, &[oldest.sequence()]).await {
            warn!(webhook = id, %error, "a dead letter could not be taken off the record");
        }
    }

    /// What was delivered is no dead letter, even if a crash has left it as one.
    pub(super) async fn revive(&mut self, event: &Event) {
        let was_dead = event.is_kept() && self.shared.dead().remove(event.sequence);
        if was_dead
            && let Err(error) = self.store.drop_dead_letters(&self.endpoint.id, &[event.sequence]).await
        {
            warn!(webhook = self.endpoint.id, %error, "a dead letter could not be taken off the record");
        }
    }

    /// Takes dead letters back, as far as their events are still there.
    pub(super) async fn redeliver(&mut self, mut sequences: Vec<u64>) -> Result<usize, JournalError> {
        // Who asked at the same time may have been faster.
        sequences.retain(|sequence| self.shared.dead().letter(*sequence).is_some());
        let mut taken = Vec::new();
        for some in sequences.chunks(STRIDE) {
            if taken.len() >= REDELIVERIES || !self.backlog.has_room() {
                break;
            }
            for event in self.board.envelopes(some).await?.into_iter().filter_map(Event::read) {
                taken.push(event.sequence);
                self.backlog.push(Pending::new(event));
            }
        }
        self.backlog.hurry(driver::now().instant);
        // First the one, then the other: a crash between the two has an event in both places rather than in none.
        self.store.save_progress(&self.endpoint.id, &self.progress()).await?;
        self.store.drop_dead_letters(&self.endpoint.id, &taken).await?;
        let mut dead = self.shared.dead();
        Ok(taken.iter().filter(|sequence| dead.remove(**sequence)).count())
    }
}

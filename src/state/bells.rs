//! Whom an event wakes: those readers who may want it, and now and then those who have let many go by.
//!
//! To wake a reader costs more than to write an event; a hundred that ask for `call.offered` alone would otherwise be woken four times
//! a call for one event each.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Topics;

/// How many events a reader lets go by, at most, before it is woken to move its place behind them: well below the lag at which it would
/// be cut. Of a log that keeps few, a quarter of what it keeps: who falls off its old end would be cut, too.
const UNHEARD: u64 = 64;

/// One bell for each set of topics that somebody asks for, so never more than there are readers, or were when the last one came.
#[derive(Debug, Default)]
pub(super) struct Bells(Mutex<Vec<Bell>>);

#[derive(Debug)]
struct Bell {
    topics: Topics,
    news: watch::Sender<()>,
    /// The last event when it rang last.
    rung: u64,
}

impl Bells {
    /// What wakes at events of these topics that are shown behind `last`.
    pub fn subscribe(&self, topics: Topics, last: u64) -> watch::Receiver<()> {
        let mut bells = self.lock();
        bells.retain(|bell| bell.news.receiver_count() > 0);
        if let Some(bell) = bells.iter().find(|bell| bell.topics == topics) {
            return bell.news.subscribe();
        }
        let (news, heard) = watch::channel(());
        bells.push(Bell { topics, news, rung: last });
        heard
    }

    /// Events of these topics have been shown; the log is `kept` long now, and this is its last sequence.
    pub fn ring(&self, topics: Topics, last: u64, kept: u64) {
        let unheard = UNHEARD.min(kept / 4);
        for bell in self.lock().iter_mut() {
            if bell.topics.meets(topics) || last.saturating_sub(bell.rung) >= unheard {
                bell.rung = last;
                bell.news.send_replace(());
            }
        }
    }

    /// Whether somebody follows more than single calls.
    pub fn are_heard(&self) -> bool {
        self.lock().iter().any(|bell| bell.news.receiver_count() > 0)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(name: &str) -> Topics {
        let mut topics = Topics::NONE;
        assert!(topics.add(name));
        topics
    }

    #[test]
    fn a_bell_rings_for_what_is_wanted_and_when_much_has_gone_by() {
        let bells = Bells::default();
        let mut offered = bells.subscribe(topics("call.offered"), 0);
        let mut all = bells.subscribe(Topics::default(), 0);
        let mut heard = |topic: &str, last: u64| {
            bells.ring(topics(topic), last, 1000);
            let heard = [&mut offered, &mut all].map(|bell| bell.has_changed().unwrap());
            [&mut offered, &mut all].into_iter().for_each(|bell| bell.mark_unchanged());
            heard
        };
        assert_eq!(heard("call.offered", 1), [true, true]);
        assert_eq!(heard("call.*", 2), [true, true]);
        assert_eq!((3..66).map(|last| heard("call.ended", last)).find(|heard| *heard != [false, true]), None);
        assert_eq!(heard("call.ended", 66), [true, true]);
        assert_eq!(heard("call.ended", 67), [false, true]);
    }

    #[test]
    fn of_a_short_log_nobody_falls_off_unheard() {
        let bells = Bells::default();
        let mut heard = bells.subscribe(topics("call.held"), 0);
        for last in 1..=4 {
            bells.ring(topics("call.ended"), last, 16);
            assert_eq!(heard.has_changed().unwrap(), last == 4);
        }
        heard.mark_unchanged();
    }

    #[test]
    fn readers_of_the_same_topics_share_a_bell_and_it_goes_with_the_last() {
        let bells = Bells::default();
        let first = bells.subscribe(topics("call.ended"), 0);
        let second = bells.subscribe(topics("call.ended"), 0);
        assert!(first.same_channel(&second));
        drop((first, second));
        let _other = bells.subscribe(topics("call.held"), 0);
        assert_eq!(bells.lock().len(), 1);
    }
}

//! What must happen later.

use std::collections::BTreeSet;
use std::time::Instant;

use super::map::{Hashing, Map};
use super::transaction::{Timer, TransactionId};
use super::{AccountNumber, CallId};

/// One thing that must happen later. Each owner has at most one alarm of each sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// A timer of RFC 3261's transactions.
    Transaction(TransactionId, Timer),
    /// A call's.
    Call(CallId, CallAlarm),
    /// An account's.
    Account(AccountNumber, AccountAlarm),
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallAlarm {
    /// The call has gone unanswered for as long as the setting, or who placed it, allows.
    RingTimeout,
    /// The INVITE's Expires is over (§13.3.1).
    Expires,
    /// The provisional response is due again (§13.3.1.1).
    Remind,
    /// The 2xx is due again (§13.3.1.4).
    RepeatOk,
    /// 64·T1 have gone by without an ACK (§13.3.1.4).
    NoAck,
    /// 64·T1 have gone by since our CANCEL without a final response to the INVITE (§9.1).
    NoVerdict,
    /// Commands that wait for the ACK have waited long enough.
    Patience,
    /// The lease on the call is over.
    Lapse,
    /// The call has lasted as long as it may.
    MaxDuration,
    /// A command whose requests the peer answers has waited long enough.
    Letters,
    /// An UPDATE that came at a bad moment is to be sent again (RFC 3311 §5.3).
    Refresh,
}

impl CallAlarm {
    const ALL: [Self; 11] = [
        Self::RingTimeout,
        Self::Expires,
        Self::Remind,
        Self::RepeatOk,
        Self::NoAck,
        Self::NoVerdict,
        Self::Patience,
        Self::Lapse,
        Self::MaxDuration,
        Self::Letters,
        Self::Refresh,
    ];
}

/// What the registration of an account waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountAlarm {
    /// REGISTER is to be sent: the first one, a refresh, or another try.
    Attempt,
    /// The registrar forgets our Contact (RFC 3261 §10.3).
    Lapse,
    /// A keep-alive is due (RFC 5626 §4.4).
    Ping,
    /// The last keep-alive should have been answered (RFC 5626 §4.4.1).
    Pong,
    /// Commands have waited long enough for what the registrar says.
    Patience,
}

/// All alarms. Their number is bounded by that of calls, transactions and accounts.
#[derive(Debug)]
pub struct Alarms {
    due: BTreeSet<(Instant, Alarm)>,
    set: Map<Alarm, Instant>,
}

impl Alarms {
    /// None is set yet.
    pub fn new(hashing: Hashing) -> Self {
        Self { due: BTreeSet::new(), set: Map::with_hasher(hashing) }
    }

    /// Sets an alarm, in place of the same one set before.
    pub fn set(&mut self, alarm: Alarm, at: Instant) {
        if let Some(earlier) = self.set.insert(alarm, at) {
            self.due.remove(&(earlier, alarm));
        }
        self.due.insert((at, alarm));
    }

    /// Takes an alarm back, if it is set.
    pub fn cancel(&mut self, alarm: Alarm) {
        if let Some(at) = self.set.remove(&alarm) {
            self.due.remove(&(at, alarm));
        }
    }

    /// Takes every alarm of a call back.
    pub fn cancel_call(&mut self, call: CallId) {
        CallAlarm::ALL.into_iter().for_each(|alarm| self.cancel(Alarm::Call(call, alarm)));
    }

    /// Takes every alarm of a transaction back.
    pub fn cancel_transaction(&mut self, id: TransactionId) {
        Timer::ALL.into_iter().for_each(|timer| self.cancel(Alarm::Transaction(id, timer)));
    }

    /// The time of the next alarm.
    pub fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes out the next alarm that is due at `now`.
    pub fn pop(&mut self, now: Instant) -> Option<Alarm> {
        let &(at, alarm) = self.due.first().filter(|(at, _)| *at <= now)?;
        self.due.remove(&(at, alarm));
        self.set.remove(&alarm);
        Some(alarm)
    }

    /// How many are set.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.set.len()
    }
}

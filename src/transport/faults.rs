//! Faults on purpose: what the built-in caller does to its own messages, so that its user sees how the other side takes
//! it.

use std::collections::HashSet;
use std::time::Duration;

use memchr::memmem;

/// Calls whose first ACK is remembered as lost; beyond that ACKs go through.
const MEMORY: usize = 100_000;

/// What is to go wrong; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// ACKs are lost.
    pub lose_acks: Option<LostAcks>,
    /// Each INVITE goes out twice.
    pub duplicate_invites: bool,
    /// A connection breaks, this long after an INVITE went over it.
    pub break_after: Option<Duration>,
}

/// Which ACKs are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostAcks {
    /// The first of each call.
    First,
    /// All.
    All,
}

/// What is to be done with one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It goes out.
    Normal,
    /// It goes out twice.
    Twice,
    /// It is lost, and its sender does not know.
    Lost,
}

/// The faults, and what they have done.
#[derive(Debug, Default)]
pub(super) struct Mischief {
    faults: Faults,
    lost: HashSet<Vec<u8>>,
}

impl Mischief {
    pub(super) fn new(faults: Faults) -> Self {
        Self { faults, lost: HashSet::new() }
    }

    /// What is to be done with a message that is about to be sent.
    pub(super) fn treatment(&mut self, message: &[u8]) -> Treatment {
        if is(message, b"ACK ") && self.loses(message) {
            Treatment::Lost
        } else if self.faults.duplicate_invites && is(message, b"INVITE ") {
            Treatment::Twice
        } else {
            Treatment::Normal
        }
    }

    /// How long the connection has left that carries this message.
    pub(super) fn break_after(&self, message: &[u8]) -> Option<Duration> {
        self.faults.break_after.filter(|_| is(message, b"INVITE "))
    }

    fn loses(&mut self, ack: &[u8]) -> bool {
        match self.faults.lose_acks {
            None => false,
            Some(LostAcks::First) => self.lost.len() < MEMORY && self.lost.insert(call_id(ack).to_vec()),
            Some(LostAcks::All) => true,
        }
    }
}

fn is(message: &[u8], method: &[u8]) -> bool {
    message.starts_with(method)
}

/// As we write it ourselves: one line, and its name in full.
fn call_id(message: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"\r\nCall-ID: ";
    let start = memmem::find(message, NAME).map_or(message.len(), |at| at + NAME.len());
    let rest = message.get(start..).unwrap_or_default();
    rest.get(..memchr::memchr(b'\r', rest).unwrap_or(rest.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:1@a SIP/2.0\r\nCall-ID: one\r\n\r\n";
    const OTHER: &[u8] = b"BYE sip:1@a SIP/2.0\r\nCall-ID: one\r\n\r\n";

    fn ack(call: &str) -> Vec<u8> {
        format!("ACK sip:1@a SIP/2.0\r\nCall-ID: {call}\r\n\r\n").into_bytes()
    }

    #[test]
    fn without_faults_everything_goes_out() {
        let mut mischief = Mischief::default();
        for message in [INVITE, OTHER, &ack("one")] {
            assert_eq!(mischief.treatment(message), Treatment::Normal);
            assert_eq!(mischief.break_after(message), None);
        }
    }

    #[test]
    fn the_first_ack_of_each_call_is_lost() {
        let mut mischief = Mischief::new(Faults { lose_acks: Some(LostAcks::First), ..Faults::default() });
        for call in ["one", "two"] {
            assert_eq!(mischief.treatment(&ack(call)), Treatment::Lost);
            assert_eq!(mischief.treatment(&ack(call)), Treatment::Normal);
        }
        assert_eq!(mischief.treatment(INVITE), Treatment::Normal);
    }

    #[test]
    fn all_acks_are_lost() {
        let mut mischief = Mischief::new(Faults { lose_acks: Some(LostAcks::All), ..Faults::default() });
        assert_eq!([mischief.treatment(&ack("one")), mischief.treatment(&ack("one"))], [Treatment::Lost; 2]);
    }

    #[test]
    fn invites_alone_go_out_twice_and_break_their_connection() {
        let second = Duration::from_secs(1);
        let faults = Faults { duplicate_invites: true, break_after: Some(second), ..Faults::default() };
        let mut mischief = Mischief::new(faults);
        assert_eq!(mischief.treatment(INVITE), Treatment::Twice);
        assert_eq!(mischief.break_after(INVITE), Some(second));
        assert_eq!(mischief.treatment(OTHER), Treatment::Normal);
        assert_eq!(mischief.break_after(OTHER), None);
    }
}

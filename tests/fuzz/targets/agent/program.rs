//! What a program is made of. The bytes of an input choose among these; numbers choose among what there is.

use arbitrary::Arbitrary;

/// A world and what happens in it.
#[derive(Arbitrary, Debug)]
pub struct Program {
    pub setting: Setting,
    pub steps: Vec<Step>,
}

/// How the agent is set up.
#[derive(Arbitrary, Debug)]
pub struct Setting {
    pub udp: bool,
    pub on_offer: u8,
    pub has_media: bool,
    /// Up to two.
    pub accounts: u8,
    pub outbound_proxy: bool,
    pub few_calls: bool,
    pub one_at_a_time: bool,
    pub short_calls: bool,
    pub claim_on_command: bool,
    pub keeps_calls: bool,
}

/// One operation.
#[derive(Arbitrary, Debug)]
pub enum Step {
    /// A peer asks something.
    Request(Ask),
    /// A peer answers a request of the agent, which is counted from the last one back.
    Respond {
        which: u8,
        status: u8,
        tag: u8,
        body: u8,
        extra: u8,
    },
    /// What a peer has sent comes again, counted from the last one back.
    Again(u8),
    /// The same with one byte changed.
    Mangled {
        which: u8,
        at: u16,
        byte: u8,
    },
    /// A client gives a command for a call, counted from the last one back.
    Command {
        call: u8,
        action: Act,
        owner: u8,
        version: bool,
    },
    /// A client places a call.
    Originate {
        to: u8,
        account: bool,
        offer: u8,
        seconds: u8,
    },
    /// A client wants an account registered, or not.
    Account {
        which: u8,
        register: bool,
    },
    /// Time goes on, with all that is due.
    Pass(Time),
    /// The peer's connection is lost; what it does next it does by another.
    Close,
    /// What is on its way is with the kernel, or is not.
    Deliver {
        which: u8,
        arrives: bool,
    },
    /// A way is found, or not; by a new connection or the one that there is.
    Reach {
        which: u8,
        found: bool,
        anew: bool,
        others: bool,
    },
    Pong,
    Audience(bool),
    Recording(bool),
    Drain,
}

#[derive(Arbitrary, Debug)]
pub enum Time {
    Milliseconds(u8),
    /// T1 and a little.
    HalfSecond,
    Seconds(u8),
    Minutes(u8),
}

/// A request of a peer.
#[derive(Arbitrary, Debug)]
pub struct Ask {
    /// Which of a few calls.
    pub call: u8,
    pub method: u8,
    pub to_tag: u8,
    pub cseq: u8,
    pub branch: u8,
    pub body: u8,
    pub extra: u8,
}

/// A command.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Ring { status: u8, early: bool, body: u8 },
    Accept { body: u8, at_once: bool },
    Reject { status: u16 },
    Cancel { status: u16 },
    Hangup { reason: bool },
    Label,
    Claim { seconds: u8, takeover: bool },
    Renew { seconds: u8 },
    Release,
}

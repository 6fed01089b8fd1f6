//! What is told: the events of a call's life, and the call with each. The vocabulary of the HTTP contract.

mod account;
mod call;
mod end;
mod parts;

use std::sync::Arc;

use bytestring::ByteString;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::Timestamp;

pub use account::{Account, AccountEvent, RegistrationFailure, RegistrationState};
use call::CallExtent;
pub use call::{Call, Extent};
pub use end::{End, EndBy, EndCause, Reason};
pub use parts::{
    ActionName, Actions, CallState, Claim, Direction, HeaderField, Hold, Party, Sdp, SipFacts, actions_of,
};

/// What clients are told, in one order.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened to a call.
    Call(Event),
    /// A registration changed.
    Account(AccountEvent),
}

impl News {
    /// When it happened.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Call(event) => event.time,
            Self::Account(event) => event.time,
        }
    }
}

impl From<Event> for News {
    fn from(event: Event) -> Self {
        Self::Call(event)
    }
}

impl From<AccountEvent> for News {
    fn from(event: AccountEvent) -> Self {
        Self::Account(event)
    }
}

/// One thing that happened to a call, with the call as it is right after.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub time: Timestamp,
    /// The call, at the version that this event made.
    pub call: Arc<Call>,
    /// Whether `call.sdp.remote` is new with this event.
    pub renegotiated: bool,
    /// What else the event carries.
    pub detail: Option<Detail>,
}

impl Event {
    /// The `data` of the event's envelope: the whole call with the first event, what can have changed with later ones.
    pub fn data(&self) -> EventData<'_> {
        EventData(self)
    }

    /// Whether it is told behind the call's end.
    pub fn is_late(&self) -> bool {
        self.call.state == CallState::Ended && self.kind != EventKind::Ended
    }

    /// What of its call is told.
    pub fn extent(&self) -> Extent {
        if self.kind.is_first() { Extent::Whole } else { Extent::Changes { remote_sdp: self.renegotiated } }
    }
}

/// An [`Event`]'s `data`, to be written as JSON.
#[derive(Clone, Copy, Debug)]
pub struct EventData<'a>(&'a Event);

impl Serialize for EventData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(event) = self;
        let mut out = serializer.serialize_struct("EventData", 2)?;
        out.serialize_field("call", &CallExtent { call: &event.call, extent: event.extent() })?;
        match &event.detail {
            None => out.skip_field("detail")?,
            Some(Detail::Dtmf(dtmf)) => out.serialize_field("dtmf", dtmf)?,
            Some(Detail::Info(info)) => out.serialize_field("info", info)?,
            Some(Detail::Message(message)) => out.serialize_field("message", message)?,
            Some(Detail::Release(release)) => out.serialize_field("release", release)?,
        }
        out.end()
    }
}

/// What an event carries beside the call.
#[derive(Clone, Debug)]
pub enum Detail {
    /// With `call.dtmf`.
    Dtmf(Dtmf),
    /// With `call.info`.
    Info(Info),
    /// With `call.message`.
    Message(Info),
    /// With `call.released`.
    Release(Release),
}

/// A lease that is over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Release {
    /// Why.
    pub reason: ReleaseReason,
    /// Whose it was.
    #[schema(examples("crm-7"))]
    pub owner: String,
    /// Which it was.
    #[schema(examples(1))]
    pub fence: u64,
}

/// Why a lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseReason {
    /// Its owner has given it up.
    Released,
    /// Its time is over.
    Lapsed,
    /// Another owner has taken it.
    TakenOver,
}

/// Digits that the peer sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Dtmf {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    #[schema(examples("5"))]
    pub digits: String,
    /// How long the key was held, where the peer said so.
    #[schema(required, examples(160))]
    pub duration_ms: Option<u32>,
    /// How they came: `info`.
    #[schema(value_type = String, examples("info"))]
    pub via: &'static str,
}

/// The body of an INFO (RFC 6086) or a MESSAGE (RFC 3428) that the peer sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Info {
    /// Content-Type as received; null without a body.
    #[schema(required, value_type = Option<String>)]
    pub content_type: Option<ByteString>,
    /// The body as text: UTF-8, else GB18030.
    #[schema(value_type = String)]
    pub body: ByteString,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventKind {
    /// An INVITE came in; the first event of an inbound call.
    #[serde(rename = "call.offered")]
    Offered,
    /// An INVITE went out; the first event of an outbound call.
    #[serde(rename = "call.dialing")]
    Dialing,
    /// A 180–183 was sent or received.
    #[serde(rename = "call.ringing")]
    Ringing,
    /// The 200 was sent or received.
    #[serde(rename = "call.accepted")]
    Accepted,
    /// The ACK was received or sent.
    #[serde(rename = "call.established")]
    Established,
    /// Labels or a session description changed.
    #[serde(rename = "call.updated")]
    Updated,
    /// The peer put us on hold.
    #[serde(rename = "call.held")]
    Held,
    /// The peer took us off hold.
    #[serde(rename = "call.resumed")]
    Resumed,
    /// The peer sent digits.
    #[serde(rename = "call.dtmf")]
    Dtmf,
    /// The peer sent an INFO.
    #[serde(rename = "call.info")]
    Info,
    /// The peer sent a MESSAGE.
    #[serde(rename = "call.message")]
    Message,
    /// Somebody has taken or renewed the lease on the call.
    #[serde(rename = "call.claimed")]
    Claimed,
    /// A lease is over: given up, lapsed, or taken by another.
    #[serde(rename = "call.released")]
    Released,
    /// The agent has come back after a crash or a restart, and the call with it.
    #[serde(rename = "call.recovered")]
    Recovered,
    /// The call is over. Only `call.updated` can follow, for new labels.
    #[serde(rename = "call.ended")]
    Ended,
}

impl EventKind {
    /// Every kind, in the order of a call's life.
    pub const ALL: [Self; 15] = [
        Self::Offered,
        Self::Dialing,
        Self::Ringing,
        Self::Accepted,
        Self::Established,
        Self::Updated,
        Self::Held,
        Self::Resumed,
        Self::Dtmf,
        Self::Info,
        Self::Message,
        Self::Claimed,
        Self::Released,
        Self::Recovered,
        Self::Ended,
    ];

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a call begins with it, and all of the call is told.
    pub fn is_first(self) -> bool {
        matches!(self, Self::Offered | Self::Dialing)
    }

    /// The event's name: CloudEvents `type`, SSE `event`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offered => "call.offered",
            Self::Dialing => "call.dialing",
            Self::Ringing => "call.ringing",
            Self::Accepted => "call.accepted",
            Self::Established => "call.established",
            Self::Updated => "call.updated",
            Self::Held => "call.held",
            Self::Resumed => "call.resumed",
            Self::Dtmf => "call.dtmf",
            Self::Info => "call.info",
            Self::Message => "call.message",
            Self::Claimed => "call.claimed",
            Self::Released => "call.released",
            Self::Recovered => "call.recovered",
            Self::Ended => "call.ended",
        }
    }
}

//! What is told: the call as clients see it, and the events of its life. The vocabulary of the HTTP contract.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::{CallId, Timestamp};

/// A call as it is at one version. Cheap to clone: what seldom changes is shared.
#[derive(Clone, Debug, ToSchema)]
pub struct Call {
    /// The call's name in this API; never the SIP Call-ID.
    pub id: CallId,
    /// Who placed it.
    pub direction: Direction,
    /// Where it stands.
    pub state: CallState,
    /// Raised by one with each event of the call; its `ETag`.
    pub version: u64,
    /// Who calls: From.
    #[schema(value_type = Party)]
    pub from: Arc<Party>,
    /// Who is called: To.
    #[schema(value_type = Party)]
    pub to: Arc<Party>,
    /// The Request-URI of the INVITE, as received.
    #[schema(value_type = String, examples("sip:1000@10.0.0.1:10000;transport=tcp"))]
    pub request_uri: ByteString,
    /// The account the call came in on or goes out by.
    #[schema(required, value_type = Option<String>)]
    pub account: Option<ByteString>,
    /// Every header of the INVITE that is not shown elsewhere in the call, in order, as received.
    #[schema(value_type = Vec<HeaderField>)]
    pub headers: Arc<[HeaderField]>,
    /// The session descriptions of both sides.
    pub sdp: Sdp,
    /// The dialog's identifiers and the peer, for matching with a PBX's records.
    #[schema(value_type = SipFacts)]
    pub sip: Arc<SipFacts>,
    /// Names and values that clients put on the call; no SIP effect.
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: Arc<BTreeMap<String, String>>,
    /// Who has put whom on hold.
    pub hold: Hold,
    /// The lease that keeps other owners' commands out; null if there is none.
    #[schema(required)]
    pub claim: Option<Claim>,
    /// When the INVITE was received or sent.
    pub created_at: Timestamp,
    /// When the first 180–183 was sent or received.
    #[schema(required)]
    pub ringing_at: Option<Timestamp>,
    /// When the 200 was sent or received.
    #[schema(required)]
    pub accepted_at: Option<Timestamp>,
    /// When the ACK was received or sent.
    #[schema(required)]
    pub established_at: Option<Timestamp>,
    /// When the call ended.
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
    /// How the call ended; set exactly once.
    #[schema(required, value_type = Option<End>)]
    pub end: Option<Arc<End>>,
    /// The commands that this state allows now.
    #[schema(value_type = Vec<ActionName>)]
    pub actions: &'static [ActionName],
}

/// What of a call is written into JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// Without `headers` and, unless it is new, `sdp.remote`: what a reader of the earlier events has.
    Changes { remote_sdp: bool },
}

impl Call {
    fn write<S: Serializer>(&self, extent: Extent, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Call", 22)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("direction", &self.direction)?;
        out.serialize_field("state", &self.state)?;
        out.serialize_field("version", &self.version)?;
        out.serialize_field("from", &self.from)?;
        out.serialize_field("to", &self.to)?;
        out.serialize_field("request_uri", &self.request_uri)?;
        out.serialize_field("account", &self.account)?;
        match extent {
            Extent::Whole => out.serialize_field("headers", &self.headers)?,
            Extent::Changes { .. } => out.skip_field("headers")?,
        }
        match extent {
            Extent::Changes { remote_sdp: false } => {
                out.serialize_field("sdp", &LocalSdp { local: &self.sdp.local })?;
            }
            _ => out.serialize_field("sdp", &self.sdp)?,
        }
        out.serialize_field("sip", &self.sip)?;
        out.serialize_field("labels", &self.labels)?;
        out.serialize_field("hold", &self.hold)?;
        out.serialize_field("claim", &self.claim)?;
        out.serialize_field("created_at", &self.created_at)?;
        out.serialize_field("ringing_at", &self.ringing_at)?;
        out.serialize_field("accepted_at", &self.accepted_at)?;
        out.serialize_field("established_at", &self.established_at)?;
        out.serialize_field("ended_at", &self.ended_at)?;
        out.serialize_field("end", &self.end)?;
        out.serialize_field("actions", &self.actions)?;
        out.end()
    }
}

impl Serialize for Call {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(Extent::Whole, serializer)
    }
}

#[derive(Serialize)]
struct LocalSdp<'a> {
    local: &'a Option<ByteString>,
}

/// One side of a call: From or To.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Party {
    /// Without display name and parameters, as received.
    #[schema(value_type = String, examples("sip:1001@172.17.0.1"))]
    pub uri: ByteString,
    /// Unquoted; null if there is none.
    #[schema(required, value_type = Option<String>, examples("Extension 1001"))]
    pub display_name: Option<ByteString>,
}

/// A header field as received: case and underscores kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeaderField {
    /// As received, a compact form too.
    #[schema(value_type = String, examples("X-empolyee_id"))]
    pub name: ByteString,
    /// Unfolded and trimmed.
    #[schema(value_type = String, examples("1001"))]
    pub value: ByteString,
}

/// The session descriptions (RFC 8866) of both sides, as they stand on the wire.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Sdp {
    /// The peer's latest; null if it has sent none.
    #[schema(required, value_type = Option<String>)]
    pub remote: Option<ByteString>,
    /// Ours; null before one is sent.
    #[schema(required, value_type = Option<String>)]
    pub local: Option<ByteString>,
}

/// SIP's own names for the call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SipFacts {
    /// Call-ID.
    #[schema(value_type = String)]
    pub call_id: ByteString,
    /// Our tag.
    #[schema(value_type = String)]
    pub local_tag: ByteString,
    /// The peer's tag; null from an RFC 2543 element that sends none.
    #[schema(required, value_type = Option<String>)]
    pub remote_tag: Option<ByteString>,
    /// `tcp`, `udp` or `tls`.
    #[schema(value_type = String, examples("tcp"))]
    pub transport: &'static str,
    /// Where the INVITE came from or went to.
    #[schema(value_type = String, examples("10.0.0.1:5060"))]
    pub peer: ByteString,
}

/// Who placed the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The peer.
    Inbound,
    /// This agent.
    Outbound,
}

/// Where a call stands. RFC 4235's words for the same: offered, dialing – trying; ringing – early; accepted, established –
/// confirmed; ended – terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// An INVITE was received and answered 100.
    Offered,
    /// An INVITE was sent.
    Dialing,
    /// A 180–183 was sent or received.
    Ringing,
    /// The 200 was sent or received; the ACK is not here yet.
    Accepted,
    /// The ACK was received or sent.
    Established,
    /// Over; `end` says how.
    Ended,
}

impl CallState {
    /// The word as clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Accepted => "accepted",
            Self::Established => "established",
            Self::Ended => "ended",
        }
    }
}

/// Who has put whom on hold (RFC 3264 §8.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Nobody.
    #[default]
    None,
    /// We have put the peer on hold.
    Local,
    /// The peer has put us on hold.
    Remote,
    /// Each the other.
    Both,
}

/// A lease on a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Claim {
    /// Who holds it.
    pub owner: String,
    /// Raised with each new lease of the call.
    pub fence: u64,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// How a call ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct End {
    /// What ended it.
    pub cause: EndCause,
    /// Whose doing it was.
    pub by: EndBy,
    /// The final status of the INVITE, where there was one other than 200.
    #[schema(required, examples(487))]
    pub sip_status: Option<u16>,
    /// The Reason header (RFC 3326) as received.
    #[schema(required, value_type = Option<String>, examples("SIP;cause=487;text=\"ORIGINATOR_CANCEL\""))]
    pub reason: Option<ByteString>,
    /// The Reason header's values.
    pub reasons: Vec<Reason>,
}

/// What ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Given up before the answer.
    Cancelled,
    /// Refused with a final status.
    Rejected,
    /// Ended after the answer.
    Hangup,
    /// Nobody answered, or no ACK came, in time.
    Timeout,
    /// It could not be set up: no codec in common, no way to the peer.
    Failed,
    /// The agent lost it in a crash.
    Lost,
    /// Another call took its place (RFC 3891).
    Replaced,
}

/// Whose doing the end was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndBy {
    /// The peer's.
    Remote,
    /// A client's, by a command.
    Api,
    /// A setting's: ring timeout, `--on-offer`.
    Policy,
    /// The agent's own: a protocol timer, a drain.
    System,
}

/// One value of a Reason header (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// `SIP` or `Q.850`, or another token.
    #[schema(examples("SIP"))]
    pub protocol: String,
    /// The cause in the protocol's numbers.
    #[schema(examples(487))]
    pub cause: Option<u16>,
    /// The text, unquoted.
    #[schema(examples("ORIGINATOR_CANCEL"))]
    pub text: Option<String>,
}

/// A command's name, as it ends the path of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionName {
    /// Send 180–183.
    Ring,
    /// Send 200.
    Accept,
    /// Send 300–699.
    Reject,
    /// End it before the answer.
    Cancel,
    /// End it, whatever its state.
    Hangup,
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
}

/// An [`Event`]'s `data`, to be written as JSON.
#[derive(Clone, Copy, Debug)]
pub struct EventData<'a>(&'a Event);

impl Serialize for EventData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(event) = self;
        let extent = match event.kind {
            EventKind::Offered | EventKind::Dialing => Extent::Whole,
            _ => Extent::Changes { remote_sdp: event.renegotiated },
        };
        let mut out = serializer.serialize_struct("EventData", 2)?;
        out.serialize_field("call", &CallExtent { call: &event.call, extent })?;
        match &event.detail {
            None => out.skip_field("detail")?,
            Some(Detail::Dtmf(dtmf)) => out.serialize_field("dtmf", dtmf)?,
            Some(Detail::Info(info)) => out.serialize_field("info", info)?,
        }
        out.end()
    }
}

struct CallExtent<'a> {
    call: &'a Call,
    extent: Extent,
}

impl Serialize for CallExtent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.call.write(self.extent, serializer)
    }
}

/// What an event carries beside the call.
#[derive(Clone, Debug)]
pub enum Detail {
    /// With `call.dtmf`.
    Dtmf(Dtmf),
    /// With `call.info`.
    Info(Info),
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

/// The body of an INFO (RFC 6086) that the peer sent.
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
    /// The call is over; the last event of every call.
    #[serde(rename = "call.ended")]
    Ended,
}

impl EventKind {
    /// Every kind, in the order of a call's life.
    pub const ALL: [Self; 11] = [
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
        Self::Ended,
    ];

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
            Self::Ended => "call.ended",
        }
    }
}

//! The call as clients see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::{
    ActionName, Actions, CallState, Claim, Direction, End, HeaderField, Hold, Party, Sdp, SipFacts,
    actions_of,
};
use crate::agent::{CallId, Timestamp};

/// A call as it is at one version. Cheap to clone: what seldom changes is shared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
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
    /// The Request-URI of the INVITE, as received or sent.
    #[schema(value_type = String, examples("sip:1000@10.0.0.1:10000;transport=tcp"))]
    pub request_uri: ByteString,
    /// The account the call came in on or goes out by.
    #[schema(required, value_type = Option<String>)]
    pub account: Option<ByteString>,
    /// Every header of the INVITE that is not shown elsewhere in the call, in order, as received, but for answers to challenges
    /// (Authorization, Proxy-Authorization); of an outbound call those that its client added.
    #[serde(default)]
    #[schema(required, value_type = Vec<HeaderField>)]
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
    pub actions: Actions,
}

/// What of a call is written into JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Without `headers` and, unless it is new, `sdp.remote`: what a reader of the earlier events has.
    Changes {
        /// Whether it is new.
        remote_sdp: bool,
    },
}

impl Call {
    /// A whole call as it was written: JSON.
    pub fn read(written: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(written).map(|call: Self| call.completed(None))
    }

    /// The call, read from JSON, with what was left out there, as another picture of it has that.
    pub fn completed(mut self, whole: Option<&Self>) -> Self {
        if let Some(whole) = whole {
            if self.headers.is_empty() {
                self.headers = whole.headers.clone();
            }
            self.sdp.remote = self.sdp.remote.or_else(|| whole.sdp.remote.clone());
        }
        self.actions = actions_of(self.direction, self.state);
        self
    }

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

/// A call, to be written in part.
pub(super) struct CallExtent<'a> {
    pub call: &'a Call,
    pub extent: Extent,
}

impl Serialize for CallExtent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.call.write(self.extent, serializer)
    }
}

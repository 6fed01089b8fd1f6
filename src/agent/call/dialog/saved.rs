//! A dialog as it survives a crash: JSON in the journal.

use std::net::SocketAddr;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use super::Dialog;
use crate::agent::command::NewHeader;
use crate::agent::contact::Contact;
use crate::agent::stack::transport_word;
use crate::agent::{AccountNumber, Flow, FlowId};
use crate::sip::{Transport, Uri, sdp};

/// What is written now; another version is not understood.
const VERSION: u32 = 1;

/// The connection that a restored dialog was on last: it is gone with the process, and no open one has this name.
const GONE: FlowId = FlowId(0);

/// Everything of an answered call, or of one whose BYE is outstanding, that its picture does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    v: u32,
    call_id: ByteString,
    local_tag: ByteString,
    remote_tag: Option<ByteString>,
    local: Octets,
    remote: Octets,
    remote_target: ByteString,
    route_set: Vec<ByteString>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    contact: String,
    user: String,
    is_secure: bool,
    takes_update: bool,
    /// The fence of the last lease on the call.
    pub fence: u64,
    /// Who made our description.
    #[serde(default)]
    pub source: sdp::Source,
    /// Whom a certificate must name.
    name: Option<ByteString>,
    way: Option<(String, SocketAddr, SocketAddr)>,
    /// The CSeq of the INVITE of ours that made the dialog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invite: Option<u32>,
    /// What the BYE of an ended call says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bye: Vec<NewHeader>,
}

/// A header value: text, but for what a peer has sent that is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Octets {
    Text(String),
    Other(Vec<u8>),
}

impl Octets {
    fn of(value: &[u8]) -> Self {
        match str::from_utf8(value) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Other(value.to_vec()),
        }
    }

    fn bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Other(bytes) => bytes.into(),
        }
    }
}

impl Dialog {
    /// What brings it back, with the fence of the call's last lease, who made our description, and the headers of its BYE.
    pub fn saved(&self, fence: u64, source: sdp::Source, bye: &[NewHeader]) -> Saved {
        Saved {
            v: VERSION,
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: self.remote_tag.clone(),
            local: Octets::of(&self.local),
            remote: Octets::of(&self.remote),
            remote_target: self.remote_target.text().clone(),
            route_set: self.route_set.iter().map(|route| route.text().clone()).collect(),
            local_cseq: self.local_cseq,
            remote_cseq: self.remote_cseq,
            contact: self.contact.clone(),
            user: self.us.user.clone(),
            is_secure: self.us.is_secure,
            takes_update: self.takes_update,
            fence,
            source,
            name: self.name.clone(),
            way: self.flow.map(|flow| (transport_word(flow.transport).to_owned(), flow.local, flow.peer)),
            invite: self.invite,
            bye: bye.to_vec(),
        }
    }

    /// A dialog of a call of this account, as it was saved; `None`: it cannot be understood.
    pub fn restored(saved: Saved, account: Option<AccountNumber>) -> Option<Self> {
        if saved.v != VERSION {
            return None;
        }
        let routes = saved.route_set.into_iter().map(Uri::parse).collect::<Result<_, _>>();
        let flow = saved.way.and_then(|(word, local, peer)| {
            let transport = [Transport::Udp, Transport::Tcp, Transport::Tls]
                .into_iter()
                .find(|transport| transport_word(*transport) == word)?;
            Some(Flow { id: GONE, transport, local, peer, listener: None })
        });
        Some(Self {
            call_id: saved.call_id,
            local_tag: saved.local_tag,
            remote_tag: saved.remote_tag,
            local: saved.local.bytes(),
            remote: saved.remote.bytes(),
            remote_target: Uri::parse(saved.remote_target).ok()?,
            route_set: routes.ok()?,
            local_cseq: saved.local_cseq,
            invite: saved.invite,
            remote_cseq: saved.remote_cseq,
            flow,
            sought: None,
            is_elsewhere: false,
            name: saved.name,
            us: Contact { account, user: saved.user, is_secure: saved.is_secure },
            contact: saved.contact,
            takes_update: saved.takes_update,
        })
    }
}

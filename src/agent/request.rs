//! Requests of ours: what every one of them has (RFC 3261 §8.1.1), and where it goes (§8.1.2).

use bytes::Bytes;
use bytestring::ByteString;

use super::network::{Flow, Hop};
use super::respond::SERVER;
use super::stack::Stack;
use crate::sip::{Known, Name, Response, Uri, Writer};

/// What a request has in common with its repeats, its ACK and its CANCEL.
#[derive(Clone, Debug)]
pub struct Head {
    /// The Request-URI.
    pub uri: Uri,
    /// The Route values, in order.
    pub routes: Vec<String>,
    /// From as it stands in its header, tag included.
    pub from: Bytes,
    /// To as it stands in its header, with a tag inside a dialog.
    pub to: Bytes,
    /// Call-ID.
    pub call_id: ByteString,
    /// The sequence number.
    pub cseq: u32,
}

impl Head {
    /// Begins the request; what the method needs comes behind.
    pub fn begin(&self, method: Known, via: &str) -> Writer {
        let mut writer = Writer::request(method, &self.uri).header("Via", via).header("Max-Forwards", "70");
        for route in &self.routes {
            writer = writer.header("Route", route);
        }
        writer
            .header("From", &self.from)
            .header("To", &self.to)
            .header("Call-ID", self.call_id.as_bytes())
            .header("CSeq", format!("{} {method}", self.cseq))
            .header("User-Agent", SERVER)
    }

    /// The head with the To of a response: that of the ACK to it (§17.1.1.3).
    pub fn answered(&self, response: &Response) -> Self {
        let to = response.headers.first(Name::To).map_or_else(|| self.to.clone(), |to| to.kept());
        Self { to, ..self.clone() }
    }
}

/// Our Via of a request that goes by a flow (§18.1.1, RFC 3581 §3).
pub fn via(stack: &Stack, flow: &Flow, branch: &str) -> String {
    format!("SIP/2.0/{} {};branch={branch};rport", flow.transport, stack.advertised(flow))
}

/// How a request can get to its next hop.
#[derive(Clone, Debug)]
pub struct Way {
    /// A connection that is open and leads there.
    pub flow: Option<Flow>,
    /// What to look up if there is none, or it turns out to be dead.
    pub hop: Option<Hop>,
    /// Whom the peer was heard from, where nothing else leads to it.
    pub otherwise: Option<Flow>,
}

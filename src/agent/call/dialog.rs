//! The dialog (RFC 3261 §12): who we are to each other, and how a request gets there.

use bytes::Bytes;
use bytestring::ByteString;

use crate::agent::contact::contact;
use crate::agent::request::{Head, Way};
use crate::agent::stack::{Stack, hop_of};
use crate::agent::{Flow, Hop};
use crate::sip::{Name, NameAddr, Request, Uri};

/// The state of a dialog in which this agent is the UAS.
#[derive(Debug)]
pub struct Dialog {
    pub call_id: ByteString,
    pub local_tag: ByteString,
    pub remote_tag: Option<ByteString>,
    /// From of our requests, without the tag: the To of the INVITE.
    local: Bytes,
    /// To of our requests: the From of the INVITE, tag included.
    remote: Bytes,
    remote_target: Uri,
    /// Record-Route of the INVITE, in order (§12.1.1).
    route_set: Vec<NameAddr>,
    local_cseq: u32,
    remote_cseq: u32,
    /// The connection that the peer used last.
    pub flow: Flow,
    /// Our own Contact, as it stands in its header.
    pub contact: String,
}

/// How the CSeq of a request in the dialog stands to the last one (§12.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is the next.
    Next,
    /// It is older than one already served.
    Old,
}

impl Dialog {
    /// The dialog that an INVITE would make; its responses carry `local_tag`.
    pub fn of_invite(stack: &Stack, flow: Flow, invite: &Request, local_tag: ByteString) -> Self {
        let user = invite.uri.user().unwrap_or_default();
        let contact = contact("sip", user, &stack.advertised(&flow), flow.transport);
        let value = |name| invite.headers.first(name).map(|header| header.value.clone()).unwrap_or_default();
        Self {
            call_id: invite.call_id.clone(),
            local_tag,
            remote_tag: invite.from.tag().cloned(),
            local: value(Name::To),
            remote: value(Name::From),
            remote_target: target_of(invite).unwrap_or_else(|| invite.from.uri.clone()),
            route_set: invite.headers.addresses(Name::RecordRoute),
            local_cseq: 0,
            remote_cseq: invite.cseq,
            flow,
            contact,
        }
    }

    /// Whether a request with our tag belongs to this dialog.
    pub fn is_of(&self, request: &Request) -> bool {
        self.call_id == request.call_id && self.remote_tag.as_ref() == request.from.tag()
    }

    /// Takes note of a request of the peer: its CSeq and the connection it came by.
    pub fn note(&mut self, flow: Flow, request: &Request) -> Order {
        if request.cseq <= self.remote_cseq {
            return Order::Old;
        }
        self.remote_cseq = request.cseq;
        self.flow = flow;
        Order::Next
    }

    /// Takes the new remote target of a re-INVITE or UPDATE (§12.2.2, RFC 3311 §5.2).
    pub fn refresh_target(&mut self, request: &Request) {
        if let Some(target) = target_of(request) {
            self.remote_target = target;
        }
    }

    /// The head of the next request in the dialog (§12.2.1.1).
    pub fn next(&mut self) -> Head {
        self.local_cseq += 1;
        let (uri, routes) = self.route();
        Head {
            uri: uri.clone(),
            routes,
            from: with_tag(&self.local, &self.local_tag).into(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq: self.local_cseq,
        }
    }

    /// A request of ours was challenged: those that it was sent as have used up CSeq numbers.
    pub fn catch_up(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// Request-URI and Route values: a first route that is not loose becomes the Request-URI (§12.2.1.1).
    fn route(&self) -> (&Uri, Vec<String>) {
        let bracketed = |uri: &Uri| format!("<{}>", uri.as_str());
        match self.route_set.split_first() {
            None => (&self.remote_target, Vec::new()),
            Some((first, _)) if first.uri.is_loose() => {
                (&self.remote_target, self.route_set.iter().map(|route| bracketed(&route.uri)).collect())
            }
            Some((first, rest)) => {
                let rest = rest.iter().map(|route| bracketed(&route.uri));
                (&first.uri, rest.chain([bracketed(&self.remote_target)]).collect())
            }
        }
    }

    /// The open connection to the peer, else the next hop; a URI that names no transport means the one in use.
    pub fn way(&self, stack: &Stack) -> Way {
        let next = self.route_set.first().map_or(&self.remote_target, |route| &route.uri);
        let hop = hop_of(next);
        let transport = hop.transport.or(Some(self.flow.transport).filter(|_| !hop.secure));
        let flow = Some(self.flow).filter(|flow| stack.flows.contains(&flow.id));
        Way { flow, hop: Some(Hop { transport, ..hop }) }
    }
}

fn target_of(request: &Request) -> Option<Uri> {
    request.contact.as_ref().map(|contact| contact.uri.clone())
}

fn with_tag(value: &[u8], tag: &str) -> Vec<u8> {
    [value, b";tag=", tag.as_bytes()].concat()
}

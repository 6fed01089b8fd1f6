//! The dialog (RFC 3261 §12): who we are to each other, and how a request gets there.

mod saved;
mod way;

use bytes::Bytes;
use bytestring::ByteString;

use crate::agent::contact::Contact;
use crate::agent::request::Head;
use crate::agent::stack::Stack;
use crate::agent::{AccountNumber, Flow, Hop};
use crate::sip::{Headers, Known, Name, NameAddr, Request, Response, Uri};

pub use saved::Saved;

/// The state of a dialog.
#[derive(Clone, Debug)]
pub struct Dialog {
    pub call_id: ByteString,
    pub local_tag: ByteString,
    pub remote_tag: Option<ByteString>,
    /// From of our requests, without the tag.
    local: Bytes,
    /// To of our requests, with the tag.
    remote: Bytes,
    remote_target: Uri,
    /// In the order in which our requests take it (§12.1.1, §12.1.2).
    route_set: Vec<Uri>,
    local_cseq: u32,
    /// The CSeq of the INVITE of ours that made it.
    pub invite: Option<u32>,
    /// Empty until the peer asks something (§12.1.2).
    remote_cseq: Option<u32>,
    /// The connection that was used last, or whom the last datagram came from; `None` before there was any.
    pub flow: Option<Flow>,
    /// Where we wanted to get by it; `None` once the peer has sent a request by another one, or by a connection, which shows that it
    /// leads to the peer.
    sought: Option<Hop>,
    /// Whether it was not where it says that it is, and was asked where it was heard.
    is_elsewhere: bool,
    /// Whom the certificate of the connection's peer names, where that is known.
    name: Option<ByteString>,
    /// Who we are in Contacts.
    us: Contact,
    /// Our own Contact, as it stands in its header.
    pub contact: String,
    /// Whether the peer says that it takes UPDATE (RFC 3311 §5.1).
    pub takes_update: bool,
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
    /// The dialog that an INVITE to `account`, or to nobody, would make; its responses carry `local_tag`.
    pub fn of_invite(
        stack: &Stack,
        flow: Flow,
        invite: &Request,
        local_tag: ByteString,
        account: Option<AccountNumber>,
    ) -> Self {
        let route_set = uris_of(invite.headers.addresses(Name::RecordRoute));
        let remote_target = target_of(&invite.contact).unwrap_or_else(|| invite.from.uri.clone());
        let is_secure = invite.uri.is_sips() || route_set.first().unwrap_or(&remote_target).is_sips();
        let us = Contact { account, user: invite.uri.user().unwrap_or_default().to_owned(), is_secure };
        let link = account.and_then(|number| stack.link(number));
        let own = link.filter(|link| link.flow.is_some_and(|own| own.id == flow.id));
        let value = |name| invite.headers.first(name).map(|header| header.kept()).unwrap_or_default();
        Self {
            call_id: invite.call_id.clone(),
            local_tag,
            remote_tag: invite.from.tag().cloned(),
            local: value(Name::To),
            remote: value(Name::From),
            remote_target,
            route_set,
            local_cseq: 0,
            invite: None,
            remote_cseq: Some(invite.cseq),
            flow: Some(flow),
            sought: None,
            is_elsewhere: false,
            name: own.map(|link| link.hop.certified().clone()),
            contact: us.at(stack, &flow),
            us,
            takes_update: allows_update(&invite.headers).unwrap_or(false),
        }
    }

    /// What an INVITE of ours from `local` to `uri` asks for; nobody has answered yet.
    pub fn to_be(
        call_id: ByteString,
        local_tag: ByteString,
        local: String,
        uri: &Uri,
        route_set: Vec<Uri>,
        us: Contact,
    ) -> Self {
        Self {
            call_id,
            local_tag,
            remote_tag: None,
            local: local.into(),
            remote: name_addr(uri).into(),
            remote_target: uri.clone(),
            route_set,
            local_cseq: 0,
            invite: None,
            remote_cseq: None,
            flow: None,
            sought: None,
            is_elsewhere: false,
            name: None,
            us,
            contact: String::new(),
            takes_update: false,
        }
    }

    /// The dialog that a response to our INVITE makes or confirms (§12.1.2, §13.2.2.4); `self` is what the INVITE asked for, or
    /// the same dialog as it was.
    pub fn of_response(&self, response: &Response) -> Self {
        let to = response.headers.first(Name::To).map_or_else(|| self.remote.clone(), |to| to.kept());
        let mut route_set = uris_of(response.headers.addresses(Name::RecordRoute));
        route_set.reverse();
        Self {
            remote_tag: response.to.tag().cloned(),
            remote: to,
            remote_target: target_of(&response.contact).unwrap_or_else(|| self.remote_target.clone()),
            route_set,
            local_cseq: self.local_cseq.max(response.cseq.number),
            invite: Some(response.cseq.number),
            takes_update: allows_update(&response.headers).unwrap_or(self.takes_update),
            ..self.clone()
        }
    }

    /// The INVITE went by this flow, to get there.
    pub fn sent_by(&mut self, flow: Flow, sought: Option<Hop>, contact: String) {
        self.flow = Some(flow);
        self.name = sought.as_ref().map(|hop| hop.certified().clone());
        self.sought = sought;
        self.contact = contact;
    }

    /// We are reached by this connection of our account now; whether that is news for the peer.
    pub fn move_to(&mut self, stack: &Stack, flow: &Flow) -> bool {
        let contact = self.us.at(stack, flow);
        let is_new = contact != self.contact;
        self.contact = contact;
        is_new
    }

    /// Whether a request with our tag belongs to this dialog.
    pub fn is_of(&self, request: &Request) -> bool {
        self.call_id == request.call_id && self.remote_tag.as_ref() == request.from.tag()
    }

    /// Takes note of a request of the peer: its CSeq and the connection it came by.
    pub fn note(&mut self, flow: Flow, request: &Request) -> Order {
        if self.remote_cseq.is_some_and(|last| request.cseq <= last) {
            return Order::Old;
        }
        self.remote_cseq = Some(request.cseq);
        let is_refresh = matches!(request.method.known(), Some(Known::Invite | Known::Update));
        if is_refresh || !self.is_from_elsewhere(&flow) {
            self.heard_by(flow);
        }
        Order::Next
    }

    /// Takes the new remote target of a re-INVITE or UPDATE, or of the 2xx to ours (§12.2.2, RFC 3311 §5.2).
    pub fn refresh_target(&mut self, contact: &Option<NameAddr>) {
        if let Some(target) = target_of(contact) {
            self.remote_target = target;
        }
    }

    /// The head of the next request in the dialog (§12.2.1.1).
    pub fn next(&mut self) -> Head {
        self.local_cseq += 1;
        self.head(self.local_cseq)
    }

    /// So many requests of ours may have been sent that nothing is known of.
    pub fn skip(&mut self, requests: u32) {
        self.local_cseq = self.local_cseq.saturating_add(requests);
    }

    /// A request of ours has come to this CSeq, by challenges that it answered.
    pub fn asked(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// The head of a request with that CSeq: that of an ACK is its INVITE's.
    pub fn head(&self, cseq: u32) -> Head {
        let (uri, routes) = self.route();
        Head {
            uri: uri.clone(),
            routes,
            from: with_tag(&self.local, &self.local_tag).into(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
        }
    }

    /// Request-URI and Route values: a first route that is not loose becomes the Request-URI (§12.2.1.1).
    fn route(&self) -> (&Uri, Vec<String>) {
        match self.route_set.split_first() {
            None => (&self.remote_target, Vec::new()),
            Some((first, _)) if first.is_loose() => {
                (&self.remote_target, self.route_set.iter().map(name_addr).collect())
            }
            Some((first, rest)) => {
                (first, rest.iter().map(name_addr).chain([name_addr(&self.remote_target)]).collect())
            }
        }
    }
}

/// The remote target that a Contact names: a SIP or SIPS URI, of which its headers are no part (§8.1.1.8, §19.1.1).
fn target_of(contact: &Option<NameAddr>) -> Option<Uri> {
    contact.as_ref().filter(|contact| contact.uri.is_sip()).map(|contact| contact.uri.without_headers())
}

/// What Allow says of UPDATE, if there is one.
fn allows_update(headers: &Headers) -> Option<bool> {
    headers.first(Name::Allow)?;
    Some(headers.items(Name::Allow).any(|method| method == "UPDATE"))
}

fn uris_of(addresses: Vec<NameAddr>) -> Vec<Uri> {
    addresses.into_iter().map(|address| address.uri).collect()
}

/// As it stands in From, To and Route (§20.10).
fn name_addr(uri: &Uri) -> String {
    format!("<{}>", uri.as_str())
}

fn with_tag(value: &[u8], tag: &str) -> Vec<u8> {
    [value, b";tag=", tag.as_bytes()].concat()
}

//! What a call stands on: the transactions below it, the settings, the source of tokens, and the effects.

use bytes::Bytes;
use bytestring::ByteString;

use super::account_link::AccountLink;
use super::asking::Streamless;
use super::effects::Effects;
use super::ids::Ids;
use super::map::{Map, Set};
use super::transaction::{ClientKey, MergeKey, Path, Refusable, ServerKey, TransactionId, Transactions};
use super::{AccountNumber, CallId, Destination, Flow, FlowId, Hop, ReachId, Receipt, Settings, Transmit};
use crate::sip::{Known, Request, Transport, Uri, Via, address_text, default_port};

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// They are.
    Open,
    /// What is told cannot be put on record: a new call might be forgotten.
    Unrecorded,
    /// The agent is shutting down.
    Draining,
}

/// Whom a transaction, or the way that is being looked for, is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A call.
    Call(CallId),
    /// The registration of an account.
    Account(AccountNumber),
}

impl Owner {
    /// The call, if it is one.
    pub fn call(self) -> Option<CallId> {
        match self {
            Self::Call(id) => Some(id),
            Self::Account(_) => None,
        }
    }
}

/// Everything of the agent but its calls.
#[derive(Debug)]
pub struct Stack {
    /// The configuration.
    pub settings: Settings,
    /// Whether new calls are taken.
    pub intake: Intake,
    /// Tags, branches, ids.
    pub ids: Ids,
    /// The transactions.
    pub transactions: Transactions,
    /// What is to be done.
    pub fx: Effects,
    /// The connections that are open; the transport bounds their number.
    pub flows: Set<FlowId>,
    /// Who waits for a way: one for each request of ours.
    pub reaching: Map<ReachId, Owner>,
    /// The peers that take no connections.
    pub streamless: Streamless,
    /// Whether anybody listens to what new calls tell.
    pub has_audience: bool,
    /// The accounts that are reached in another way than before, until their calls know; at most all of them.
    pub moved: Vec<AccountNumber>,
    /// What the registrations have settled, in the order of [`Settings::accounts`].
    pub accounts: Vec<AccountLink>,
}

impl Stack {
    /// Sends a response to an INVITE of a call; its name is for a command that waits until it is sent.
    pub fn respond(&mut self, id: TransactionId, status: u16, response: Bytes) -> Receipt {
        self.transactions.respond(&mut self.fx, id, status, response)
    }

    /// The peer has another connection: responses go there if the one that the request came by is gone (§18.2.2).
    pub fn reroute(&mut self, id: TransactionId, flow: FlowId) {
        let path = self.transactions.path(id);
        if path.and_then(|path| path.flow).is_some_and(|flow| !self.flows.contains(&flow)) {
            self.transactions.reroute(id, flow);
        }
    }

    /// Answers a request other than INVITE.
    pub fn answer(&mut self, request: &Request, flow: &Flow, response: Bytes) {
        if self.transactions.is_crowded() {
            return self.respond_once(request, flow, response);
        }
        let names = (ServerKey::of(request), MergeKey::of(request));
        self.transactions.answer(&mut self.fx, names, response_path(&request.via, flow), response);
    }

    /// Refuses a request that makes and changes nothing; an INVITE through a transaction that waits for its ACK.
    pub fn refuse(&mut self, request: &Request, flow: &Flow, status: u16, response: Bytes) {
        if request.method.known() != Some(Known::Invite) {
            return self.answer(request, flow, response);
        }
        if self.transactions.is_crowded() {
            return self.respond_once(request, flow, response);
        }
        let names = (ServerKey::of(request), MergeKey::of(request));
        let path = response_path(&request.via, flow);
        let id = self.transactions.serve_invite(&mut self.fx, names, path, None, None);
        self.respond(id, status, response);
    }

    /// A response that nothing is kept of, neither a transaction nor a new connection: a repeated request is served anew (§8.2.7).
    pub fn respond_statelessly(&mut self, via: &Via, flow: &Flow, bytes: Bytes) {
        let Path { flow, otherwise, .. } = response_path(via, flow);
        let otherwise = otherwise.filter(|_| flow.is_none());
        self.fx.send(Transmit { flow, otherwise, receipt: None, bytes });
    }

    /// A response that nothing is kept of, where there is no room for a transaction: a repeated request is served anew.
    fn respond_once(&mut self, request: &Request, flow: &Flow, bytes: Bytes) {
        let Path { flow, otherwise, .. } = response_path(&request.via, flow);
        self.fx.send(Transmit { flow, otherwise, receipt: None, bytes });
    }

    /// Begins the transaction of an INVITE that belongs to a call with this tag.
    pub fn serve_invite(
        &mut self,
        request: &Request,
        flow: &Flow,
        owner: (CallId, ByteString),
        trying: Option<Bytes>,
    ) -> TransactionId {
        let names = (ServerKey::of(request), MergeKey::of(request));
        let path = response_path(&request.via, flow);
        let (call, tag) = owner;
        self.transactions.serve_invite(&mut self.fx, names, path, Some((Owner::Call(call), tag)), trying)
    }

    /// Sends a request other than INVITE.
    pub fn request(&mut self, owner: Owner, key: ClientKey, path: Path, request: Bytes) -> TransactionId {
        self.transactions.request(&mut self.fx, key, path, owner, request)
    }

    /// Sends an INVITE, with what the ACK to its refusal is made of.
    pub fn invite(
        &mut self,
        owner: Owner,
        key: ClientKey,
        path: Path,
        invite: (Bytes, Refusable),
    ) -> TransactionId {
        self.transactions.invite(&mut self.fx, key, path, owner, invite)
    }

    /// Looks for a way; its owner will be told.
    pub fn reach(&mut self, owner: Owner, destination: Destination) -> ReachId {
        let id = self.fx.reach(destination);
        self.reaching.insert(id, owner);
        id
    }

    /// Nobody waits for that way any more.
    pub fn forget_reach(&mut self, id: ReachId) {
        self.reaching.remove(&id);
    }
}

/// Whether the transport repeats lost messages itself (§17.1.1.1).
pub fn is_reliable(transport: Transport) -> bool {
    !matches!(transport, Transport::Udp)
}

/// Where the responses to a request go (§18.2.2): by the connection it came on; if that is gone, to the address it came
/// from and the port that its Via names. Over UDP to that port at once, unless `rport` asks for the one that it came from
/// (RFC 3581 §4); to `maddr` before either.
pub fn response_path(via: &Via, flow: &Flow) -> Path {
    let reliable = is_reliable(flow.transport);
    let seen = flow.peer.ip();
    let maddr = via.maddr.as_ref().filter(|_| !reliable);
    let port = match via.port.unwrap_or_else(|| default_port(flow.transport)) {
        _ if !reliable && via.rport && via.maddr.is_none() => flow.peer.port(),
        port => port,
    };
    let is_there = maddr.is_none_or(|host| host.parse() == Ok(seen)) && port == flow.peer.port();
    let host = maddr.cloned().unwrap_or_else(|| address_text(seen).into());
    // Whom a certificate must name is who the Via says that he is, wherever he was seen (RFC 5922 §7.1).
    let name = (flow.transport == Transport::Tls).then(|| via.host.clone());
    let hop = Hop { transport: Some(flow.transport), host, port: Some(port), secure: false, name };
    Path { flow: Some(flow.id).filter(|_| reliable || is_there), otherwise: Some(hop), reliable }
}

/// Where the peer of a flow is, to connect there again, and the name that it was found by.
pub fn peer_hop(flow: &Flow, name: Option<ByteString>) -> Hop {
    Hop {
        transport: Some(flow.transport),
        host: address_text(flow.peer.ip()).into(),
        port: Some(flow.peer.port()),
        secure: flow.transport == Transport::Tls,
        name,
    }
}

/// Whether a flow leads to a hop that is written as an address.
pub fn leads_to(flow: &Flow, hop: &Hop) -> bool {
    let port = hop.port.unwrap_or_else(|| default_port(flow.transport));
    hop.host.parse() == Ok(flow.peer.ip())
        && port == flow.peer.port()
        && hop.transport.is_none_or(|transport| transport == flow.transport)
        && (!hop.secure || flow.transport == Transport::Tls)
}

/// Whether the connection that we got by wanting `one` is what we would get by wanting `other`.
pub fn is_same_place(one: &Hop, other: &Hop) -> bool {
    one.host.eq_ignore_ascii_case(&other.host)
        && one.port == other.port
        && (other.transport.is_none() || one.transport == other.transport)
        && (one.secure || !other.secure)
}

/// The next hop that a URI names (RFC 3263 §4, before its look-ups).
pub fn hop_of(uri: &Uri) -> Hop {
    let transport = match uri.transport() {
        Some(Transport::Tcp) if uri.is_sips() => Some(Transport::Tls),
        transport => transport,
    };
    let maddr =
        uri.param("maddr").map(|maddr| maddr.trim_matches(['[', ']'])).filter(|maddr| !maddr.is_empty());
    Hop {
        transport,
        host: maddr.map_or_else(|| uri.host().as_ref().into(), ByteString::from),
        port: uri.port(),
        secure: uri.is_sips(),
        name: None,
    }
}

/// The word for a transport in URIs and for clients.
pub fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Sctp => "sctp",
        Transport::TlsSctp => "tls-sctp",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
    }
}

//! Transactions (RFC 3261 §17, RFC 6026): which message belongs to what, and when it is sent again.
//!
//! The store finds the transaction of a message and dispatches; each machine is a file. A machine acts through its
//! [`Wire`] and says whether it lives on.

mod client;
mod client_invite;
mod client_other;
mod index;
mod key;
mod server_invite;
mod server_other;
mod timers;
mod wire;

use bytes::Bytes;
use bytestring::ByteString;

use super::effects::Effects;
use super::map::{Hashing, Map};
use super::stack::Owner;
use super::{FlowId, Receipt};
use crate::sip::Response;
use client::Client;
use index::{Index, Names};
use server_invite::ServerInvite;
use server_other::ServerOther;
use wire::{Fate, Wire};

pub use client_invite::Refusable;
pub use key::{ClientKey, MergeKey, ServerKey};
pub use timers::{T1, Timer, WAIT, doubled};
pub use wire::Path;

/// Names a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It is on the wire; what becomes of it there is yet to be told.
    Sent,
    /// A provisional response; told for an INVITE only.
    Provisional(&'a Response),
    /// A final response.
    Final(&'a Response),
    /// A 2xx to an INVITE that had one already, from another dialog: another fork's (§13.2.2.4).
    Forked(&'a Response),
    /// No more 2xx can come to an INVITE that had one (timer M).
    Over,
    /// No final response within 64·T1 (timers B and F).
    TimedOut,
    /// No way to the peer (§8.1.3.1).
    Undelivered,
    /// The connection is gone that an INVITE went by, and the peer has said nothing; it may have read it. The transaction goes on.
    Lost,
    /// Nobody is there, the network says (§18.4), and the peer has said nothing. The transaction goes on.
    Refused,
}

/// News of a transaction for its owner.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Whom to tell.
    pub owner: Owner,
    /// Of which transaction.
    pub transaction: TransactionId,
    /// What.
    pub outcome: Outcome<'a>,
}

#[derive(Debug)]
enum Machine {
    ServerInvite(ServerInvite),
    ServerOther(ServerOther),
    Client(Client),
}

#[derive(Debug)]
struct Transaction {
    machine: Machine,
    path: Path,
    names: Names,
    owner: Option<Owner>,
    /// Of an INVITE that made a call: the To tag of its responses.
    tag: Option<ByteString>,
}

impl Transaction {
    /// The flow that a request of ours is lost with.
    fn carrier(&self) -> Option<FlowId> {
        let is_ours = matches!(self.machine, Machine::Client(_));
        self.path.flow.filter(|_| is_ours)
    }
}

/// All transactions. At `limit` of them [`Transactions::is_full`] says so: new INVITEs are refused, and what is refused or
/// answered then is so without one. Requests of ours are few per call: its INVITE and CANCEL, its BYE, and one BYE for each other
/// dialog that the INVITE has made, 16 at most.
#[derive(Debug)]
pub struct Transactions {
    limit: usize,
    /// How many of them may be those of refused INVITEs.
    spare: usize,
    ownerless: usize,
    last: u64,
    /// In boxes: the map may grow while calls wait, and then moves what is in it.
    all: Map<TransactionId, Box<Transaction>>,
    index: Index,
}

impl Transactions {
    /// None yet.
    pub fn new(limit: usize, spare: usize, hashing: &Hashing) -> Self {
        Self {
            limit,
            spare,
            ownerless: 0,
            last: 0,
            all: Map::with_hasher(hashing.clone()),
            index: Index::new(hashing),
        }
    }

    /// Whether a further INVITE must be refused.
    pub fn is_full(&self) -> bool {
        self.all.len() >= self.limit
    }

    /// How many there are, and by how many names they are found.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> (usize, usize) {
        (self.all.len(), self.index.len())
    }

    /// The server transaction of a request (§17.2.3).
    pub fn server(&self, key: &ServerKey) -> Option<TransactionId> {
        self.index.server(key)
    }

    /// Whether a request with the same From tag, Call-ID and CSeq is being served (§8.2.2.2).
    pub fn is_known(&self, key: &MergeKey) -> bool {
        self.index.is_known(key)
    }

    /// Whom a transaction is for.
    pub fn owner(&self, id: TransactionId) -> Option<Owner> {
        self.all.get(&id).and_then(|transaction| transaction.owner)
    }

    /// The To tag that an INVITE which made a call has been answered with.
    pub fn tag(&self, id: TransactionId) -> Option<&ByteString> {
        self.all.get(&id).and_then(|transaction| transaction.tag.as_ref())
    }

    /// Begins the server transaction of an INVITE, for a call with its tag if it is a call's; `trying` is its 100.
    pub fn serve_invite(
        &mut self,
        fx: &mut Effects,
        (key, merge): (ServerKey, Option<MergeKey>),
        path: Path,
        owner: Option<(Owner, ByteString)>,
        trying: Option<Bytes>,
    ) -> TransactionId {
        let id = self.next_id();
        let machine = Machine::ServerInvite(ServerInvite::begin(trying, &mut Wire { id, path: &path, fx }));
        let (owner, tag) = owner.unzip();
        self.add(id, Transaction { machine, path, names: Names::Server(key, merge), owner, tag });
        id
    }

    /// Sends a response to an INVITE; its name is for who waits for the sending.
    pub fn respond(&mut self, fx: &mut Effects, id: TransactionId, status: u16, response: Bytes) -> Receipt {
        let receipt = fx.receipt();
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.respond(status, response, receipt, wire),
            Machine::ServerOther(_) | Machine::Client(_) => Fate::Lives,
        });
        receipt
    }

    /// Where the messages of a transaction go.
    pub fn path(&self, id: TransactionId) -> Option<&Path> {
        self.all.get(&id).map(|transaction| &transaction.path)
    }

    /// The peer has another connection now: what it is sent goes there.
    pub fn reroute(&mut self, id: TransactionId, flow: FlowId) {
        if let Some(transaction) = self.all.get_mut(&id) {
            transaction.path.flow = Some(flow);
        }
    }

    /// Whether no more INVITEs can be refused with a transaction that waits for their ACK.
    pub fn is_crowded(&self) -> bool {
        self.ownerless >= self.spare || self.is_full()
    }

    /// Sends the only response to a request other than INVITE, and keeps it where the request may be repeated.
    pub fn answer(
        &mut self,
        fx: &mut Effects,
        (key, merge): (ServerKey, Option<MergeKey>),
        path: Path,
        response: Bytes,
    ) {
        let id = self.next_id();
        let mut machine = ServerOther::new(response);
        if machine.begin(&mut Wire { id, path: &path, fx }) == Fate::Lives {
            let (machine, names) = (Machine::ServerOther(machine), Names::Server(key, merge));
            self.add(id, Transaction { machine, path, names, owner: None, tag: None });
        }
    }

    /// A request came again.
    pub fn repeated(&mut self, fx: &mut Effects, id: TransactionId) {
        fx.tally.repeated += 1;
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.repeated(wire),
            Machine::ServerOther(other) => other.repeated(wire),
            Machine::Client(_) => Fate::Lives,
        });
    }

    /// An ACK came with the branch of its INVITE: it is for a final response other than 2xx.
    pub fn acknowledged(&mut self, fx: &mut Effects, id: TransactionId) {
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.acknowledged(wire),
            Machine::ServerOther(_) | Machine::Client(_) => Fate::Lives,
        });
    }

    fn with(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        act: impl FnOnce(&mut Machine, &mut Wire<'_>) -> Fate,
    ) {
        let Some(transaction) = self.all.get_mut(&id) else { return };
        let Transaction { machine, path, .. } = &mut **transaction;
        if act(machine, &mut Wire { id, path, fx }) == Fate::Over {
            self.remove(fx, id);
        }
    }

    fn next_id(&mut self) -> TransactionId {
        self.last += 1;
        TransactionId(self.last)
    }

    fn add(&mut self, id: TransactionId, transaction: Transaction) {
        self.index.add(&transaction.names, id);
        if let Some(flow) = transaction.carrier() {
            self.index.send_by(flow, id);
        }
        self.ownerless += usize::from(transaction.owner.is_none());
        self.all.insert(id, Box::new(transaction));
    }

    fn remove(&mut self, fx: &mut Effects, id: TransactionId) {
        fx.alarms.cancel_transaction(id);
        if let Some(transaction) = self.all.remove(&id) {
            self.index.remove(&transaction.names, id);
            if let Some(flow) = transaction.carrier() {
                self.index.forget_sent(flow, id);
            }
            self.ownerless -= usize::from(transaction.owner.is_none());
        }
    }
}

//! Transactions (RFC 3261 §17, RFC 6026): which message belongs to what, and when it is sent again.
//!
//! The store finds the transaction of a message and dispatches; each machine is a file. A machine acts through its
//! [`Wire`] and says whether it lives on.

mod client_other;
mod key;
mod server_invite;
mod server_other;
mod timers;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::alarms::Alarm;
use super::effects::Effects;
use super::{CallId, FlowId, Hop, Receipt, Transmit};
use client_other::ClientOther;
use server_invite::ServerInvite;
use server_other::ServerOther;

pub use client_other::Outcome;
pub use key::{ClientKey, MergeKey, ServerKey};
pub use timers::{T1, Timer, WAIT, doubled};

/// Names a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

/// Where a transaction's messages go.
#[derive(Clone, Debug)]
pub struct Path {
    /// The connection, as long as it is open.
    pub flow: FlowId,
    /// Where to connect to if it is not.
    pub otherwise: Option<Hop>,
    /// Whether the transport repeats lost messages itself.
    pub reliable: bool,
}

/// Whether a machine lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Over,
}

/// What a machine acts through.
struct Wire<'a> {
    id: TransactionId,
    path: &'a Path,
    fx: &'a mut Effects,
}

impl Wire<'_> {
    fn send(&mut self, bytes: &Bytes) {
        self.transmit(bytes, None);
    }

    fn send_with_receipt(&mut self, bytes: &Bytes) {
        self.transmit(bytes, Some(Receipt(self.id.0)));
    }

    fn transmit(&mut self, bytes: &Bytes, receipt: Option<Receipt>) {
        let Path { flow, otherwise, .. } = self.path.clone();
        self.fx.send(Transmit { flow, otherwise, receipt, bytes: bytes.clone() });
    }

    fn arm(&mut self, timer: Timer, after: Duration) {
        self.fx.arm(Alarm::Transaction(self.id, timer), after);
    }

    fn disarm(&mut self, timer: Timer) {
        self.fx.disarm(Alarm::Transaction(self.id, timer));
    }

    /// `after` on an unreliable transport, nothing on a reliable one (timers I, J, K).
    fn linger(&mut self, timer: Timer, after: Duration) -> Fate {
        if self.path.reliable {
            return Fate::Over;
        }
        self.arm(timer, after);
        Fate::Lives
    }
}

#[derive(Debug)]
enum Machine {
    ServerInvite(ServerInvite),
    ServerOther(ServerOther),
    ClientOther(ClientOther),
}

/// What a transaction is found by.
#[derive(Debug)]
enum Names {
    Server(ServerKey, Option<MergeKey>),
    Client(ClientKey),
}

#[derive(Debug)]
struct Transaction {
    machine: Machine,
    path: Path,
    names: Names,
    owner: Option<CallId>,
    /// Of an INVITE that made a call: the To tag of its responses.
    tag: Option<ByteString>,
}

/// All transactions. At `limit` of them [`Transactions::is_full`] says so: new INVITEs are refused, and what is refused or
/// answered then is so without one. Requests of ours are one per call at a time.
#[derive(Debug)]
pub struct Transactions {
    limit: usize,
    last: u64,
    all: HashMap<TransactionId, Transaction>,
    servers: HashMap<ServerKey, TransactionId>,
    merges: HashMap<MergeKey, TransactionId>,
    clients: HashMap<ClientKey, TransactionId>,
}

impl Transactions {
    /// None yet.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            last: 0,
            all: HashMap::new(),
            servers: HashMap::new(),
            merges: HashMap::new(),
            clients: HashMap::new(),
        }
    }

    /// Whether a further INVITE must be refused.
    pub fn is_full(&self) -> bool {
        self.all.len() >= self.limit
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The server transaction of a request (§17.2.3).
    pub fn server(&self, key: &ServerKey) -> Option<TransactionId> {
        self.servers.get(key).copied()
    }

    /// Whether a request with the same From tag, Call-ID and CSeq is being served (§8.2.2.2).
    pub fn is_known(&self, key: &MergeKey) -> bool {
        self.merges.contains_key(key)
    }

    /// The call that a transaction belongs to.
    pub fn owner(&self, id: TransactionId) -> Option<CallId> {
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
        owner: Option<(CallId, ByteString)>,
        trying: Option<Bytes>,
    ) -> TransactionId {
        let id = self.next_id();
        let machine = Machine::ServerInvite(ServerInvite::begin(trying, &mut Wire { id, path: &path, fx }));
        let (owner, tag) = owner.unzip();
        self.add(id, Transaction { machine, path, names: Names::Server(key, merge), owner, tag });
        id
    }

    /// Sends a response to an INVITE.
    pub fn respond(&mut self, fx: &mut Effects, id: TransactionId, status: u16, response: Bytes) {
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.respond(status, response, wire),
            Machine::ServerOther(_) | Machine::ClientOther(_) => Fate::Lives,
        });
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
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.repeated(wire),
            Machine::ServerOther(other) => other.repeated(wire),
            Machine::ClientOther(_) => Fate::Lives,
        });
    }

    /// An ACK came with the branch of its INVITE: it is for a final response other than 2xx.
    pub fn acknowledged(&mut self, fx: &mut Effects, id: TransactionId) {
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.acknowledged(wire),
            Machine::ServerOther(_) | Machine::ClientOther(_) => Fate::Lives,
        });
    }

    /// Sends a request other than INVITE.
    pub fn request(
        &mut self,
        fx: &mut Effects,
        key: ClientKey,
        path: Path,
        owner: CallId,
        request: Bytes,
    ) -> TransactionId {
        let id = self.next_id();
        let machine = Machine::ClientOther(ClientOther::begin(request, &mut Wire { id, path: &path, fx }));
        self.add(id, Transaction { machine, path, names: Names::Client(key), owner: Some(owner), tag: None });
        id
    }

    /// A response came: the owner of its transaction and what it means to it, if it means anything new.
    pub fn handle_response(
        &mut self,
        fx: &mut Effects,
        key: &ClientKey,
        status: u16,
    ) -> Option<(CallId, Outcome)> {
        let id = *self.clients.get(key)?;
        self.with_client(fx, id, |client, wire| client.handle_response(status, wire))
    }

    /// A request could not be sent.
    pub fn handle_undelivered(&mut self, fx: &mut Effects, receipt: Receipt) -> Option<(CallId, Outcome)> {
        self.with_client(fx, TransactionId(receipt.0), |client, _| client.handle_undelivered())
    }

    /// A timer fired.
    pub fn handle_timer(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        timer: Timer,
    ) -> Option<(CallId, Outcome)> {
        let transaction = self.all.get(&id)?;
        if matches!(transaction.machine, Machine::ClientOther(_)) {
            return self.with_client(fx, id, |client, wire| client.handle_timer(timer, wire));
        }
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.handle_timer(timer, wire),
            Machine::ServerOther(_) | Machine::ClientOther(_) => Fate::Over,
        });
        None
    }

    fn with_client(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        act: impl FnOnce(&mut ClientOther, &mut Wire<'_>) -> (Fate, Option<Outcome>),
    ) -> Option<(CallId, Outcome)> {
        let owner = self.owner(id)?;
        let mut outcome = None;
        self.with(fx, id, |machine, wire| match machine {
            Machine::ClientOther(client) => {
                let (fate, told) = act(client, wire);
                outcome = told;
                fate
            }
            Machine::ServerInvite(_) | Machine::ServerOther(_) => Fate::Lives,
        });
        outcome.map(|outcome| (owner, outcome))
    }

    fn with(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        act: impl FnOnce(&mut Machine, &mut Wire<'_>) -> Fate,
    ) {
        let Some(Transaction { machine, path, .. }) = self.all.get_mut(&id) else { return };
        if act(machine, &mut Wire { id, path, fx }) == Fate::Over {
            self.remove(fx, id);
        }
    }

    fn next_id(&mut self) -> TransactionId {
        self.last += 1;
        TransactionId(self.last)
    }

    fn add(&mut self, id: TransactionId, transaction: Transaction) {
        match &transaction.names {
            Names::Server(key, merge) => {
                self.servers.insert(key.clone(), id);
                if let Some(merge) = merge {
                    self.merges.entry(merge.clone()).or_insert(id);
                }
            }
            Names::Client(key) => {
                self.clients.insert(key.clone(), id);
            }
        }
        self.all.insert(id, transaction);
    }

    fn remove(&mut self, fx: &mut Effects, id: TransactionId) {
        fx.alarms.cancel_transaction(id);
        match self.all.remove(&id).map(|transaction| transaction.names) {
            Some(Names::Server(key, merge)) => {
                self.servers.remove(&key);
                // A copy of the request that came later and was refused has the same name.
                if let Some(merge) = merge.filter(|merge| self.merges.get(merge) == Some(&id)) {
                    self.merges.remove(&merge);
                }
            }
            Some(Names::Client(key)) => {
                self.clients.remove(&key);
            }
            None => {}
        }
    }
}

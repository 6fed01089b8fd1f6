//! The transactions of our requests: sent, answered, repeated, given up.

use bytes::Bytes;
use bytestring::ByteString;

use super::client_invite::{ClientInvite, Refusable};
use super::client_other::ClientOther;
use super::index::Names;
use super::wire::{Fate, Wire};
use super::{ClientKey, Machine, Outcome, Path, Timer, Told, Transaction, TransactionId, Transactions};
use crate::agent::effects::Effects;
use crate::agent::stack::Owner;
use crate::agent::{FlowId, Transmit};
use crate::sip::Response;

/// The machine of a request of ours.
#[derive(Debug)]
pub(super) enum Client {
    Invite(ClientInvite),
    Other(ClientOther),
}

type Step<'a> = (Fate, Option<Outcome<'a>>);

impl Client {
    fn handle_response<'a>(&mut self, response: &'a Response, wire: &mut Wire<'_>) -> Step<'a> {
        match self {
            Self::Invite(invite) => invite.handle_response(response, wire),
            Self::Other(other) => other.handle_response(response, wire),
        }
    }

    fn handle_undelivered(&mut self) -> Step<'static> {
        match self {
            Self::Invite(invite) => invite.handle_undelivered(),
            Self::Other(other) => other.handle_undelivered(),
        }
    }

    fn handle_lost(&mut self, wire: &mut Wire<'_>) -> Step<'static> {
        match self {
            Self::Invite(invite) => invite.handle_lost(wire),
            Self::Other(other) => other.handle_lost(wire),
        }
    }

    fn is_unheard(&self) -> bool {
        match self {
            Self::Invite(invite) => invite.is_calling(),
            Self::Other(other) => other.is_trying(),
        }
    }

    fn handle_timer(&mut self, timer: Timer, wire: &mut Wire<'_>) -> Step<'static> {
        match self {
            Self::Invite(invite) => invite.handle_timer(timer, wire),
            Self::Other(other) => other.handle_timer(timer, wire),
        }
    }
}

impl Transactions {
    /// Sends a request other than INVITE.
    pub fn request(
        &mut self,
        fx: &mut Effects,
        key: ClientKey,
        path: Path,
        owner: Owner,
        request: Bytes,
    ) -> TransactionId {
        let begin = |wire: &mut Wire<'_>| Client::Other(ClientOther::begin(request, wire));
        self.begin(fx, key, path, owner, begin)
    }

    /// Sends an INVITE.
    pub fn invite(
        &mut self,
        fx: &mut Effects,
        key: ClientKey,
        path: Path,
        owner: Owner,
        (invite, refusable): (Bytes, Refusable),
    ) -> TransactionId {
        let begin = |wire: &mut Wire<'_>| Client::Invite(ClientInvite::begin(invite, refusable, wire));
        self.begin(fx, key, path, owner, begin)
    }

    fn begin(
        &mut self,
        fx: &mut Effects,
        key: ClientKey,
        path: Path,
        owner: Owner,
        begin: impl FnOnce(&mut Wire<'_>) -> Client,
    ) -> TransactionId {
        let id = self.next_id();
        let machine = Machine::Client(begin(&mut Wire { id, path: &path, fx }));
        self.add(id, Transaction { machine, path, names: Names::Client(key), owner: Some(owner), tag: None });
        id
    }

    /// Sends an INVITE that nothing was heard of once more, by this connection in place of one that is gone.
    pub fn resend(&mut self, fx: &mut Effects, id: TransactionId, flow: FlowId) {
        let Some(transaction) = self.all.get_mut(&id) else { return };
        if let Some(gone) = transaction.path.flow.replace(flow) {
            self.index.forget_sent(gone, id);
        }
        self.index.send_by(flow, id);
        self.with(fx, id, |machine, wire| {
            if let Machine::Client(Client::Invite(invite)) = machine {
                invite.resend(wire);
            }
            Fate::Lives
        });
    }

    /// Whether an INVITE has had a provisional response and nothing else: then it can be cancelled (§9.1).
    pub fn is_proceeding(&self, id: TransactionId) -> bool {
        let machine = self.all.get(&id).map(|transaction| &transaction.machine);
        matches!(machine, Some(Machine::Client(Client::Invite(invite))) if invite.is_proceeding())
    }

    /// Sends the ACK to the 2xx with this To tag, now and whenever that 2xx comes again.
    pub fn acknowledge(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        tag: Option<&ByteString>,
        ack: Transmit,
    ) {
        self.with(fx, id, |machine, wire| {
            if let Machine::Client(Client::Invite(invite)) = machine {
                invite.acknowledge(tag, ack, wire);
            }
            Fate::Lives
        });
    }

    /// Forgets an INVITE that has no final response 64·T1 after its CANCEL (§9.1).
    pub fn abandon(&mut self, fx: &mut Effects, id: TransactionId) {
        self.with(fx, id, |machine, _| match machine {
            Machine::Client(_) => Fate::Over,
            Machine::ServerInvite(_) | Machine::ServerOther(_) => Fate::Lives,
        });
    }

    /// A response came: the owner of its transaction and what it means to it, if it means anything new.
    pub fn handle_response<'a>(
        &mut self,
        fx: &mut Effects,
        key: &ClientKey,
        response: &'a Response,
    ) -> Option<Told<'a>> {
        let id = self.index.client(key)?;
        self.with_client(fx, id, |client, wire| client.handle_response(response, wire))
    }

    /// A request could not be sent.
    pub fn handle_undelivered(&mut self, fx: &mut Effects, id: TransactionId) -> Option<Told<'static>> {
        self.with_client(fx, id, |client, _| client.handle_undelivered())
    }

    /// What of ours was sent by a connection that is gone now.
    pub fn sent_by(&self, flow: FlowId) -> Vec<TransactionId> {
        self.index.sent_by(flow)
    }

    /// The connection is gone that a request was sent by: one that the peer has said nothing to may not have come to it. That is
    /// as if it had not been sent (§8.1.3.1), but for an INVITE: what it has begun at the peer must not go on unheard.
    pub fn handle_lost(&mut self, fx: &mut Effects, id: TransactionId) -> Option<Told<'static>> {
        self.with_client(fx, id, |client, wire| client.handle_lost(wire))
    }

    /// Nobody is where a request was sent to, the network says: told of one that nothing was heard of. It goes on as if nothing had been said.
    pub fn handle_refused(&self, id: TransactionId) -> Option<Told<'static>> {
        let owner = self.owner(id)?;
        let is_unheard =
            matches!(&self.all.get(&id)?.machine, Machine::Client(client) if client.is_unheard());
        is_unheard.then_some(Told { owner, transaction: id, outcome: Outcome::Refused })
    }

    /// A timer fired.
    pub fn handle_timer(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        timer: Timer,
    ) -> Option<Told<'static>> {
        let transaction = self.all.get(&id)?;
        if matches!(transaction.machine, Machine::Client(_)) {
            return self.with_client(fx, id, |client, wire| client.handle_timer(timer, wire));
        }
        self.with(fx, id, |machine, wire| match machine {
            Machine::ServerInvite(invite) => invite.handle_timer(timer, wire),
            Machine::ServerOther(_) | Machine::Client(_) => Fate::Over,
        });
        None
    }

    fn with_client<'a>(
        &mut self,
        fx: &mut Effects,
        id: TransactionId,
        act: impl FnOnce(&mut Client, &mut Wire<'_>) -> Step<'a>,
    ) -> Option<Told<'a>> {
        let owner = self.owner(id)?;
        let mut outcome = None;
        self.with(fx, id, |machine, wire| match machine {
            Machine::Client(client) => {
                let (fate, told) = act(client, wire);
                outcome = told;
                fate
            }
            Machine::ServerInvite(_) | Machine::ServerOther(_) => Fate::Lives,
        });
        outcome.map(|outcome| Told { owner, transaction: id, outcome })
    }
}

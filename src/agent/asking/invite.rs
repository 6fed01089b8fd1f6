//! What an INVITE of ours needs beyond any request: its CANCEL (RFC 3261 §9.1), the ACK to its 2xx (§13.2.2.4), and not to
//! be sent again once it is given up.

use bytestring::ByteString;

use super::{Asking, MAX_CHALLENGES, Stage};
use crate::agent::auth::Proof;
use crate::agent::command::NewHeader;
use crate::agent::network::{Destination, Flow};
use crate::agent::request::{Head, via};
use crate::agent::stack::{Stack, is_reliable, peer_hop};
use crate::agent::transaction::{ClientKey, Path, TransactionId};
use crate::agent::{Hop, ReachId, Transmit, respond};
use crate::sip::{Known, Transport, Writer};

/// The headers that a request has answered challenges with; the ACK repeats them (§22.1).
#[derive(Debug, Default)]
pub(super) struct Proofs(pub Vec<Proof>);

impl Proofs {
    pub fn written(&self, writer: Writer) -> Writer {
        self.0.iter().fold(writer, |writer, proof| writer.header(proof.name(), proof.value()))
    }
}

impl Asking {
    /// Whether that way is looked for on its behalf.
    pub fn waits_for(&self, id: ReachId) -> bool {
        matches!(self.stage, Stage::Reaching(mine) if mine == id)
    }

    /// Whether that transaction is its own.
    pub fn runs_in(&self, id: TransactionId) -> bool {
        matches!(self.stage, Stage::Sent { transaction, .. } if transaction == id)
    }

    /// Whatever comes next is its end: it is sent no more, neither with credentials nor to another address.
    pub fn resign(&mut self) {
        self.rest = Destination::Addresses(Vec::new());
        self.again = None;
        self.is_renewed = true;
        self.challenged = MAX_CHALLENGES;
    }

    /// Whether it is sent no more, but as it was.
    pub(super) fn is_resigned(&self) -> bool {
        self.challenged == MAX_CHALLENGES
    }

    /// Sends the CANCEL of an INVITE that the peer works on; it must not be sent before (§9.1). Whether it was.
    pub fn cancel(&self, stack: &mut Stack, headers: &[NewHeader]) -> bool {
        let Stage::Sent { transaction, flow, branch, .. } = &self.stage else { return false };
        if !stack.transactions.is_proceeding(*transaction) {
            return false;
        }
        let writer = self.head.begin(Known::Cancel, &via(stack, flow, branch));
        let bytes = respond::with_headers(writer, headers).finish();
        let reliable = is_reliable(flow.transport);
        let path = Path { flow: Some(flow.id), otherwise: Some(peer_hop(flow, self.name.clone())), reliable };
        stack.request(self.owner, ClientKey::new(branch.clone(), Known::Cancel), path, bytes);
        true
    }

    /// Sends the ACK to a 2xx with this To tag: `head` is the dialog's, and it goes by `flow` if that is open, else to `hop`.
    pub fn acknowledge(
        &self,
        stack: &mut Stack,
        tag: Option<&ByteString>,
        head: &Head,
        way: (Option<Flow>, Hop),
    ) {
        let Stage::Sent { transaction, flow, proofs, .. } = &self.stage else { return };
        let ack = ack_with(stack, flow, (head, proofs), way);
        stack.transactions.acknowledge(&mut stack.fx, *transaction, tag, ack);
    }

    /// Forgets an INVITE that will not be answered any more.
    pub fn forget(&mut self, stack: &mut Stack) {
        if let Some((transaction, _)) = self.sent() {
            stack.transactions.abandon(&mut stack.fx, transaction);
        }
        self.stop_renewing(stack);
        self.abandon(stack);
        self.stage = Stage::Over;
    }
}

/// The ACK to a 2xx without credentials: `head` is the dialog's, and it goes by the way's flow if that is open, else to its hop; the INVITE
/// went by `invited`.
pub fn ack(stack: &mut Stack, invited: &Flow, head: &Head, way: (Option<Flow>, Hop)) -> Transmit {
    ack_with(stack, invited, (head, &Proofs::default()), way)
}

fn ack_with(
    stack: &mut Stack,
    invited: &Flow,
    (head, proofs): (&Head, &Proofs),
    (flow, hop): (Option<Flow>, Hop),
) -> Transmit {
    let branch = stack.ids.branch();
    let via = match &flow {
        Some(flow) => via(stack, flow, &branch),
        // What connection it will go by is not known yet; no response comes back to this Via.
        None => via(stack, &unconnected(invited, &hop), &branch),
    };
    let bytes = proofs.written(head.begin(Known::Ack, &via)).finish();
    Transmit { flow: flow.map(|flow| flow.id), otherwise: Some(hop), receipt: None, bytes }
}

/// The flow that a connection of ours to a hop would be, as far as Via tells.
fn unconnected(like: &Flow, hop: &Hop) -> Flow {
    let transport = if hop.secure { Some(Transport::Tls) } else { hop.transport };
    match transport.filter(|transport| *transport != like.transport) {
        Some(transport) => Flow { transport, listener: None, ..*like },
        None => *like,
    }
}

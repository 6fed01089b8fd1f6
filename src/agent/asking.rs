//! A request of ours on its way: from finding its next hop to its final response (RFC 3261 §8.1.2, §8.1.3).
//!
//! ```text
//!           no open connection         a way
//!   begin ──────────────────► Reaching ─────► Sent ──► final response, no response, no way: told to the owner
//!     └──────── a connection ──────────────────▲ │
//!                                              └─┘ challenged: once more, with credentials (§22)
//!                                Reaching ◄───── too large for a datagram: a connection, if the peer takes any (§18.1.1)
//!                                Reaching ◄───── the connection was there and turns out dead: a new one, once (§18.4)
//!                                     Sent ◄───── the same, or any, of an INVITE that may have been read: as it was, by a new one, once
//!                                Reaching ◄───── 503, no response, not sent, nobody there: the next address (RFC 3263 §4.3),
//!                                                 and behind all of them where the peer was heard from
//! ```

mod invite;
mod large;
mod progress;
mod renew;
mod resort;
mod send;

use std::net::SocketAddr;

use bytes::Bytes;
use bytestring::ByteString;

use super::FlowId;
use super::auth::Authorizations;
use super::network::{Address, Destination, Flow, ReachId, Reached, Unreachable};
use super::request::{Head, Way};
use super::stack::{Owner, Stack};
use super::transaction::{Outcome, TransactionId};
use crate::sip::digest::Credentials;
use crate::sip::{Known, Response, Writer};
use invite::Proofs;
pub use invite::ack;
pub use large::Streamless;
use progress::Fallen;
pub use progress::{Progress, Reply};

/// How often one request may be sent again with credentials: for a proxy, for the server behind it, and for a nonce that
/// was stale.
pub const MAX_CHALLENGES: u32 = 4;

/// A request and what has become of it.
#[derive(Debug)]
pub struct Asking {
    owner: Owner,
    method: Known,
    head: Head,
    /// Whom the certificate of its next hop must name.
    name: Option<ByteString>,
    /// What is left to be tried if the connection in use fails.
    rest: Destination,
    /// Where the connection in use leads, if it was there already and may be made again.
    again: Option<Address>,
    /// Whom the peer was heard from, if nothing else works.
    heard: Option<Flow>,
    has_resorted: bool,
    /// Whether one was made again. Once is enough: a peer might end each one.
    is_renewed: bool,
    /// A new connection is looked for, for an INVITE whose transaction goes on.
    renewing: Option<ReachId>,
    /// The peer that gets datagrams of any size: a connection to it has been looked for.
    no_stream_to: Option<SocketAddr>,
    challenged: u32,
    /// What the last address that gave way to the next one has made of it.
    fallen: Option<Fallen>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A way to the next hop is being looked for.
    Reaching(ReachId),
    /// Its transaction runs; that of an answered INVITE until no more 2xx can come.
    Sent { transaction: TransactionId, flow: Flow, branch: ByteString, proofs: Proofs },
    /// Its owner has been told the end.
    Over,
}

/// What a request needs of its owner whenever it is sent.
pub struct Means<'a> {
    /// Who we are where we are challenged.
    pub credentials: Option<&'a Credentials>,
    /// The challenges that are known.
    pub authorizations: &'a mut Authorizations,
    /// Writes what the method needs and ends the message; Contact depends on the flow.
    pub fill: &'a dyn Fn(&Stack, &Flow, Writer) -> Bytes,
}

impl Asking {
    /// Sends a request, or looks for a way first.
    pub fn begin(
        stack: &mut Stack,
        owner: Owner,
        (method, head): (Known, Head),
        way: Way,
        means: Means<'_>,
    ) -> Self {
        let name = way.hop.as_ref().map(|hop| hop.certified().clone());
        let rest = way.hop.map_or(Destination::Addresses(Vec::new()), Destination::Hop);
        let mut this = Self {
            owner,
            method,
            head,
            name,
            rest,
            again: None,
            heard: way.otherwise.filter(|heard| way.flow.is_none_or(|flow| flow.id != heard.id)),
            has_resorted: false,
            is_renewed: false,
            renewing: None,
            no_stream_to: None,
            challenged: 0,
            fallen: None,
            stage: Stage::Over,
        };
        match way.flow {
            Some(flow) => this.send(stack, flow, means),
            None => this.reach(stack),
        }
        this
    }

    /// What it and those like it share; its CSeq has grown with each challenge.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its transaction and the connection it was sent by.
    pub fn sent(&self) -> Option<(TransactionId, Flow)> {
        match self.stage {
            Stage::Sent { transaction, flow, .. } => Some((transaction, flow)),
            Stage::Reaching(_) | Stage::Over => None,
        }
    }

    /// A way was found, or there is none.
    pub fn handle_reached(
        &mut self,
        stack: &mut Stack,
        id: ReachId,
        reached: Result<Reached, Unreachable>,
        mut means: Means<'_>,
    ) -> Progress<'static> {
        if self.is_renewing(id) {
            return self.handle_renewed(stack, reached, means);
        }
        if !matches!(self.stage, Stage::Reaching(mine) if mine == id) {
            return Progress::Waits;
        }
        match reached {
            Ok(Reached { flow, again, others }) => {
                self.again = again.filter(|_| !self.is_renewed);
                self.rest = Destination::Addresses(Self::beside(&flow, others));
                self.send(stack, flow, means);
                Progress::Waits
            }
            Err(_) if self.resort(stack, &mut means) => Progress::Waits,
            Err(_) => self.fall(),
        }
    }

    /// Its transaction has something to say.
    pub fn handle_outcome<'a>(
        &mut self,
        stack: &mut Stack,
        id: TransactionId,
        outcome: Outcome<'a>,
        mut means: Means<'_>,
    ) -> Progress<'a> {
        let Stage::Sent { transaction, flow, .. } = self.stage else { return Progress::Waits };
        if transaction != id {
            return Progress::Waits;
        }
        if !matches!(outcome, Outcome::Sent) {
            self.stop_renewing(stack);
        }
        match outcome {
            Outcome::Sent => Progress::Sent,
            Outcome::Lost if self.renew(stack, &flow) => Progress::Waits,
            Outcome::Lost => {
                stack.transactions.abandon(&mut stack.fx, transaction);
                if self.try_again(stack) { Progress::Waits } else { self.fall() }
            }
            Outcome::Provisional(response) => Progress::Provisional(response),
            Outcome::Forked(response) => Progress::Forked(response),
            Outcome::Final(response) if self.method == Known::Invite && response.status < 300 => {
                Progress::Final(Reply::New(response))
            }
            Outcome::Over => {
                self.stage = Stage::Over;
                Progress::Over
            }
            Outcome::Final(response) if self.can_answer(response, &mut means) => {
                self.challenged += 1;
                self.head.cseq += 1;
                self.send(stack, flow, means);
                Progress::Waits
            }
            Outcome::Final(response) if response.status == 503 && self.try_another(stack) => {
                self.fallen = Some(Fallen::Refused(response.clone().into()));
                Progress::Waits
            }
            Outcome::Final(response) => {
                self.stage = Stage::Over;
                Progress::Final(Reply::New(response))
            }
            Outcome::TimedOut if self.try_another(stack) || self.resort(stack, &mut means) => {
                self.fallen = Some(Fallen::Silent);
                Progress::Waits
            }
            Outcome::Undelivered if self.try_again(stack) || self.resort(stack, &mut means) => {
                Progress::Waits
            }
            Outcome::Refused => {
                if self.try_another(stack) || self.resort(stack, &mut means) {
                    stack.transactions.abandon(&mut stack.fx, transaction);
                }
                Progress::Waits
            }
            Outcome::TimedOut => {
                self.stage = Stage::Over;
                Progress::TimedOut
            }
            Outcome::Undelivered => self.fall(),
        }
    }

    /// A connection is gone: what was sent by it will not be answered.
    pub fn handle_flow_closed(&mut self, stack: &mut Stack, id: FlowId) -> Progress<'static> {
        let Stage::Sent { transaction, flow, .. } = self.stage else { return Progress::Waits };
        if flow.id != id {
            return Progress::Waits;
        }
        stack.transactions.abandon(&mut stack.fx, transaction);
        if self.try_again(stack) { Progress::Waits } else { self.fall() }
    }

    /// Nobody waits for a way any more; whether none had been found yet, so that nothing was sent.
    pub fn abandon(&mut self, stack: &mut Stack) -> bool {
        let Stage::Reaching(id) = self.stage else { return false };
        stack.forget_reach(id);
        self.stage = Stage::Over;
        true
    }

    /// Whether a response is a challenge that can be answered; what it asks is then known.
    fn can_answer(&self, response: &Response, means: &mut Means<'_>) -> bool {
        let Stage::Sent { proofs, .. } = &self.stage else { return false };
        matches!(response.status, 401 | 407)
            && self.challenged < MAX_CHALLENGES
            && means.credentials.is_some()
            && means.authorizations.learn(response, &proofs.0)
    }

    /// A peer did not serve the request: the next address, if the hop has more of them.
    fn try_another(&mut self, stack: &mut Stack) -> bool {
        matches!(self.rest, Destination::Addresses(_)) && self.try_next(stack)
    }

    /// The connection is dead: a new one in its place, if it was not made for this, or the next address.
    fn try_again(&mut self, stack: &mut Stack) -> bool {
        if let (Some(again), Destination::Addresses(others)) = (self.again.take(), &mut self.rest) {
            self.is_renewed = true;
            others.insert(0, again);
        }
        self.try_next(stack)
    }

    /// Looks for a way among what has not been tried; whether anything is left.
    fn try_next(&mut self, stack: &mut Stack) -> bool {
        let is_left = !matches!(&self.rest, Destination::Addresses(others) if others.is_empty());
        if is_left {
            // Who shares the bindings of whom has been asked takes no number twice (§10.2).
            self.head.cseq += u32::from(self.method == Known::Register);
            self.reach(stack);
        }
        is_left
    }

    fn reach(&mut self, stack: &mut Stack) {
        let rest = std::mem::replace(&mut self.rest, Destination::Addresses(Vec::<Address>::new()));
        self.stage = Stage::Reaching(stack.reach(self.owner, rest));
    }
}

//! Who may begin something with us, and how much of it: asked of every request outside dialogs, before anything is kept of it.
//! What it refuses is refused without a transaction (RFC 3261 §8.2.7), so that a flood costs no memory.
//!
//! ```text
//!  outside dialogs ─► overloaded? ─► allowed there? ─► within its rate? ─► can it be served? ─► calls open? ─► credentials? ─► call
//!                        503             403                503            405, 416, 420 …        503           401
//! ```
//! Requests inside dialogs, ACK, CANCEL and BYE pass: they are about what was let in before.

mod callers;
mod challenge;
mod counts;
mod network;
mod nonces;
mod rate;
mod settings;

use std::time::Instant;

use bytes::Bytes;

pub use callers::Callers;
pub use counts::Counts;
pub use network::{Network, Peer};
pub use settings::{Challenged, Denied, GateSettings, OverLimit};

use super::Flow;
use super::ids::Ids;
use super::map::Hashing;
use super::respond::{self, RETRY_AFTER};
use super::stack::Stack;
use crate::sip::{Known, Request};
use challenge::{Challenger, Shown};
use rate::Rate;

/// The gate.
#[derive(Debug)]
pub struct Gate {
    settings: GateSettings,
    rate: Rate,
    /// `None`: who calls is not asked for credentials.
    challenger: Option<Challenger>,
    /// Whether the agent cannot keep up.
    pub is_overloaded: bool,
    /// What it has done.
    pub counts: Counts,
}

/// What a request gets that is not let in.
#[derive(Debug)]
pub enum Shut {
    /// A response.
    Answer(Bytes),
    /// Nothing.
    Silence,
}

impl Gate {
    /// A gate with these settings that begins now.
    pub fn new(settings: GateSettings, (hashing, ids): (Hashing, &mut Ids), now: Instant) -> Self {
        let rate = Rate::new(settings.peer_rate, settings.peer_burst, hashing.clone());
        let has_users = !settings.users.is_empty();
        let challenger = has_users.then(|| Challenger::new(&settings, (hashing, ids.key()), now));
        Self { settings, rate, challenger, is_overloaded: false, counts: Counts::default() }
    }

    /// Whether a request outside dialogs is looked at.
    pub fn enter(&mut self, stack: &Stack, flow: &Flow, request: &Request, tag: &str) -> Result<(), Shut> {
        let (peer, now) = (flow.peer.ip(), stack.fx.now.instant);
        let method = request.method.known();
        if self.is_overloaded && method == Some(Known::Invite) {
            self.counts.overloaded += 1;
            return Err(Shut::Answer(later(request, tag)));
        }
        if !self.settings.allows(peer) && !stack.is_reached_by(flow) {
            self.counts.denied += 1;
            return Err(match self.settings.denied {
                Denied::Drop => Shut::Silence,
                Denied::Reject => Shut::Answer(respond::plain(request, 403, None, tag)),
            });
        }
        if method != Some(Known::Bye) && !self.rate.take(Peer::of(peer), now) {
            self.counts.over_rate += 1;
            return Err(self.over_limit(request, tag));
        }
        Ok(())
    }

    /// Whether an INVITE may become a call.
    pub fn call(
        &mut self,
        (stack, callers): (&Stack, &Callers),
        flow: &Flow,
        invite: &Request,
        tag: &str,
    ) -> Result<(), Shut> {
        let most = self.settings.peer_calls;
        if most > 0 && callers.load_of(Peer::of(flow.peer.ip())).is_full(most) {
            self.counts.over_calls += 1;
            return Err(self.over_limit(invite, tag));
        }
        let Some(challenger) = &mut self.challenger else { return Ok(()) };
        if self.settings.challenge == Challenged::Strangers && stack.is_of_registrar(flow, invite) {
            return Ok(());
        }
        challenge(challenger, &mut self.counts, stack.fx.now.instant, invite, tag)
    }

    fn over_limit(&self, request: &Request, tag: &str) -> Shut {
        match self.settings.over_limit {
            OverLimit::Respond => Shut::Answer(later(request, tag)),
            OverLimit::Drop => Shut::Silence,
        }
    }
}

fn challenge(
    challenger: &mut Challenger,
    counts: &mut Counts,
    now: Instant,
    invite: &Request,
    tag: &str,
) -> Result<(), Shut> {
    let shown = challenger.judge(now, &invite.method, &invite.headers);
    if shown == Shown::User {
        counts.authenticated += 1;
        return Ok(());
    }
    counts.challenged += 1;
    counts.rejected += u64::from(shown == Shown::Wrong);
    let demands = challenger.demands(now, shown).into_iter();
    let writer = respond::respond(&invite.headers, 401, None, Some(tag));
    let writer = demands.fold(writer, |writer, demand| writer.header("WWW-Authenticate", demand));
    Err(Shut::Answer(writer.finish()))
}

/// 503, and when to come again.
fn later(request: &Request, tag: &str) -> Bytes {
    let writer = respond::respond(&request.headers, 503, None, Some(tag));
    writer.header("Retry-After", RETRY_AFTER).finish()
}

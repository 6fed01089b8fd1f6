//! Who stands before a callee: a proxy that asks who calls, and the callee that may ask once more.

use std::time::Duration;

use super::{Callee, Do, GATE, Later, Phone};
use crate::agent::tests::random::chance::Chance;
use crate::agent::tests::random::proof::Asker;
use crate::sip::{Request, Writer};

/// Whom the agent must prove that it is.
const USER: &str = "1000";

/// What is asked of a call of the agent's.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often the proxy asks; each time but the first as the nonce is stale.
    proxy: u32,
    /// How often the callee itself does.
    server: u32,
    /// No answer will ever do, whether that is said to be for a stale nonce or not.
    never: Option<bool>,
    /// The BYE is asked again.
    bye: bool,
    /// How long that takes, and whether a 100 says so.
    takes: Duration,
    trying: bool,
}

impl Plan {
    /// Everybody may call.
    pub const OPEN: Self =
        Self { proxy: 0, server: 0, never: None, bye: false, takes: Duration::ZERO, trying: false };

    /// Nobody may call who has no good answers.
    pub fn guarded(chance: &mut Chance) -> Self {
        Self {
            proxy: 1 + u32::from(chance.percent(30)),
            server: u32::from(chance.percent(30)),
            never: None,
            bye: chance.percent(50),
            takes: chance.up_to(Duration::from_millis(400)),
            trying: chance.percent(60),
        }
    }

    pub fn random(chance: &mut Chance) -> Self {
        let never = chance.percent(15).then(|| chance.percent(50));
        Self { never, ..Self::guarded(chance) }
    }
}

/// The plan, and what has become of it.
pub struct Gate {
    plan: Plan,
    proxy: Asker,
    server: Asker,
    asked_for_bye: bool,
}

impl Gate {
    pub fn new(plan: Plan) -> Self {
        Self { plan, proxy: Asker::proxy(), server: Asker::server(), asked_for_bye: false }
    }

    /// The status and the challenge for an INVITE that may not pass.
    fn judge(&mut self, invite: &Request) -> Option<(u16, (&'static str, String))> {
        let Plan { proxy, server, never, .. } = &mut self.plan;
        if let Some(stale) = never {
            return Some((self.proxy.status(), self.proxy.ask(*stale)));
        }
        for (asker, left) in [(&mut self.proxy, proxy), (&mut self.server, server)] {
            let is_known = asker.has_asked();
            assert!(!is_known || asker.is_answered(invite, USER), "an INVITE without an answer");
            if let Some(less) = left.checked_sub(1) {
                *left = less;
                return Some((asker.status(), asker.ask(is_known)));
            }
        }
        None
    }

    /// The same for a BYE: who was asked once proves itself unasked (§22.3).
    fn judge_bye(&mut self, bye: &Request) -> Option<(u16, (&'static str, String))> {
        let is_answered = self.proxy.is_answered(bye, USER);
        // The challenge for one phone's BYE is not known yet when another's is sent.
        let is_proved = is_answered || !self.proxy.has_asked() || self.asked_for_bye;
        assert!(is_proved, "a BYE without an answer");
        let is_enough = if self.asked_for_bye { is_answered } else { !self.plan.bye };
        self.asked_for_bye |= !is_enough;
        if is_enough {
            return None;
        }
        Some((self.proxy.status(), self.proxy.ask(false)))
    }
}

impl Callee {
    /// An INVITE, the first one or one that answers a challenge; what will be done about it.
    pub(super) fn begin(&mut self, invite: &Request) -> Later {
        assert!(!self.has_cancel, "an INVITE after the CANCEL");
        self.invite = invite.clone();
        self.provided = None;
        self.phones[GATE] = Phone::default();
        let Some((status, challenge)) = self.gate.judge(invite) else { return self.plans() };
        if self.gate.plan.trying {
            self.provide(100);
        }
        vec![(self.gate.plan.takes, Do::Challenge(invite.cseq, status, challenge))]
    }

    /// The proxy refuses the INVITE, unless it has been given up.
    pub(super) fn challenge(&mut self, cseq: u32, status: u16, challenge: (&'static str, String)) -> Later {
        if self.has_verdict() || cseq != self.invite.cseq {
            return Vec::new();
        }
        let (name, value) = challenge;
        let writer = Writer::response(status, None).copied(&self.invite.headers, Some("gate-2"));
        self.refuse(GATE, status, writer.header(name, value).finish())
    }

    /// Whether a BYE was refused: its challenge is on its way.
    pub(super) fn challenges_bye(&mut self, bye: &Request, key: (usize, u32, String)) -> bool {
        let Some((status, (name, value))) = self.gate.judge_bye(bye) else { return false };
        let writer = Writer::response(status, None).copied(&bye.headers, None);
        let response = writer.header(name, value).finish();
        self.responses.insert(key, response.clone());
        self.outbox.push(response);
        true
    }

    /// An ACK to a 2xx proves what the INVITE did (§22.1).
    pub(super) fn check_proof(&self, ack: &Request) {
        for name in ["Proxy-Authorization", "Authorization"] {
            let value = |request: &Request| request.headers.named(name).map(|header| header.text());
            assert_eq!(value(ack), value(&self.invite), "{name} of an ACK");
        }
    }
}

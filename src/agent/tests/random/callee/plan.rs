//! What a callee means to do.

use std::time::Duration;

use super::gate::Plan as GatePlan;
use crate::agent::tests::random::chance::Chance;

/// What a callee means to do, and when after the INVITE.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub trying: Option<Duration>,
    pub rings: Option<Duration>,
    pub verdict: Option<(Duration, u16)>,
    /// The second phone answers, this long after the first.
    pub fork: Option<Duration>,
    /// These after the ACK.
    pub bye: Option<Duration>,
    pub reinvite: Option<Duration>,
    pub info: Option<Duration>,
    pub heeds_cancel: bool,
    pub answers_bye: bool,
    /// It answers the offer while it rings.
    pub early: bool,
    /// What the proxy before it, and it itself, want to know first.
    pub gate: GatePlan,
    /// Its 200 has a description.
    pub describes: bool,
}

impl Plan {
    pub fn random(chance: &mut Chance) -> Self {
        let mut maybe = |odds, longest| {
            let time = chance.up_to(Duration::from_millis(longest));
            (chance.below(100) < odds).then_some(time)
        };
        let (answers, refuses) = (maybe(60, 8_000), maybe(60, 8_000));
        let status = if maybe(50, 1).is_some() { 486 } else { 503 };
        Self {
            trying: maybe(70, 300),
            rings: maybe(60, 3_000),
            verdict: answers.map(|at| (at, 200)).or(refuses.map(|at| (at, status))),
            fork: maybe(20, 30_000),
            bye: maybe(50, 8_000),
            reinvite: maybe(25, 6_000),
            info: maybe(20, 6_000),
            heeds_cancel: maybe(90, 1).is_some(),
            answers_bye: maybe(90, 1).is_some(),
            early: maybe(30, 1).is_some(),
            describes: maybe(95, 1).is_some(),
            gate: GatePlan::OPEN,
        }
    }

    /// The same, behind a proxy that may ask more than can be answered.
    pub fn asking(self, chance: &mut Chance) -> Self {
        Self { gate: GatePlan::random(chance), ..self }
    }

    /// The same, once the agent has proved who it is.
    pub fn guarded(self, chance: &mut Chance) -> Self {
        Self { gate: GatePlan::guarded(chance), ..self }
    }

    /// Rings at once and answers after a time; a second phone may do so too.
    pub fn answer_after(time: Duration, fork: Option<Duration>) -> Self {
        Self {
            trying: None,
            rings: Some(Duration::ZERO),
            verdict: Some((time, 200)),
            fork,
            bye: None,
            reinvite: None,
            info: None,
            heeds_cancel: true,
            answers_bye: true,
            early: false,
            describes: true,
            gate: GatePlan::OPEN,
        }
    }
}

//! The world of a random life, where the agent calls: the ways there, and who is called.

use std::time::Duration;

use super::{Happening, Life, call_id_of};
use crate::agent::tests::random::callee::{Callee, Do, Plan};
use crate::agent::{ReachId, Reached, Unreachable};
use crate::sip::Message;

impl Life {
    /// Half of the time it is known at once, else it takes its time.
    pub(super) fn look_for_a_way(&mut self, id: ReachId) {
        if self.chance.percent(50) || self.network.is_perfect() {
            return self.find_a_way(id);
        }
        let after = self.chance.up_to(Duration::from_secs(2));
        self.later(after, Happening::Finds(id));
    }

    /// A third of the time there is none.
    pub(super) fn find_a_way(&mut self, id: ReachId) {
        let found = match self.chance.percent(67) || self.network.is_perfect() {
            true => Ok(Reached { flow: self.flow, again: None, others: Vec::new() }),
            false => Err(Unreachable("gone".to_owned())),
        };
        self.agent.handle_reached(self.now, id, found);
    }

    /// An INVITE makes a callee; what else is of a call belongs to its own.
    pub(super) fn ring(&mut self, message: &Message) {
        let known = self.callees.iter().position(|callee| callee.call_id == *call_id_of(message));
        match (known, message) {
            (Some(number), message) => {
                let later = self.callees[number].handle(message);
                self.go_on(number, later);
            }
            (None, Message::Request(invite)) if invite.method.as_str() == "INVITE" => {
                let plan = self.plan.unwrap_or_else(|| self.any_plan());
                let (callee, later) = Callee::called(invite, plan);
                self.callees.push(callee);
                self.go_on(self.callees.len() - 1, later);
            }
            _ => {}
        }
    }

    /// Who has no account is seldom asked who he is.
    fn any_plan(&mut self) -> Plan {
        let plan = Plan::random(&mut self.chance);
        let odds = if self.has_accounts() { 60 } else { 5 };
        if self.chance.percent(odds) { plan.asking(&mut self.chance) } else { plan }
    }

    /// What a callee will do later, and what it says now.
    pub(super) fn go_on(&mut self, number: usize, later: Vec<(Duration, Do)>) {
        for (after, what) in later {
            self.later(after, Happening::Answers(number, what));
        }
        for text in std::mem::take(&mut self.callees[number].outbox) {
            self.carry(0, Happening::Arrives, &text);
        }
    }
}

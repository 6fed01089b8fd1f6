//! The wire of a random life: what carries messages, loses them, and breaks.

use std::time::Duration;

use bytes::Bytes;

use super::{Happening, Life, call_id_of};
use crate::agent::tests::random::caller::{Caller, Do};
use crate::agent::{News, Output, Transmit};
use crate::sip::{Message, parse_datagram};

impl Life {
    /// The network takes a message in one of its two directions.
    pub(super) fn carry(&mut self, direction: usize, happening: impl Fn(Bytes) -> Happening, bytes: &Bytes) {
        if self.chance.percent(self.network.cut) {
            return self.cut();
        }
        let copies = 1 + u64::from(self.chance.percent(self.network.repeated));
        for _ in 0..copies {
            if self.chance.percent(self.network.lost) {
                continue;
            }
            let mut at = self.now.instant + self.chance.up_to(Duration::from_millis(120));
            if self.network.keeps_order {
                at = at.max(self.last_arrival[direction]);
                self.last_arrival[direction] = at;
            }
            self.at(at, happening(bytes.clone()));
        }
    }

    /// The connection breaks: what was under way is lost, and the caller makes a new one.
    pub(super) fn cut(&mut self) {
        self.agenda.retain(|_, happening| {
            !matches!(
                happening,
                Happening::Arrives(_)
                    | Happening::Reaches(..)
                    | Happening::Rings(_)
                    | Happening::Registers(_)
            )
        });
        self.agent.handle_flow_closed(self.now, self.flow.id);
        self.flow.id.0 += 1;
        if !self.agent.stack.settings.accounts.is_empty() {
            self.flow.local.set_port(self.flow.local.port() + 1);
        }
        for number in 0..self.callers.len() {
            self.later(Duration::from_millis(200), Happening::Does(number, Do::Reconnect));
        }
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            if self.is_dying {
                return self.die_over(output);
            }
            self.perform(output);
        }
    }

    pub(super) fn perform(&mut self, output: Output) {
        match output {
            Output::Event(News::Call(event)) => {
                self.check_account_of(&event);
                if event.call.end.is_some() {
                    self.saves.remove(&event.call.id);
                }
                self.events.push(event);
            }
            Output::Event(News::Account(event)) => self.check_account(&event.account),
            Output::Save(call, saved) => drop(self.saves.insert(call.id, saved)),
            Output::Forget(id) => drop(self.saves.remove(&id)),
            Output::Close(flow) if flow == self.flow.id => self.cut(),
            Output::Close(_) => {}
            Output::Reach(id, _) => self.look_for_a_way(id),
            Output::Answer(ticket, answer) => {
                let earlier = self.answers.insert(ticket, answer);
                assert!(earlier.is_none(), "a command is answered once");
            }
            Output::Send(transmit) => self.send(transmit),
        }
    }

    fn send(&mut self, transmit: Transmit) {
        self.sent += 1;
        if *transmit.bytes == *b"\r\n\r\n" {
            return self.answer_keep_alive(&transmit);
        }
        let message = parse_datagram(transmit.bytes.clone()).expect("what we send can be read");
        let call_id = call_id_of(&message).to_string();
        if let Message::Response(response) = &message
            && response.status >= 200
            && response.cseq.method.as_str() == "INVITE"
            && response.cseq.number == Caller::FIRST_CSEQ
        {
            let tag = response.to.tag().map(ToString::to_string).unwrap_or_default();
            self.verdicts.entry((call_id.clone(), tag)).or_default().insert(response.status);
        }
        if let Message::Request(request) = &message {
            self.check_cseq(request);
        }
        // A closed connection: half of the time the agent finds no other way.
        let is_closed = transmit.flow != Some(self.flow.id) && self.network.keeps_order;
        let is_lost = is_closed && (transmit.otherwise.is_none() || self.chance.percent(50));
        match transmit.receipt {
            Some(receipt) if is_lost => self.agent.handle_undelivered(self.now, receipt),
            Some(receipt) => self.agent.handle_delivered(self.now, receipt),
            None => {}
        }
        if is_lost {
            return;
        }
        if matches!(&message, Message::Request(request) if request.method.as_str() == "REGISTER") {
            return self.carry(1, Happening::Registers, &transmit.bytes);
        }
        match self.callers.iter().position(|caller| caller.call_id == call_id) {
            Some(number) => self.carry(1, |bytes| Happening::Reaches(number, bytes), &transmit.bytes),
            None => self.carry(1, Happening::Rings, &transmit.bytes),
        }
    }
}

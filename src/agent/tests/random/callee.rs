//! Whom the agent calls, with a mind of its own: what RFC 3261 has a UAS do, and what a plan has it do on top. A second phone
//! may answer the same INVITE.

mod gate;
mod plan;
mod text;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use crate::agent::tests::phone::{ANSWER, OFFER};
use crate::sip::{Message, Request, Response, Transport, Writer};
use gate::Gate;
pub use plan::Plan;

/// Where the proxy before the phones stands among them.
const GATE: usize = 2;

/// What a callee does at a moment of its own.
#[derive(Clone, Debug)]
pub enum Do {
    Provide(u16),
    Decide(u16),
    /// The proxy refuses the INVITE with that CSeq: a status and a header.
    Challenge(u32, u16, (&'static str, String)),
    Fork,
    Bye,
    Reinvite,
    Info,
    /// Sends a final response again unless its ACK is here (timer G, §13.3.1.4); which phone's.
    RepeatFinal(usize, Duration),
    /// Sends a request again unless it has been answered (timers A and E).
    Repeat(Bytes, (u32, String), Duration),
}

#[derive(Debug, Default)]
struct Phone {
    /// Its final response.
    said: Option<(u16, Bytes)>,
    has_ack: bool,
    /// For how long it has waited for the ACK.
    waited: Duration,
    is_over: bool,
}

/// One INVITE of the agent, and the phones that it has come to.
pub struct Callee {
    pub call_id: String,
    /// What it sends; the network takes it from here.
    pub outbox: Vec<Bytes>,
    plan: Plan,
    invite: Request,
    gate: Gate,
    /// The third is none: it is the proxy.
    phones: [Phone; 3],
    has_cancel: bool,
    /// The last provisional response.
    provided: Option<Bytes>,
    cseq: u32,
    answered: Vec<(u32, String)>,
    /// Those to requests other than INVITE, by phone, CSeq number and method.
    responses: HashMap<(usize, u32, String), Bytes>,
}

type Later = Vec<(Duration, Do)>;

impl Callee {
    /// An INVITE has come; what will be done about it.
    pub fn called(invite: &Request, plan: Plan) -> (Self, Later) {
        let mut this = Self {
            call_id: invite.call_id.to_string(),
            outbox: Vec::new(),
            plan,
            invite: invite.clone(),
            gate: Gate::new(plan.gate),
            phones: Default::default(),
            has_cancel: false,
            provided: None,
            cseq: 0,
            answered: Vec::new(),
            responses: HashMap::new(),
        };
        let later = this.begin(invite);
        (this, later)
    }

    /// What the phones will do.
    fn plans(&self) -> Later {
        let Plan { trying, rings, verdict, .. } = self.plan;
        let plans = [
            trying.map(|at| (at, Do::Provide(100))),
            rings.map(|at| (at, Do::Provide(180))),
            verdict.map(|(at, status)| (at, Do::Decide(status))),
        ];
        plans.into_iter().flatten().collect()
    }

    /// The first phone's final response, or the last one of the proxy before it.
    pub fn verdict(&self) -> Option<u16> {
        let said = |phone: &Phone| phone.said.as_ref().map(|(status, _)| *status);
        said(&self.phones[0]).or_else(|| said(&self.phones[GATE]))
    }

    fn has_verdict(&self) -> bool {
        self.verdict().is_some()
    }

    /// Every phone that was picked up has had its ACK and its BYE.
    pub fn is_settled(&self) -> bool {
        let is_open =
            |phone: &Phone| matches!(phone.said, Some((200, _))) && !(phone.has_ack && phone.is_over);
        !self.phones.iter().any(is_open)
    }

    /// What its plan, or a timer, has it do now; what it will do later.
    pub fn act(&mut self, what: Do) -> Later {
        match what {
            Do::Provide(_) | Do::Decide(_) if self.has_verdict() => Vec::new(),
            Do::Provide(status) => {
                self.provide(status);
                Vec::new()
            }
            Do::Decide(status) => {
                let mut later = self.decide(0, status);
                later.extend(self.plan.fork.filter(|_| status == 200).map(|after| (after, Do::Fork)));
                later
            }
            Do::Challenge(cseq, status, challenge) => self.challenge(cseq, status, challenge),
            Do::Fork => self.decide(1, 200),
            Do::Bye | Do::Reinvite | Do::Info if self.phones[0].is_over => Vec::new(),
            Do::Bye => {
                self.phones[0].is_over = true;
                self.ask("BYE", "")
            }
            Do::Reinvite => self.ask("INVITE", OFFER),
            Do::Info => self.ask("INFO", ""),
            Do::RepeatFinal(phone, interval) => self.repeat_final(phone, interval),
            Do::Repeat(_, key, interval) if self.answered.contains(&key) || interval.as_secs() > 16 => {
                Vec::new()
            }
            Do::Repeat(text, key, interval) => {
                self.outbox.push(text.clone());
                vec![(interval * 2, Do::Repeat(text, key, interval * 2))]
            }
        }
    }

    fn provide(&mut self, status: u16) {
        let early = status == 180 && self.plan.early;
        let response = self.response(0, status, if early { ANSWER } else { "" });
        self.provided = Some(response.clone());
        self.outbox.push(response);
    }

    fn decide(&mut self, phone: usize, status: u16) -> Later {
        let body = if status == 200 && self.plan.describes { ANSWER } else { "" };
        let response = self.response(phone, status, body);
        self.refuse(phone, status, response)
    }

    /// A final response, a refusal or not.
    fn refuse(&mut self, phone: usize, status: u16, response: Bytes) -> Later {
        self.phones[phone].said = Some((status, response.clone()));
        self.outbox.push(response);
        if status != 200 && !self.is_udp() {
            return Vec::new();
        }
        vec![(Duration::from_millis(500), Do::RepeatFinal(phone, Duration::from_millis(500)))]
    }

    /// Who hears no ACK to a 2xx within 64·T1 hangs up.
    fn repeat_final(&mut self, number: usize, interval: Duration) -> Later {
        let phone = &mut self.phones[number];
        let Some((_, response)) = phone.said.clone().filter(|_| !phone.has_ack) else { return Vec::new() };
        phone.waited += interval;
        if phone.waited >= Duration::from_secs(32) {
            phone.is_over = true;
            return Vec::new();
        }
        self.outbox.push(response);
        let interval = (interval * 2).min(Duration::from_secs(4));
        vec![(interval, Do::RepeatFinal(number, interval))]
    }

    /// A message of the agent is here.
    pub fn handle(&mut self, message: &Message) -> Later {
        match message {
            Message::Request(request) => self.handle_request(request),
            Message::Response(response) => self.handle_response(response),
        }
    }

    fn handle_request(&mut self, request: &Request) -> Later {
        let number = phone_of(request);
        let key = (number, request.cseq, request.method.to_string());
        match request.method.as_str() {
            "INVITE" if request.cseq > self.invite.cseq => self.begin(request),
            "INVITE" if request.cseq < self.invite.cseq => Vec::new(),
            "INVITE" => {
                let said = self.phones[0]
                    .said
                    .as_ref()
                    .or(self.phones[GATE].said.as_ref())
                    .map(|(_, response)| response);
                self.outbox.extend(said.or(self.provided.as_ref()).cloned());
                Vec::new()
            }
            "ACK" => self.handle_ack(number, request),
            _ if self.responses.contains_key(&key) => {
                self.outbox.push(self.responses[&key].clone());
                Vec::new()
            }
            "CANCEL" => {
                assert!(self.provided.is_some() || self.has_verdict(), "a CANCEL before any response");
                assert_eq!(request.cseq, self.invite.cseq, "a CANCEL of what was refused");
                self.has_cancel = true;
                if !self.plan.heeds_cancel {
                    return Vec::new();
                }
                self.confirm(request);
                if self.has_verdict() { Vec::new() } else { self.decide(0, 487) }
            }
            "BYE" => {
                let is_picked_up = matches!(self.phones[number].said, Some((200, _)));
                assert!(is_picked_up, "a BYE to a phone that was not picked up");
                if self.challenges_bye(request, key) {
                    return Vec::new();
                }
                self.phones[number].is_over = true;
                if self.plan.answers_bye {
                    self.confirm(request);
                }
                Vec::new()
            }
            other => panic!("an unexpected {other}"),
        }
    }

    fn handle_ack(&mut self, number: usize, ack: &Request) -> Later {
        if number == GATE && ack.cseq < self.invite.cseq {
            return Vec::new();
        }
        if matches!(self.phones[number].said, Some((200, _))) {
            self.check_proof(ack);
        }
        let phone = &mut self.phones[number];
        assert!(phone.said.is_some() && ack.cseq == self.invite.cseq, "an ACK for nothing");
        if std::mem::replace(&mut phone.has_ack, true) || number != 0 || self.verdict() != Some(200) {
            return Vec::new();
        }
        let Plan { bye, reinvite, info, .. } = self.plan;
        let plans = [(bye, Do::Bye), (reinvite, Do::Reinvite), (info, Do::Info)];
        plans.into_iter().filter_map(|(after, what)| after.map(|after| (after, what))).collect()
    }

    fn handle_response(&mut self, response: &Response) -> Later {
        let (number, method) = (response.cseq.number, response.cseq.method.to_string());
        if response.status >= 200 && method == "INVITE" {
            let branch = if response.status < 300 { "ACK" } else { "INVITE" };
            let ack = self.text("ACK", number, branch, "");
            self.outbox.push(ack);
        }
        self.answered.push((number, method));
        Vec::new()
    }

    fn confirm(&mut self, request: &Request) {
        let response = Writer::response(200, None).copied(&request.headers, Some("any")).finish();
        let key = (phone_of(request), request.cseq, request.method.to_string());
        self.responses.insert(key, response.clone());
        self.outbox.push(response);
    }

    fn ask(&mut self, method: &str, body: &str) -> Later {
        self.cseq += 1;
        let text = self.text(method, self.cseq, method, body);
        self.outbox.push(text.clone());
        if !self.is_udp() {
            return Vec::new();
        }
        let interval = Duration::from_millis(500);
        vec![(interval, Do::Repeat(text, (self.cseq, method.to_owned()), interval))]
    }

    fn is_udp(&self) -> bool {
        self.invite.via.transport.eq_ignore_ascii_case(&Transport::Udp.to_string())
    }
}

fn phone_of(request: &Request) -> usize {
    match request.to.tag() {
        Some(tag) if tag.ends_with("-1") => 1,
        Some(tag) if tag.ends_with("-2") => GATE,
        _ => 0,
    }
}

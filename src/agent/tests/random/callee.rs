//! Whom the agent calls, with a mind of its own: what RFC 3261 has a UAS do, and what a plan has it do on top. A second phone
//! may answer the same INVITE.

mod plan;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use crate::agent::tests::phone::{ANSWER, OFFER};
use crate::sip::{Message, Request, Response, Transport, Writer};
pub use plan::Plan;

/// What a callee does at a moment of its own.
#[derive(Clone, Debug)]
pub enum Do {
    Provide(u16),
    Decide(u16),
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
    phones: [Phone; 2],
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
        let this = Self {
            call_id: invite.call_id.to_string(),
            outbox: Vec::new(),
            plan,
            invite: invite.clone(),
            phones: Default::default(),
            provided: None,
            cseq: 0,
            answered: Vec::new(),
            responses: HashMap::new(),
        };
        let plans = [
            plan.trying.map(|at| (at, Do::Provide(100))),
            plan.rings.map(|at| (at, Do::Provide(180))),
            plan.verdict.map(|(at, status)| (at, Do::Decide(status))),
        ];
        (this, plans.into_iter().flatten().collect())
    }

    /// The first phone's final response.
    pub fn verdict(&self) -> Option<u16> {
        self.phones[0].said.as_ref().map(|(status, _)| *status)
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
            Do::Provide(_) | Do::Decide(_) if self.verdict().is_some() => Vec::new(),
            Do::Provide(status) => {
                let early = status == 180 && self.plan.early;
                let response = self.response(0, status, if early { ANSWER } else { "" });
                self.provided = Some(response.clone());
                self.outbox.push(response);
                Vec::new()
            }
            Do::Decide(status) => {
                let mut later = self.decide(0, status);
                later.extend(self.plan.fork.filter(|_| status == 200).map(|after| (after, Do::Fork)));
                later
            }
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

    fn decide(&mut self, phone: usize, status: u16) -> Later {
        let body = if status == 200 && self.plan.describes { ANSWER } else { "" };
        let response = self.response(phone, status, body);
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
            "INVITE" => {
                let said = self.phones[0].said.as_ref().map(|(_, response)| response);
                self.outbox.extend(said.or(self.provided.as_ref()).cloned());
                Vec::new()
            }
            "ACK" => self.handle_ack(number, request),
            _ if self.responses.contains_key(&key) => {
                self.outbox.push(self.responses[&key].clone());
                Vec::new()
            }
            "CANCEL" => {
                assert!(self.provided.is_some() || self.verdict().is_some(), "a CANCEL before any response");
                if !self.plan.heeds_cancel {
                    return Vec::new();
                }
                self.confirm(request);
                if self.verdict().is_some() { Vec::new() } else { self.decide(0, 487) }
            }
            "BYE" => {
                let phone = &mut self.phones[number];
                assert!(matches!(phone.said, Some((200, _))), "a BYE to a phone that was not picked up");
                phone.is_over = true;
                if self.plan.answers_bye {
                    self.confirm(request);
                }
                Vec::new()
            }
            other => panic!("an unexpected {other}"),
        }
    }

    fn handle_ack(&mut self, number: usize, ack: &Request) -> Later {
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

    fn response(&self, phone: usize, status: u16, body: &str) -> Bytes {
        let tag = format!("phone-{phone}");
        let writer =
            Writer::response(status, None).copied(&self.invite.headers, (status > 100).then_some(&tag));
        let writer = writer.header("Contact", "<sip:1001@10.0.0.1:5060>");
        if body.is_empty() { writer.finish() } else { writer.finish_with("application/sdp", body.as_bytes()) }
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

    fn text(&self, method: &str, cseq: u32, branch_of: &str, body: &str) -> Bytes {
        let Self { invite, call_id, .. } = self;
        let value = |name: &str| invite.headers.named(name).map(|header| header.text()).unwrap_or_default();
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:call-agent@192.0.2.7 SIP/2.0\r\n\
             Via: SIP/2.0/{} 10.0.0.1:5060;branch=z9hG4bK-{call_id}-{cseq}-{branch_of}\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=phone-0\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:1001@10.0.0.1:5060>\r\n{content}Content-Length: {}\r\n\r\n{body}",
            invite.via.transport,
            value("To"),
            value("From"),
            body.len()
        )
        .into()
    }
}

fn phone_of(request: &Request) -> usize {
    usize::from(request.to.tag().is_some_and(|tag| tag.ends_with("-1")))
}

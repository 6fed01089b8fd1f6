//! A caller with a mind of its own: what RFC 3261 has a UAC do, and what a plan has it do on top.

use std::time::Duration;

use bytes::Bytes;

use super::chance::Chance;
use crate::agent::tests::phone::OFFER;
use crate::sip::{Message, Response, Transport, Writer};

/// What a caller means to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// CANCEL, this long after the INVITE.
    cancel: Option<Duration>,
    /// BYE, this long after the 2xx.
    bye: Option<Duration>,
    /// BYE on the early dialog, this long after the first tag.
    early_bye: Option<Duration>,
    /// re-INVITE, this long after the 2xx.
    reinvite: Option<Duration>,
    /// UPDATE, this long after the 2xx.
    update: Option<Duration>,
    /// INFO, this long after the 2xx.
    info: Option<Duration>,
    /// ACKs a 2xx.
    acks: bool,
    /// Answers a BYE.
    answers_bye: bool,
    /// Brings an offer.
    offers: bool,
}

impl Plan {
    /// Gives up after a time, or hangs up a second after an answer that was faster.
    pub fn cancel_after(time: Duration) -> Self {
        Self {
            cancel: Some(time),
            bye: Some(Duration::from_secs(1)),
            early_bye: None,
            reinvite: None,
            update: None,
            info: None,
            acks: true,
            answers_bye: true,
            offers: true,
        }
    }

    pub fn random(chance: &mut Chance) -> Self {
        let mut maybe = |odds, longest| {
            let time = chance.up_to(Duration::from_millis(longest));
            (chance.below(100) < odds).then_some(time)
        };
        Self {
            cancel: maybe(35, 9_000),
            bye: maybe(50, 8_000),
            early_bye: maybe(5, 2_000),
            reinvite: maybe(30, 6_000),
            update: maybe(20, 6_000),
            info: maybe(20, 6_000),
            acks: maybe(92, 1).is_some(),
            answers_bye: maybe(90, 1).is_some(),
            offers: maybe(80, 1).is_some(),
        }
    }
}

/// What a caller does at a moment of its own.
#[derive(Clone, Debug)]
pub enum Do {
    Invite,
    Cancel,
    Bye,
    Reinvite,
    Update,
    Info,
    /// Sends what has not been answered again, over a new connection.
    Reconnect,
    /// Sends a request again unless it has been answered (timers A and E).
    Repeat {
        text: Bytes,
        key: (u32, String),
        interval: Duration,
    },
}

/// One call of a caller.
pub struct Caller {
    pub call_id: String,
    /// What it sends; the network takes it from here.
    pub outbox: Vec<Bytes>,
    /// The agent has died since it was called, and may know nothing of it.
    pub has_lost_agent: bool,
    number: usize,
    transport: Transport,
    plan: Plan,
    to_tag: Option<String>,
    cseq: u32,
    /// What it has asked, by CSeq number and method.
    asked: Vec<((u32, String), Bytes)>,
    /// CSeq number and method of what has had a final response (or, for INVITE, any).
    answered: Vec<(u32, String)>,
    has_answer: bool,
    has_verdict: bool,
    has_cancelled: bool,
    is_over: bool,
}

impl Caller {
    pub const FIRST_CSEQ: u32 = 1;

    pub fn new(number: usize, transport: Transport, plan: Plan) -> Self {
        Self {
            call_id: format!("life-{number}"),
            outbox: Vec::new(),
            has_lost_agent: false,
            number,
            transport,
            plan,
            to_tag: None,
            cseq: Self::FIRST_CSEQ,
            asked: Vec::new(),
            answered: Vec::new(),
            has_answer: false,
            has_verdict: false,
            has_cancelled: false,
            is_over: false,
        }
    }

    /// What its plan, or a timer, has it do now; what it will do later.
    pub fn act(&mut self, what: Do) -> Vec<(Duration, Do)> {
        match what {
            Do::Invite => {
                let body = if self.plan.offers { OFFER } else { "" };
                let mut later = self.ask("INVITE", Self::FIRST_CSEQ, body);
                later.extend(self.plan.cancel.map(|after| (after, Do::Cancel)));
                later
            }
            // Held back until a provisional is here, and pointless after the verdict (§9.1).
            Do::Cancel if self.has_verdict => Vec::new(),
            Do::Cancel if !self.knows_of(Self::FIRST_CSEQ, "INVITE") => {
                vec![(Duration::from_millis(400), Do::Cancel)]
            }
            Do::Cancel => {
                self.has_cancelled = true;
                self.ask("CANCEL", Self::FIRST_CSEQ, "")
            }
            Do::Bye if self.is_over || self.to_tag.is_none() => Vec::new(),
            Do::Bye => {
                self.is_over = true;
                self.ask_next("BYE", "")
            }
            Do::Reinvite if self.is_over => Vec::new(),
            Do::Reinvite => self.ask_next("INVITE", &OFFER.replace("a=rtpmap", "a=sendonly\r\na=rtpmap")),
            Do::Update if self.is_over => Vec::new(),
            Do::Update => self.ask_next("UPDATE", OFFER),
            Do::Info if self.is_over => Vec::new(),
            Do::Info => self.ask_next("INFO", ""),
            Do::Reconnect => {
                let open = self.asked.iter().filter(|(key, _)| !self.answered.contains(key));
                self.outbox.extend(open.map(|(_, text)| text.clone()));
                Vec::new()
            }
            Do::Repeat { key, .. } if self.answered.contains(&key) => Vec::new(),
            Do::Repeat { interval, .. } if interval > Duration::from_secs(16) => Vec::new(),
            Do::Repeat { text, key, interval } => {
                self.outbox.push(text.clone());
                vec![(interval * 2, Do::Repeat { text, key, interval: interval * 2 })]
            }
        }
    }

    /// A message of the agent is here.
    pub fn handle(&mut self, message: &Message) -> Vec<(Duration, Do)> {
        match message {
            Message::Request(request) => {
                self.is_over = true;
                if self.plan.answers_bye {
                    self.outbox.push(Writer::response(200, None).copied(&request.headers, None).finish());
                }
                Vec::new()
            }
            Message::Response(response) => self.handle_response(response),
        }
    }

    fn handle_response(&mut self, response: &Response) -> Vec<(Duration, Do)> {
        let method = response.cseq.method.to_string();
        let is_invite = method == "INVITE";
        if is_invite || response.status >= 200 {
            self.answered.push((response.cseq.number, method));
        }
        if !is_invite {
            return Vec::new();
        }
        let knew_tag = self.to_tag.is_some();
        if let Some(tag) = response.to.tag() {
            assert!(
                self.has_lost_agent || self.to_tag.as_deref().is_none_or(|known| known == &**tag),
                "one To tag in every response"
            );
            self.to_tag = Some(tag.to_string());
        }
        match response.status {
            100..200 if knew_tag => Vec::new(),
            100..200 => self
                .plan
                .early_bye
                .filter(|_| self.to_tag.is_some())
                .map(|at| (at, Do::Bye))
                .into_iter()
                .collect(),
            200..300 => self.handle_ok(response.cseq.number),
            _ => {
                self.has_verdict |= response.cseq.number == Self::FIRST_CSEQ;
                self.is_over |= response.cseq.number == Self::FIRST_CSEQ;
                let ack = self.text("ACK", response.cseq.number, "INVITE", "");
                self.outbox.push(ack);
                Vec::new()
            }
        }
    }

    fn handle_ok(&mut self, cseq: u32) -> Vec<(Duration, Do)> {
        if self.plan.acks {
            let body = if self.plan.offers { "" } else { OFFER };
            let ack = self.text("ACK", cseq, "ACK", body);
            self.outbox.push(ack);
        }
        if std::mem::replace(&mut self.has_answer, true) || cseq != Self::FIRST_CSEQ {
            return Vec::new();
        }
        self.has_verdict = true;
        // Who cancelled and lost the race hangs up at once (§9.1).
        let bye = if self.has_cancelled { Some(Duration::ZERO) } else { self.plan.bye };
        let plans = [
            (bye, Do::Bye),
            (self.plan.reinvite, Do::Reinvite),
            (self.plan.update, Do::Update),
            (self.plan.info, Do::Info),
        ];
        plans.into_iter().filter_map(|(after, what)| after.map(|after| (after, what))).collect()
    }

    fn knows_of(&self, cseq: u32, method: &str) -> bool {
        self.answered.iter().any(|(number, answered)| *number == cseq && answered == method)
    }

    fn ask_next(&mut self, method: &str, body: &str) -> Vec<(Duration, Do)> {
        self.cseq += 1;
        self.ask(method, self.cseq, body)
    }

    fn ask(&mut self, method: &str, cseq: u32, body: &str) -> Vec<(Duration, Do)> {
        let branch_of = if method == "CANCEL" { "INVITE" } else { method };
        let text = self.text(method, cseq, branch_of, body);
        self.outbox.push(text.clone());
        let (key, interval) = ((cseq, method.to_owned()), Duration::from_millis(500));
        self.asked.push((key.clone(), text.clone()));
        if self.transport != Transport::Udp {
            return Vec::new();
        }
        vec![(interval, Do::Repeat { text, key, interval })]
    }

    fn text(&self, method: &str, cseq: u32, branch_of: &str, body: &str) -> Bytes {
        let Self { number, transport, call_id, .. } = self;
        let has_dialog = !(cseq == Self::FIRST_CSEQ && matches!(method, "INVITE" | "CANCEL"));
        let tag =
            self.to_tag.as_ref().filter(|_| has_dialog).map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:1000@192.0.2.7 SIP/2.0\r\n\
             Via: SIP/2.0/{transport} 10.0.0.1:5060;branch=z9hG4bK-{number}-{cseq}-{branch_of}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:1001@10.0.0.1>;tag=caller-{number}\r\n\
             To: <sip:1000@192.0.2.7>{tag}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: <sip:1001@10.0.0.1:5060>\r\n\
             {content}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into()
    }
}

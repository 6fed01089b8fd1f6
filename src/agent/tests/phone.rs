//! A phone that speaks to the agent, in text.

use super::harness::World;
use crate::agent::Action;
use crate::agent::command::{Accept, Ring};
use crate::sip::{Request, Response, Transport, Writer};

/// What the phone offers.
pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
                         m=audio 16776 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// An answer to it that a client could give.
pub const ANSWER: &str = "v=0\r\no=crm 5 5 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
                          m=audio 30000 RTP/AVP 8\r\n";

/// One call of a phone, as text.
#[derive(Clone)]
pub struct Phone {
    pub transport: &'static str,
    pub call_id: String,
    pub tag: String,
    pub to_tag: Option<String>,
    pub cseq: u32,
    pub branch: String,
    /// What it names as its Contact, if not where it is seen.
    pub contact: Option<String>,
}

impl Phone {
    pub fn new(world: &World) -> Self {
        Self::numbered(world, 1)
    }

    pub fn numbered(world: &World, number: u64) -> Self {
        let transport = if world.flow.transport == Transport::Udp { "UDP" } else { "TCP" };
        Self {
            transport,
            call_id: format!("call-{number}"),
            tag: format!("phone-{number}"),
            to_tag: None,
            cseq: 100,
            branch: format!("z9hG4bK-{number}-100"),
            contact: None,
        }
    }

    /// The INVITE with an offer; the same text each time.
    pub fn invite(&self) -> String {
        self.request("INVITE", "", OFFER)
    }

    /// A request with the phone's current CSeq and branch.
    pub fn request(&self, method: &str, headers: &str, body: &str) -> String {
        let Self { transport, call_id, tag, cseq, branch, .. } = self;
        let to_tag = self.to_tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let content = if body.is_empty() || headers.contains("Content-Type") {
            String::new()
        } else {
            "Content-Type: application/sdp\r\n".to_owned()
        };
        let here = || format!("<sip:1001@10.0.0.1:5060;transport={}>", transport.to_ascii_lowercase());
        let contact = self.contact.clone().unwrap_or_else(here);
        format!(
            "{method} sip:1000@192.0.2.7 SIP/2.0\r\n\
             Via: SIP/2.0/{transport} 10.0.0.1:5060;branch={branch}\r\n\
             Max-Forwards: 70\r\n\
             From: \"Extension 1001\" <sip:1001@10.0.0.1>;tag={tag}\r\n\
             To: <sip:1000@192.0.2.7>{to_tag}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: {contact}\r\n\
             {headers}{content}Content-Length: {}\r\n\r\n{body}",
            body.len(),
        )
    }

    /// The phone as it was when it sent its INVITE.
    pub fn clone_before_the_answer(&self) -> Self {
        Self { to_tag: None, ..self.clone() }
    }

    /// The ACK to a final response other than 2xx, or the CANCEL: the INVITE's branch and CSeq.
    pub fn same(&self, method: &str) -> String {
        self.request(method, "", "")
    }

    /// The ACK to a 2xx: a branch of its own, the INVITE's CSeq.
    pub fn ack(&self, body: &str) -> String {
        let mut ack = self.clone();
        ack.branch += "-ack";
        ack.request("ACK", "", body)
    }

    /// The next request of the dialog.
    pub fn next(&mut self, method: &str, headers: &str, body: &str) -> String {
        self.cseq += 1;
        self.branch = format!("{}-{}", self.branch, self.cseq);
        self.request(method, headers, body)
    }

    /// Takes the To tag of a response over.
    pub fn learn(&mut self, response: &Response) {
        self.to_tag = response.to.tag().map(ToString::to_string);
    }

    /// A response to a request of the agent.
    pub fn respond(&self, request: &Request, status: u16) -> String {
        let copied = String::from_utf8(
            Writer::response(status, None).copied(&request.headers, None).finish().to_vec(),
        );
        copied.expect("text")
    }
}

/// A phone whose INVITE has been answered with 100, which is forgotten.
pub fn offered(world: &mut World) -> Phone {
    let phone = Phone::new(world);
    world.deliver(phone.invite());
    world.wire();
    phone
}

/// A phone that has heard 180 and knows our tag; what was sent is forgotten.
pub fn ringing(world: &mut World) -> Phone {
    let mut phone = offered(world);
    world.ask(Action::Ring(Ring::default()));
    phone.learn(&world.response());
    phone
}

/// A phone that has heard 200 and has not sent its ACK; what was sent is forgotten.
pub fn accepted(world: &mut World) -> Phone {
    let mut phone = offered(world);
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.response());
    phone
}

/// A phone that has been answered: the call is established, and what was sent and told on the way is forgotten.
pub fn established(world: &mut World) -> Phone {
    let phone = accepted(world);
    world.deliver(phone.ack(""));
    assert_eq!(world.call().state.name(), "established");
    world.forget();
    phone
}

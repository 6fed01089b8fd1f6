//! What the document says that the core says, the core says.

use super::*;

use std::time::Instant;

use crate::agent::command::{Accept, NewHeader, Ring};
use crate::agent::{Agent, Arrival, CallCommand, Command, Flow, FlowId, News, Now, Output, Settings, Ticket};
use crate::http::Code;
use crate::sip::{Transport, parse_datagram};

/// An agent with one call, which offers what the example calls offer.
struct Core {
    agent: Agent,
    now: Now,
    call: CallId,
}

impl Core {
    fn with_a_call() -> Self {
        let now = Now { instant: Instant::now(), wall: NOW };
        let mut agent = Agent::new(Settings::default(), [7; 32], now);
        let address = "127.0.0.1:5999".parse().unwrap();
        let (id, transport, listener) = (FlowId(1), Transport::Tcp, None);
        let flow = Flow { id, transport, local: address, peer: address, listener };
        let offer = examples::OFFER;
        let invite = format!(
            "INVITE sip:1000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n\
             From: <sip:1001@127.0.0.1>;tag=a\r\nTo: <sip:1000@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:1001@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{offer}",
            offer.len()
        );
        agent.handle_message(now, Arrival { flow, message: parse_datagram(invite) });
        let call = std::iter::from_fn(|| agent.poll_output())
            .find_map(|output| match output {
                Output::Event(News::Call(event)) => Some(event.call.id),
                _ => None,
            })
            .unwrap();
        Self { agent, now, call }
    }

    fn refusal(mut self, action: Action) -> Refusal {
        let command = Command::Call(CallCommand { call: self.call, if_version: None, by: None, action });
        self.agent.handle_command(self.now, command, Ticket(1));
        std::iter::from_fn(|| self.agent.poll_output())
            .find_map(|output| match output {
                Output::Answer(_, answer) => answer.err(),
                _ => None,
            })
            .unwrap()
    }
}

fn detail(code: Code) -> String {
    serde_json::to_value(examples::problem(code)).unwrap()["detail"].as_str().unwrap().to_owned()
}

#[test]
fn an_example_of_a_refused_description_is_one_that_the_core_refuses() {
    let (session, _) = examples::ANSWER.split_once("m=audio").unwrap();
    let accept = Accept { sdp: Some(session.to_owned()), ..Accept::default() };
    let refusal = Core::with_a_call().refusal(Action::Accept(accept));
    assert_eq!(refusal.to_string(), detail(Code::InvalidSdp));
}

#[test]
fn an_example_of_a_refused_header_is_one_that_the_core_refuses() {
    let header = NewHeader { name: "Via".to_owned(), value: "x".to_owned() };
    let ring = Ring { headers: [header].into_iter().collect(), ..Ring::default() };
    let refusal = Core::with_a_call().refusal(Action::Ring(ring));
    assert_eq!(refusal.to_string(), detail(Code::InvalidHeader));
}

#[test]
fn a_timeout_of_a_hangup_shows_the_call_as_hung_up() {
    let problem = serde_json::to_value(examples::problem(Code::SipTimeout)).unwrap();
    assert_eq!((&problem["end"]["cause"], &problem["end"]["by"]), (&"hangup".into(), &"api".into()));
}

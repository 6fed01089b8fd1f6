//! What clients send the peer in the dialog: INFO, MESSAGE, digits, and what becomes of each; and MESSAGE from the peer.

use std::time::Duration;

use super::callee::{account, connected, with_accounts};
use super::harness::{World, header};
use super::phone::{Phone, accepted, established};
use crate::agent::command::{Digits, DigitsVia, Letter, NewHeader, NewHeaders};
use crate::agent::event::{Detail, EndBy, EndCause, EventKind};
use crate::agent::{Action, Refusal, Settings, Ticket};
use crate::sip::{Request, Transport};

fn letter(body: &str) -> Letter {
    Letter { content_type: "text/plain".into(), body: body.into(), headers: NewHeaders::default() }
}

fn digits(digits: &str) -> Digits {
    Digits { digits: digits.into(), duration_ms: 160, via: DigitsVia::Info }
}

fn asked(world: &mut World, body: &str) -> Ticket {
    world.ask(Action::Info(letter(body)))
}

fn body_of(request: &Request) -> &str {
    std::str::from_utf8(&request.body).expect("text")
}

/// The INFO that is out, which must be the only one, with that body.
#[track_caller]
fn info(world: &mut World, body: &str) -> Request {
    let request = world.request();
    assert_eq!((request.method.as_str(), body_of(&request)), ("INFO", body));
    request
}

#[test]
fn what_a_client_has_to_say_goes_by_the_dialog_and_is_answered_with_what_the_peer_says() {
    type Make = fn(Letter) -> Action;
    for (method, make) in [("INFO", Action::Info as Make), ("MESSAGE", Action::Message)] {
        let mut world = World::tcp();
        let phone = established(&mut world);
        let version = world.call().version;
        let headers = NewHeaders(vec![NewHeader { name: "X-Ticket".into(), value: "4711".into() }]);
        let content_type = "application/json; charset=utf-8".into();
        let ticket = world.ask(make(Letter { content_type, body: "{\"a\": \"é\"}".into(), headers }));
        let request = world.request();
        assert_eq!((request.method.as_str(), body_of(&request)), (method, "{\"a\": \"é\"}"));
        let value = |name| header(&request.headers, name);
        assert_eq!(value("Content-Type").as_deref(), Some("application/json; charset=utf-8"));
        assert_eq!((value("X-Ticket").as_deref(), value("Contact")), (Some("4711"), None));
        assert_eq!(request.from.tag().map(ToString::to_string), phone.to_tag);
        assert!(world.answer(ticket).is_none(), "the peer has not answered");
        world.deliver(phone.respond(&request, 100));
        assert!(world.answer(ticket).is_none());
        world.deliver(phone.respond(&request, 202));
        assert_eq!(world.heard(ticket), 202);
        assert_eq!((world.call().version, world.call().state.name()), (version, "established"));
    }
}

#[test]
fn one_goes_after_the_other_in_the_order_of_the_commands() {
    let mut world = World::udp();
    let phone = established(&mut world);
    let tickets = ["one", "two", "three"].map(|body| asked(&mut world, body));
    let first = info(&mut world, "one");
    world.deliver(phone.respond(&first, 200));
    let second = info(&mut world, "two");
    assert_eq!(second.cseq, first.cseq + 1);
    world.deliver(phone.respond(&second, 415));
    let third = info(&mut world, "three");
    world.deliver(phone.respond(&third, 200));
    assert_eq!(world.heard(tickets[0]), 200);
    assert!(matches!(world.refused(tickets[1]), Refusal::SipRejected(_, 415)));
    assert_eq!(world.heard(tickets[2]), 200);
    assert!(world.told().is_empty() && world.call().end.is_none());
}

#[test]
fn each_digit_is_an_info_and_the_last_answer_is_the_commands() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    let ticket = world.ask(Action::Dtmf(digits("5a#")));
    for digit in ["5", "A"] {
        let request = info(&mut world, &format!("Signal={digit}\r\nDuration=160\r\n"));
        assert_eq!(header(&request.headers, "Content-Type").as_deref(), Some("application/dtmf-relay"));
        world.deliver(phone.respond(&request, 200));
        assert!(world.answer(ticket).is_none());
    }
    let last = info(&mut world, "Signal=#\r\nDuration=160\r\n");
    world.deliver(phone.respond(&last, 200));
    assert_eq!(world.heard(ticket), 200);
}

#[test]
fn a_digit_that_is_refused_leaves_out_the_rest() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    let (ticket, next) = (world.ask(Action::Dtmf(digits("12"))), asked(&mut world, "next"));
    let first = info(&mut world, "Signal=1\r\nDuration=160\r\n");
    world.deliver(phone.respond(&first, 488));
    assert!(matches!(world.refused(ticket), Refusal::SipRejected(_, 488)));
    let request = info(&mut world, "next");
    world.deliver(phone.respond(&request, 200));
    assert_eq!(world.heard(next), 200);
}

#[test]
fn a_peer_that_says_nothing_is_waited_for_once_and_the_call_goes_on() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    let tickets = ["one", "two"].map(|body| asked(&mut world, body));
    info(&mut world, "one");
    world.advance(Duration::from_secs(32));
    assert!(tickets.into_iter().all(|ticket| matches!(world.refused(ticket), Refusal::SipTimeout(_))));
    assert!(world.wire().is_empty() && world.call().end.is_none());
    let ticket = asked(&mut world, "again");
    let request = info(&mut world, "again");
    world.deliver(phone.respond(&request, 200));
    assert_eq!(world.heard(ticket), 200);
}

#[test]
fn a_command_waits_for_its_answers_for_so_long_whatever_was_before_it() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    let (slow, next) = (world.ask(Action::Dtmf(digits("123"))), asked(&mut world, "next"));
    for digit in ["1", "2"] {
        let request = info(&mut world, &format!("Signal={digit}\r\nDuration=160\r\n"));
        world.advance(Duration::from_secs(19));
        world.deliver(phone.respond(&request, 200));
    }
    let late = info(&mut world, "Signal=3\r\nDuration=160\r\n");
    world.advance(Duration::from_secs(1));
    assert!(world.answer(slow).is_none());
    world.advance(Duration::from_secs(1));
    assert!(matches!(world.refused(slow), Refusal::SipTimeout(_)));
    assert!(matches!(world.refused(next), Refusal::SipTimeout(_)), "as old as the first");
    world.deliver(phone.respond(&late, 200));
    assert!(world.wire().is_empty());
    let young = asked(&mut world, "young");
    let request = info(&mut world, "young");
    world.deliver(phone.respond(&request, 200));
    assert_eq!(world.heard(young), 200);
    world.advance(Duration::from_secs(60));
    assert!(world.wire().is_empty() && world.call().end.is_none());
}

#[test]
fn a_peer_that_knows_the_call_no_more_ends_it() {
    for status in [408, 481] {
        let mut world = World::tcp();
        let phone = established(&mut world);
        let (first, second) = (asked(&mut world, "one"), asked(&mut world, "two"));
        let request = info(&mut world, "one");
        world.deliver(phone.respond(&request, status));
        let Refusal::SipRejected(call, told) = world.refused(first) else { panic!("not rejected") };
        assert_eq!((told, call.end.is_some()), (status, true));
        assert!(matches!(world.refused(second), Refusal::CallEnded(_)));
        assert_eq!(world.end(), (EndCause::Failed, EndBy::Remote, Some(status)));
        let bye = world.request();
        assert_eq!((bye.method.as_str(), bye.cseq), ("BYE", request.cseq + 1));
        world.deliver(phone.respond(&bye, 481));
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

#[test]
fn who_waits_when_the_call_ends_is_told_so() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    let tickets = ["one", "two"].map(|body| asked(&mut world, body));
    let request = info(&mut world, "one");
    world.deliver(phone.next("BYE", "", ""));
    for ticket in tickets {
        let Refusal::CallEnded(call) = world.refused(ticket) else { panic!("not ended") };
        assert_eq!(call.end.as_ref().map(|end| end.by), Some(EndBy::Remote));
    }
    world.deliver(phone.respond(&request, 200));
    assert_eq!(world.statuses(), ["200 BYE"]);
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn one_more_than_may_wait_is_refused() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    for number in 0..16 {
        asked(&mut world, &number.to_string());
    }
    let ticket = asked(&mut world, "too much");
    assert!(matches!(world.refused(ticket), Refusal::Overloaded));
    let request = info(&mut world, "0");
    world.deliver(phone.respond(&request, 200));
    let ticket = asked(&mut world, "there is room again");
    assert!(world.answer(ticket).is_none());
}

#[test]
fn before_the_ack_there_is_nothing_to_be_said() {
    let mut world = World::tcp();
    accepted(&mut world);
    for action in [Action::Info(letter("x")), Action::Message(letter("x")), Action::Dtmf(digits("1"))] {
        let ticket = world.ask(action);
        assert!(matches!(world.refused(ticket), Refusal::InvalidState(_)));
    }
}

#[test]
fn what_cannot_be_sent_is_refused_and_nothing_is() {
    let mut world = World::tcp();
    established(&mut world);
    let with = |content_type: &str, body: String| {
        Action::Info(Letter { content_type: content_type.into(), body, headers: NewHeaders::default() })
    };
    let keys =
        |digits: &str, duration_ms, via| Action::Dtmf(Digits { digits: digits.into(), duration_ms, via });
    let relay = DigitsVia::Info;
    for (action, field) in [
        (with("text/plain", "x".repeat(16 * 1024 + 1)), "body"),
        (with("text", "x".into()), "content_type"),
        (with("text/plain\r\nX: y", "x".into()), "content_type"),
        (with("text/plain;a=\u{7f}", "x".into()), "content_type"),
        (with("", "x".into()), "content_type"),
        (keys("", 160, relay), "digits"),
        (keys("12E", 160, relay), "digits"),
        (keys("１", 160, relay), "digits"),
        (keys(&"1".repeat(33), 160, relay), "digits"),
        (keys("1", 39, relay), "duration_ms"),
        (keys("1", 6001, relay), "duration_ms"),
        (keys("1", 160, DigitsVia::Rfc4733), "via"),
    ] {
        let ticket = world.ask(action);
        match world.refused(ticket) {
            Refusal::InvalidField { field: told, .. } => assert_eq!(told, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let headers = NewHeaders(vec![NewHeader { name: "Via".into(), value: "x".into() }]);
    let ticket = world.ask(Action::Message(Letter { headers, ..letter("x") }));
    assert!(matches!(world.refused(ticket), Refusal::InvalidHeader(_)));
    assert!(world.wire().is_empty());
    world.ask(with("text/plain", "x".repeat(16 * 1024)));
    assert_eq!(world.request().body.len(), 16 * 1024);
}

#[test]
fn what_is_challenged_is_sent_again_as_it_was() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = connected(&mut world);
    let ticket = asked(&mut world, "one");
    let first = info(&mut world, "one");
    let challenge = "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"abc\", qop=\"auth\"\r\n";
    let refusal = callee.responds(&first, 401);
    world.deliver(refusal.replace("Content-Length", &format!("{challenge}Content-Length")));
    let again = info(&mut world, "one");
    assert_eq!(again.cseq, first.cseq + 1);
    assert!(header(&again.headers, "Authorization").is_some());
    world.deliver(callee.responds(&again, 200));
    assert_eq!(world.heard(ticket), 200);
    world.ask(Action::Hangup(Default::default()));
    assert_eq!(world.request().cseq, again.cseq + 1);
}

#[test]
fn what_was_said_counts_on_after_a_crash() {
    let mut world = World::new(Transport::Tcp, Settings { keeps_calls: true, ..Settings::default() });
    let phone: Phone = established(&mut world);
    for body in ["one", "two"] {
        asked(&mut world, body);
        let request = info(&mut world, body);
        world.deliver(phone.respond(&request, 200));
    }
    asked(&mut world, "three");
    let last = info(&mut world, "three");
    world.crash();
    world.ask(Action::Hangup(Default::default()));
    world.reach();
    assert!(world.request().cseq > last.cseq);
}

#[test]
fn a_message_of_the_peer_is_told() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("MESSAGE", "Content-Type: text/plain\r\n", "Signal=1"));
    assert_eq!(world.statuses(), ["200 MESSAGE"]);
    assert_eq!(world.told(), [EventKind::Message]);
    let Some(Detail::Message(message)) = world.events.last().and_then(|event| event.detail.clone()) else {
        panic!("no message")
    };
    assert_eq!((message.content_type.as_deref(), &*message.body), (Some("text/plain"), "Signal=1"));
    world.forget();
    world.deliver(phone.next("MESSAGE", "", &"x".repeat(16 * 1024 + 1)));
    assert_eq!(world.statuses(), ["413 MESSAGE"]);
    assert!(world.told().is_empty());
}

#[test]
fn a_message_outside_of_calls_is_not_taken() {
    let mut world = World::tcp();
    world.deliver(Phone::new(&world).same("MESSAGE"));
    assert_eq!(world.statuses(), ["405 MESSAGE"]);
}

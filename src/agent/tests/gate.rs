//! Who may begin something with us, and how much of it.

use std::time::Duration;

use super::harness::{World, header};
use super::phone::{OFFER, Phone, established, offered};
use crate::agent::command::Reject;
use crate::agent::{Action, Counts, Denied, GateSettings, ListenerId, OverLimit, Settings};
use crate::sip::digest::{Answer, Challenge, Credentials, Password};
use crate::sip::{Name, Response, Transport};

/// An agent behind a gate, and a peer that has connected to it.
fn behind(gate: GateSettings) -> World {
    over(Transport::Tcp, gate)
}

fn over(transport: Transport, gate: GateSettings) -> World {
    let mut world = World::new(transport, Settings { gate, ..Settings::default() });
    world.flow.listener = Some(ListenerId(0));
    world
}

fn counts(world: &World) -> Counts {
    world.agent.counts()
}

fn alice() -> Credentials {
    Credentials { username: "alice".into(), password: Password::new("s3cret") }
}

fn guarded() -> GateSettings {
    GateSettings { users: vec![alice()], realm: "pbx \"north\"".to_owned(), ..GateSettings::default() }
}

/// The header that answers one of the challenges of a 401.
fn answer(refusal: &Response, which: usize, who: &Credentials, count: u32) -> String {
    let asked = refusal.headers.all(Name::WwwAuthenticate).nth(which).expect("a challenge");
    let challenge = Challenge::parse(asked.value).expect("that can be read");
    let answer = Answer {
        challenge: &challenge,
        credentials: who,
        method: "INVITE",
        uri: "sip:1000@192.0.2.7",
        body: b"",
        cnonce: "c0ffee",
        nonce_count: count,
    };
    format!("Authorization: {}\r\n", String::from_utf8(answer.authorization().to_vec()).expect("text"))
}

/// The next INVITE of the phone's call, with its first answered to or without.
fn again(phone: &mut Phone, headers: &str) -> String {
    phone.next("INVITE", headers, OFFER)
}

#[test]
fn who_is_not_allowed_gets_403_or_nothing_as_is_set() {
    let allow = vec!["192.0.2.0/24".parse().expect("a network")];
    let mut world =
        behind(GateSettings { allow: allow.clone(), denied: Denied::Reject, ..Default::default() });
    for method in ["INVITE", "OPTIONS", "REGISTER"] {
        world.deliver(Phone::new(&world).same(method));
        assert_eq!(world.statuses(), [format!("403 {method}")]);
    }
    world.assert_empty();
    assert_eq!(counts(&world).denied, 3);
    let mut world = behind(GateSettings { allow, ..Default::default() });
    world.deliver(Phone::new(&world).invite());
    assert!(world.statuses().is_empty() && counts(&world).denied == 1);
    world.flow.peer = "192.0.2.99:5060".parse().expect("an address");
    world.deliver(Phone::new(&world).invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
}

#[test]
fn who_we_have_connected_to_is_allowed_wherever_it_is() {
    let allow = vec!["192.0.2.0/24".parse().expect("a network")];
    let mut world = behind(GateSettings { allow, denied: Denied::Reject, ..Default::default() });
    world.flow.listener = None;
    world.deliver(Phone::new(&world).invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
}

#[test]
fn over_its_rate_a_peer_gets_503_for_what_is_outside_dialogs_and_all_else_is_served() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut world = over(transport, GateSettings { peer_rate: 1, peer_burst: 2, ..Default::default() });
        let mut caller = established(&mut world);
        let ringing = Phone::numbered(&world, 2);
        world.deliver(ringing.invite());
        world.forget();
        for number in 3..6 {
            world.deliver(Phone::numbered(&world, number).invite());
            let refusal = world.response();
            assert_eq!(
                (refusal.status, header(&refusal.headers, "Retry-After").as_deref()),
                (503, Some("5"))
            );
        }
        let left = world.left();
        world.deliver(
            Phone { to_tag: Some("of-no-dialog".to_owned()), ..Phone::numbered(&world, 6) }.same("INFO"),
        );
        assert_eq!(world.statuses(), ["503 INFO"], "a tag that we have not given makes no dialog");
        assert_eq!(world.left(), left, "nothing is kept of what is refused");
        world.deliver(Phone::numbered(&world, 3).same("ACK"));
        world.deliver(ringing.same("CANCEL"));
        assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
        world.deliver(caller.next("INVITE", "", OFFER));
        assert_eq!(world.statuses(), ["200 INVITE"]);
        world.deliver(caller.ack(""));
        world.deliver(caller.next("BYE", "", ""));
        assert_eq!(world.statuses(), ["200 BYE"]);
        assert_eq!(counts(&world).over_rate, 4);
        world.advance(Duration::from_secs(1));
        world.wire();
        world.deliver(Phone::numbered(&world, 7).invite());
        assert_eq!(world.statuses(), ["100 INVITE"]);
    }
}

#[test]
fn what_is_over_a_limit_is_dropped_where_that_is_set() {
    let limits = GateSettings { peer_calls: 1, over_limit: OverLimit::Drop, ..Default::default() };
    let mut world = behind(limits);
    offered(&mut world);
    world.deliver(Phone::numbered(&world, 2).invite());
    assert!(world.statuses().is_empty());
}

#[test]
fn a_peer_has_only_so_many_calls_open_and_another_has_its_own() {
    let mut world = behind(GateSettings { peer_calls: 2, ..Default::default() });
    for (number, status) in [(1, "100 INVITE"), (2, "100 INVITE"), (3, "503 INVITE")] {
        world.deliver(Phone::numbered(&world, number).invite());
        assert_eq!(world.statuses(), [status]);
    }
    world.flow.peer = "10.0.0.2:5060".parse().expect("an address");
    world.deliver(Phone::numbered(&world, 4).invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
    world.flow.peer = "10.0.0.1:9999".parse().expect("an address");
    world.deliver(Phone::numbered(&world, 2).same("CANCEL"));
    assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
    world.deliver(Phone::numbered(&world, 5).invite());
    assert_eq!(world.statuses(), ["100 INVITE"], "what is over does not count");
    assert_eq!(counts(&world).over_calls, 1);
}

#[test]
fn a_caller_is_asked_for_credentials_with_sha_256_first_and_nothing_is_kept_of_it() {
    let mut world = behind(guarded());
    world.deliver(Phone::new(&world).invite());
    let refusal = world.response();
    let asked: Vec<_> = refusal.headers.all(Name::WwwAuthenticate).map(|asked| asked.text()).collect();
    assert_eq!((refusal.status, asked.len()), (401, 2));
    for (asked, algorithm) in asked.iter().zip(["SHA-256", "MD5"]) {
        let parts = [r#"realm="pbx \"north\"""#, "qop=\"auth\"", &format!("algorithm={algorithm},")];
        assert!(parts.iter().all(|part| asked.contains(part)) && !asked.contains("stale"), "{asked}");
    }
    world.assert_empty();
    world.deliver(Phone::new(&world).same("ACK"));
    assert!(world.sent().is_empty());
}

#[test]
fn right_credentials_make_a_call_by_either_algorithm_and_each_nonce_count_once() {
    for which in [0, 1] {
        let mut world = behind(guarded());
        let mut phone = Phone::new(&world);
        world.deliver(phone.invite());
        let refusal = world.response();
        let proof = answer(&refusal, which, &alice(), 1);
        world.deliver(again(&mut phone, &proof));
        assert_eq!(world.statuses(), ["100 INVITE"]);
        let mut thief = Phone::numbered(&world, 2);
        world.deliver(again(&mut thief, &proof));
        let refusal = world.response();
        assert_eq!(refusal.status, 401);
        assert!(header(&refusal.headers, "WWW-Authenticate").expect("a challenge").contains("stale=true"));
        world.deliver(again(&mut thief, &answer(&refusal, which, &alice(), 1)));
        assert_eq!(world.statuses(), ["100 INVITE"], "who knows the password answers the new nonce");
        let Counts { challenged, rejected, authenticated, .. } = counts(&world);
        assert_eq!((challenged, rejected, authenticated), (2, 0, 2));
    }
}

#[test]
fn what_answers_a_challenge_is_not_shown() {
    let mut world = behind(guarded());
    let mut phone = Phone::new(&world);
    world.deliver(phone.invite());
    let refusal = world.response();
    world.deliver(again(&mut phone, &answer(&refusal, 0, &alice(), 1)));
    assert_eq!(world.statuses(), ["100 INVITE"]);
    let call = world.call();
    assert!(call.headers.iter().any(|header| &*header.name == "Contact"));
    assert!(!call.headers.iter().any(|header| header.name.contains("uthorization")));
}

#[test]
fn wrong_credentials_are_asked_for_again_and_not_called_stale() {
    let mut world = behind(guarded());
    let mut phone = Phone::new(&world);
    world.deliver(phone.invite());
    let refusal = world.response();
    let wrong = Credentials { password: Password::new("guess"), ..alice() };
    let nobody = Credentials { username: "mallory".into(), password: Password::new("") };
    for who in [wrong, nobody] {
        world.deliver(again(&mut phone, &answer(&refusal, 0, &who, 1)));
        let refusal = world.response();
        assert_eq!(refusal.status, 401);
        assert!(!header(&refusal.headers, "WWW-Authenticate").expect("a challenge").contains("stale"));
    }
    assert_eq!(counts(&world).rejected, 2);
    world.deliver(again(&mut phone, &answer(&refusal, 0, &alice(), 1)));
    assert_eq!(world.statuses(), ["100 INVITE"], "guesses take no count away from who knows");
}

#[test]
fn an_old_nonce_is_stale_by_the_time_that_passes_and_not_by_the_clock_on_the_wall() {
    let mut world = behind(guarded());
    let mut phone = Phone::new(&world);
    world.deliver(phone.invite());
    let refusal = world.response();
    world.now.wall.0 += 86_400_000_000;
    world.deliver(again(&mut phone, &answer(&refusal, 0, &alice(), 1)));
    assert_eq!(world.statuses(), ["100 INVITE"]);
    world.now.wall.0 -= 2 * 86_400_000_000;
    world.advance(Duration::from_secs(300));
    world.wire();
    world.deliver(again(&mut Phone::numbered(&world, 2), &answer(&refusal, 0, &alice(), 2)));
    let refusal = world.response();
    assert!(header(&refusal.headers, "WWW-Authenticate").expect("a challenge").contains("stale=true"));
}

#[test]
fn what_is_inside_a_dialog_and_a_cancel_are_not_asked_for_credentials() {
    let mut world = behind(guarded());
    let mut phone = Phone::new(&world);
    world.deliver(phone.invite());
    let proof = answer(&world.response(), 0, &alice(), 1);
    world.deliver(again(&mut phone, &proof));
    world.wire();
    world.ask(Action::Accept(crate::agent::command::Accept::default()));
    phone.learn(&world.response());
    world.deliver(phone.ack(""));
    world.deliver(phone.next("INVITE", "", OFFER));
    assert_eq!(world.statuses(), ["200 INVITE"]);
    world.deliver(phone.ack(""));
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    world.deliver(Phone::numbered(&world, 2).same("OPTIONS"));
    assert_eq!(world.statuses(), ["200 OPTIONS"]);
}

#[test]
fn while_the_agent_cannot_keep_up_new_calls_get_503_and_the_rest_is_served() {
    let mut world = World::udp();
    let mut caller = established(&mut world);
    let ringing = Phone::numbered(&world, 2);
    world.deliver(ringing.invite());
    world.forget();
    world.agent.handle_load(true);
    let left = world.left();
    for _ in 0..2 {
        world.deliver(Phone::numbered(&world, 3).invite());
        let refusal = world.response();
        assert_eq!((refusal.status, header(&refusal.headers, "Retry-After").as_deref()), (503, Some("5")));
    }
    assert_eq!(world.left(), left, "nothing is kept of them");
    world.deliver(ringing.invite());
    world.deliver(ringing.same("CANCEL"));
    world.deliver(caller.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["100 INVITE", "200 CANCEL", "487 INVITE", "200 BYE"]);
    assert_eq!(counts(&world).overloaded, 2);
    world.agent.handle_load(false);
    world.deliver(Phone::numbered(&world, 3).invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
    world.ask(Action::Reject(Reject::default()));
    assert_eq!(world.statuses(), ["486 INVITE"]);
}

#[test]
fn of_idle_connections_those_are_closed_that_no_call_needs() {
    let mut world = World::tcp();
    let mut caller = established(&mut world);
    let flow = world.flow.id;
    let other = crate::agent::FlowId(99);
    let closed = |world: &mut World| {
        world.agent.handle_idle(world.now, &[flow, other]);
        let outputs = std::iter::from_fn(|| world.agent.poll_output());
        let closed = outputs.map(|output| match output {
            crate::agent::Output::Close(flow) => flow,
            other => panic!("{other:?}"),
        });
        closed.collect::<Vec<_>>()
    };
    assert_eq!(closed(&mut world), [other]);
    world.deliver(caller.next("BYE", "", ""));
    assert_eq!(closed(&mut world), [flow, other]);
    assert_eq!(counts(&world).idle, 3);
}

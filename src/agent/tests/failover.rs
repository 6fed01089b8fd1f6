//! An INVITE that does not get through at once: other addresses (RFC 3263 §4.3), no way, and challenges (RFC 3261 §22).

use std::time::Duration;

use super::callee::{Callee, account, called, called_with, cancel, connected, order, with_accounts};
use super::harness::{World, header};
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Action, Address, Destination, Settings};
use crate::sip::Transport;

fn another() -> Address {
    Address {
        transport: Transport::Tcp,
        address: "10.0.0.2:5060".parse().expect("an address"),
        host: "pbx.example.com".into(),
    }
}

fn first() -> Address {
    Address { address: "10.0.0.1:5060".parse().expect("an address"), ..another() }
}

/// A phone at the first of two addresses.
fn first_of_two(world: &mut World) -> Callee {
    world.originate(order());
    world.reach_one_of(vec![another()]);
    Callee::of(world.request())
}

#[test]
fn a_call_that_finds_no_way_fails() {
    let mut world = World::tcp();
    world.originate(order());
    world.reach_in_vain();
    assert_eq!(world.told(), [EventKind::Dialing, EventKind::Ended]);
    assert_eq!(world.end(), (EndCause::Failed, EndBy::System, None));
    world.assert_empty();
}

#[test]
fn a_503_goes_to_the_next_address_and_the_last_one_ends_the_call() {
    let mut world = World::tcp();
    let first = first_of_two(&mut world);
    world.deliver(first.says(180));
    world.deliver(first.says(503));
    assert_eq!(world.statuses(), ["ACK"]);
    assert!(world.call().end.is_none());
    let Destination::Addresses(rest) = world.reach() else { panic!("addresses") };
    assert_eq!(rest, [another()]);
    let second = Callee::of(world.request());
    assert_eq!((second.invite.cseq, &second.invite.call_id), (1, &first.invite.call_id));
    assert_eq!(second.invite.from.tag(), first.invite.from.tag());
    assert_ne!(second.invite.via.branch, first.invite.via.branch);
    world.deliver(first.answers());
    assert!(world.wire().is_empty(), "the first has refused");
    world.deliver(second.says(503));
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(503)));
    world.assert_empty();
}

#[test]
fn an_address_that_is_silent_or_cannot_be_written_to_gives_way_to_the_next() {
    let mut world = World::tcp();
    first_of_two(&mut world);
    world.advance(Duration::from_secs(32));
    world.reach();
    let second = Callee::of(world.request());
    world.deliver(second.answers());
    assert_eq!(world.call().state.name(), "established");
    let mut world = World::tcp();
    world.originate(order());
    world.hold_deliveries();
    world.reach_one_of(vec![another()]);
    let first = world.carried().remove(0).transmit;
    world.undelivered(&first);
    world.reach();
    let second = world.carried().remove(0).transmit;
    world.undelivered(&second);
    assert_eq!(world.end(), (EndCause::Failed, EndBy::System, None));
    world.assert_empty();
}

#[test]
fn what_an_address_has_said_is_the_end_where_the_others_cannot_be_reached() {
    let mut world = World::tcp();
    let first = first_of_two(&mut world);
    world.deliver(first.says_with(503, "Retry-After: 7\r\nReason: Q.850;cause=42\r\n", ""));
    world.reach_in_vain();
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(503)));
    assert_eq!(
        world.call().end.as_ref().and_then(|end| end.reason.as_deref().map(str::to_owned)).as_deref(),
        Some("Q.850;cause=42")
    );
    world.assert_empty();
    let mut world = World::tcp();
    first_of_two(&mut world);
    world.advance(Duration::from_secs(32));
    world.reach_in_vain();
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::System, None));
    world.assert_empty();
}

#[test]
fn an_invite_that_nothing_was_heard_of_goes_on_when_its_connection_is_gone() {
    let mut world = World::tcp();
    let first = first_of_two(&mut world);
    world.close_flow();
    world.reconnect();
    let Destination::Addresses(ways) = world.reach_one_of(vec![another()]) else { panic!("addresses") };
    assert_eq!(
        ways.iter().map(|way| way.address).collect::<Vec<_>>(),
        [self::first(), another()].map(|way| way.address)
    );
    assert_eq!(world.request().via.branch, first.invite.via.branch, "a copy, where it may have been read");
    world.close_flow();
    world.reconnect();
    assert_eq!(world.reach(), Destination::Addresses(vec![another()]), "once is enough");
    let second = Callee::of(world.request());
    assert_ne!(second.invite.via.branch, first.invite.via.branch);
    world.deliver(first.answers());
    assert!(world.wire().is_empty(), "the first is asked no more");
    world.deliver(second.answers());
    assert_eq!(world.call().state.name(), "established");
}

/// A call whose connection is lost before its peer has said anything.
fn lost(world: &mut World) -> Callee {
    let callee = called(world);
    world.close_flow();
    world.reconnect();
    assert!(world.call().end.is_none());
    callee
}

#[test]
fn an_invite_whose_connection_is_lost_goes_out_once_more_as_it_was() {
    let mut world = World::tcp();
    let callee = lost(&mut world);
    // Without a listener each connection has a port of its own.
    world.flow.local.set_port(40_001);
    let Destination::Addresses(ways) = world.reach() else { panic!("addresses") };
    assert_eq!(ways.iter().map(|way| way.address).collect::<Vec<_>>(), [first().address]);
    let again = world.request();
    assert_eq!(again.headers.head(), callee.invite.headers.head());
    assert_eq!(again.body, callee.invite.body);
    world.deliver(callee.says(180));
    world.deliver(callee.answers());
    assert_eq!(world.call().state.name(), "established");
    let ack = world.carried().remove(0);
    assert!(matches!(ack.message, crate::sip::Message::Request(ack) if ack.method.as_str() == "ACK"));
    assert_eq!(ack.transmit.flow, Some(world.flow.id), "by the new one");
}

#[test]
fn a_peer_that_has_read_a_lost_invite_answers_by_its_own_connection() {
    for status in [100, 180, 200] {
        let mut world = World::tcp();
        let callee = lost(&mut world);
        world.deliver(if status == 200 { callee.answers() } else { callee.says(status) });
        world.reach();
        world.deliver(callee.answers());
        assert_eq!(world.call().state.name(), "established", "after {status}");
        assert!(world.statuses().iter().all(|sent| sent == "ACK"), "it need not be sent again");
    }
    let mut world = World::tcp();
    let callee = lost(&mut world);
    world.deliver(callee.says(486));
    assert_eq!(world.statuses(), ["ACK"]);
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(486)));
    world.reach();
    world.assert_empty();
}

#[test]
fn a_call_whose_connection_is_lost_and_cannot_be_made_again_fails() {
    let mut world = World::tcp();
    let callee = lost(&mut world);
    world.reach_in_vain();
    assert_eq!(world.end(), (EndCause::Failed, EndBy::System, None));
    world.deliver(callee.says(180));
    assert!(world.wire().is_empty());
    world.assert_empty();
}

#[test]
fn a_lost_invite_that_nobody_answers_times_out_as_ever() {
    for found in [true, false] {
        let mut world = World::tcp();
        lost(&mut world);
        if found {
            world.reach();
        }
        world.advance(Duration::from_secs(32));
        assert_eq!(world.end(), (EndCause::Timeout, EndBy::System, None));
        world.assert_empty();
    }
}

#[test]
fn a_lost_invite_goes_to_another_address_and_from_another_of_ours_as_a_new_one() {
    let changes: [fn(&mut World); 2] = [
        |world| world.flow.peer = another().address,
        |world| world.flow.local = "192.0.2.8:5060".parse().expect("one"),
    ];
    for change in changes {
        let mut world = World::tcp();
        let callee = lost(&mut world);
        change(&mut world);
        world.reach();
        let again = Callee::of(world.request());
        assert_ne!(again.invite.via.branch, callee.invite.via.branch);
        world.deliver(again.answers());
        assert_eq!(world.call().state.name(), "established");
    }
}

#[test]
fn a_lost_invite_that_is_given_up_is_cancelled_when_its_peer_is_heard() {
    let mut world = World::tcp();
    let callee = lost(&mut world);
    let ticket = cancel(&mut world);
    world.reach_one_of(vec![another()]);
    assert_eq!(world.request().via.branch, callee.invite.via.branch);
    world.deliver(callee.says(180));
    assert_eq!(world.request().method.as_str(), "CANCEL");
    world.deliver(callee.says(503));
    assert!(!world.is_seeking(), "it goes nowhere else");
    world.done(ticket);

    let mut world = World::tcp();
    lost(&mut world);
    let ticket = cancel(&mut world);
    world.reach_in_vain();
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
    world.assert_empty();
}

#[test]
fn where_nobody_is_said_to_be_the_next_address_is_asked_at_once() {
    let mut world = World::udp();
    let first = first_of_two(&mut world);
    world.refuse();
    let Destination::Addresses(rest) = world.reach() else { panic!("addresses") };
    assert_eq!(rest, [another()]);
    let second = Callee::of(world.request());
    world.deliver(first.answers());
    assert!(world.wire().is_empty(), "the first is asked no more");
    world.deliver(second.answers());
    assert_eq!(world.call().state.name(), "established");
    assert_eq!(world.statuses(), ["ACK"]);
}

#[test]
fn nobody_is_believed_who_says_that_nobody_is_there_where_that_would_be_the_end() {
    let mut world = World::udp();
    world.originate(order());
    world.reach();
    let callee = Callee::of(world.request());
    world.refuse();
    assert!(!world.is_seeking() && world.call().end.is_none());
    world.advance(Duration::from_millis(500));
    assert_eq!(world.request().via.branch, callee.invite.via.branch, "it is repeated as ever");
    world.deliver(callee.answers());
    assert_eq!(world.call().state.name(), "established");
    world.statuses();
    world.ask(Action::Hangup(Default::default()));
    let bye = world.request();
    world.refuse();
    world.advance(Duration::from_millis(500));
    assert_eq!(world.request().via.branch, bye.via.branch);
}

#[test]
fn a_peer_that_has_said_anything_is_there() {
    let mut world = World::udp();
    let first = first_of_two(&mut world);
    world.deliver(first.says(100));
    world.refuse();
    assert!(!world.is_seeking());
    world.deliver(first.answers());
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn a_call_that_is_given_up_goes_nowhere_else() {
    let mut world = World::udp();
    let first = first_of_two(&mut world);
    world.ask(Action::Hangup(Default::default()));
    world.refuse();
    assert!(!world.is_seeking());
    world.deliver(first.says(180));
    assert_eq!(world.request().method.as_str(), "CANCEL");
}

/// A call that goes by a connection which was there already.
fn by_an_old_connection(world: &mut World) -> Callee {
    world.originate(order());
    world.reach_by(Some(first()), vec![another()]);
    Callee::of(world.request())
}

/// Another connection that was there already; what was looked for.
fn then(world: &mut World) -> Vec<Address> {
    world.reconnect();
    match world.reach_by(Some(first()), vec![another()]) {
        Destination::Addresses(rest) => rest,
        Destination::Hop(_) => panic!("addresses"),
    }
}

#[test]
fn a_connection_that_was_there_and_is_dead_is_made_anew_once() {
    for mut world in [World::tcp(), World::udp()] {
        let branch = by_an_old_connection(&mut world).invite.via.branch;
        world.close_flow();
        assert_eq!(then(&mut world), [first(), another()]);
        let is_copy = world.request().via.branch == branch;
        assert_eq!(
            is_copy,
            world.flow.transport == Transport::Tcp,
            "over UDP it is our address that is gone"
        );
        world.close_flow();
        assert_eq!(then(&mut world), [another()], "whatever is said of the second");
        let callee = Callee::of(world.request());
        world.deliver(callee.answers());
        assert_eq!(world.call().state.name(), "established");
    }
}

#[test]
fn what_cannot_be_written_to_a_connection_that_was_there_goes_by_a_new_one() {
    let mut world = World::tcp();
    world.hold_deliveries();
    world.originate(order());
    world.reach_by(Some(first()), Vec::new());
    let lost = world.carried().remove(0).transmit;
    world.undelivered(&lost);
    assert_eq!(world.reach(), Destination::Addresses(vec![first()]));
}

#[test]
fn a_peer_that_was_heard_is_not_asked_again_by_a_new_connection() {
    let mut world = World::tcp();
    let callee = by_an_old_connection(&mut world);
    world.deliver(callee.says(503));
    assert_eq!(then(&mut world), [another()]);
    let mut world = World::tcp();
    by_an_old_connection(&mut world);
    world.advance(Duration::from_secs(32));
    assert_eq!(then(&mut world), [another()]);
}

#[test]
fn an_invite_that_the_peer_works_on_waits_for_its_answer_by_another_connection() {
    let mut world = World::tcp();
    let first = first_of_two(&mut world);
    world.deliver(first.says(100));
    world.close_flow();
    assert!(!world.is_seeking());
    world.reconnect();
    world.deliver(first.answers());
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn a_bye_whose_connection_is_gone_is_sent_by_another() {
    let mut world = World::tcp();
    let callee = connected(&mut world);
    let ticket = world.ask(Action::Hangup(Default::default()));
    world.done(ticket);
    let first = world.request();
    world.close_flow();
    world.reconnect();
    world.reach();
    let second = world.request();
    assert_eq!((second.method.as_str(), second.cseq), ("BYE", first.cseq));
    assert_ne!(second.via.branch, first.via.branch);
    world.deliver(callee.responds(&second, 481));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn two_byes_that_are_challenged_at_once_are_both_sent_again() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE)]);
    world.deliver(callee.answers());
    world.wire();
    let other = callee.fork("other");
    world.deliver(other.answers());
    let crate::sip::Message::Request(theirs) = world.sent().remove(1) else { panic!("a BYE") };
    world.ask(Action::Hangup(Default::default()));
    let ours = world.request();
    for (phone, bye, nonce) in [(&other, &*theirs, "n2"), (&callee, &ours, "n3")] {
        let challenge = CHALLENGE.replace("abc", nonce);
        let challenge =
            phone.responds(bye, 401).replace("Content-Length", &format!("{challenge}Content-Length"));
        world.deliver(challenge);
        let again = world.request();
        let answer = header(&again.headers, "Authorization").expect("an answer");
        assert!(answer.contains(nonce), "{answer}");
        world.deliver(phone.responds(&again, 200));
    }
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn what_rings_at_an_address_that_refuses_then_rings_no_more() {
    let mut world = World::tcp();
    let mut first = first_of_two(&mut world);
    world.deliver(first.says(180));
    world.deliver(first.says(503));
    world.reach();
    world.wire();
    world.deliver(first.asks("INFO", "", ""));
    assert_eq!(world.statuses(), ["481 INFO"]);
}

#[test]
fn a_call_that_is_given_up_goes_to_no_other_address() {
    for status in [503, 401] {
        let mut world = World::tcp();
        let first = first_of_two(&mut world);
        let ticket = cancel(&mut world);
        world.deliver(first.says(status));
        assert!(!world.is_seeking());
        world.done(ticket);
        world.assert_empty();
    }
    let mut world = World::tcp();
    first_of_two(&mut world);
    let ticket = cancel(&mut world);
    world.advance(Duration::from_secs(32));
    assert!(!world.is_seeking());
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
    world.assert_empty();
}

#[test]
fn a_call_that_is_given_up_between_two_addresses_ends_at_once() {
    let mut world = World::tcp();
    let first = first_of_two(&mut world);
    world.deliver(first.says(503));
    let ticket = cancel(&mut world);
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
    world.assert_empty();
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"abc\", qop=\"auth\"\r\n";
const OF_PROXY: &str = "Proxy-Authenticate: Digest realm=\"edge\", nonce=\"def\"\r\n";

/// A call of an account, challenged by these; the INVITE that answers them.
fn challenged(world: &mut World, challenges: &[(u16, &str)]) -> Callee {
    let mut callee = called(world);
    for (status, challenge) in challenges {
        world.deliver(callee.says_with(*status, challenge, ""));
        let mut sent = world.sent();
        assert_eq!(sent.len(), 2, "an ACK and the INVITE again");
        let crate::sip::Message::Request(invite) = sent.remove(1) else { panic!("an INVITE") };
        callee = Callee::of(*invite);
    }
    callee
}

#[test]
fn challenges_of_the_server_and_of_a_proxy_are_answered_in_a_new_invite() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE), (407, OF_PROXY)]);
    let Callee { invite, .. } = &callee;
    assert_eq!((invite.method.as_str(), invite.cseq), ("INVITE", 3));
    assert!(invite.to.tag().is_none());
    let value = |name: &str| header(&invite.headers, name).expect("an answer");
    assert!(
        value("Authorization").contains("realm=\"pbx\"") && value("Authorization").contains("nc=00000002")
    );
    assert!(value("Proxy-Authorization").contains("realm=\"edge\""));
    assert!(!invite.body.is_empty() && invite.contact.is_some());
    assert_eq!(world.told(), [EventKind::Dialing], "nobody is told");
    world.deliver(callee.answers());
    let ack = world.request();
    assert_eq!(ack.cseq, 3);
    for name in ["Authorization", "Proxy-Authorization"] {
        assert_eq!(header(&ack.headers, name), header(&invite.headers, name), "as in the INVITE (§22.1)");
    }
}

#[test]
fn the_cancel_of_a_challenged_invite_is_of_the_last_one_and_has_no_credentials() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE)]);
    cancel(&mut world);
    assert!(world.wire().is_empty(), "held back again");
    world.deliver(callee.says(180));
    let cancel = world.request();
    assert_eq!((cancel.method.as_str(), cancel.cseq), ("CANCEL", 2));
    assert_eq!(cancel.via.branch, callee.invite.via.branch);
    assert!(header(&cancel.headers, "Authorization").is_none());
}

#[test]
fn a_challenge_that_cannot_be_answered_ends_the_call_with_its_status() {
    let mut nameless = account("1000");
    nameless.credentials = None;
    for (mut world, status) in [
        (World::tcp(), 401),
        (with_accounts(vec![nameless]), 407),
        (with_accounts(vec![account("1000")]), 401),
    ] {
        let callee = called(&mut world);
        let unknown = "WWW-Authenticate: Newest realm=\"pbx\"\r\n";
        world.deliver(callee.says_with(status, unknown, ""));
        assert_eq!(world.statuses(), ["ACK"]);
        assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(status)));
        world.assert_empty();
    }
}

#[test]
fn a_password_that_is_wrong_ends_the_call() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE)]);
    world.deliver(callee.says_with(401, &CHALLENGE.replace("abc", "abd"), ""));
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(401)));
}

#[test]
fn a_call_that_is_given_up_answers_no_challenge() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = called(&mut world);
    let ticket = cancel(&mut world);
    world.deliver(callee.says_with(401, CHALLENGE, ""));
    assert_eq!(world.statuses(), ["ACK"]);
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, Some(401)));
    world.assert_empty();
}

#[test]
fn a_bye_answers_what_the_invite_was_asked_and_what_it_is_asked_itself() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE)]);
    world.deliver(callee.answers());
    world.wire();
    world.ask(Action::Hangup(Default::default()));
    let bye = world.request();
    let answer = header(&bye.headers, "Authorization").expect("an answer");
    assert!(answer.contains("nonce=\"abc\"") && answer.contains("nc=00000002"), "{answer}");
    assert_eq!(bye.cseq, 3);
    let stale = CHALLENGE.replace("abc", "new").replace("qop", "stale=true, qop");
    let challenge = callee.responds(&bye, 401).replace("Content-Length", &format!("{stale}Content-Length"));
    world.deliver(challenge);
    let bye = world.request();
    let answer = header(&bye.headers, "Authorization").expect("an answer");
    assert!(answer.contains("nonce=\"new\"") && bye.cseq == 4, "{answer}");
    world.deliver(callee.responds(&bye, 200));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn the_bye_to_a_fork_answers_challenges_too() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE)]);
    world.deliver(callee.answers());
    world.wire();
    let other = callee.fork("other");
    world.deliver(other.answers());
    let crate::sip::Message::Request(bye) = world.sent().remove(1) else { panic!("a BYE") };
    assert!(header(&bye.headers, "Authorization").is_some());
    let challenge = other.responds(&bye, 407).replace("Content-Length", &format!("{OF_PROXY}Content-Length"));
    world.deliver(challenge);
    let bye = world.request();
    assert!(header(&bye.headers, "Proxy-Authorization").is_some());
}

#[test]
fn no_password_and_no_digest_is_seen_in_what_the_agent_shows_of_itself() {
    let mut world = with_accounts(vec![account("1000")]);
    let callee = challenged(&mut world, &[(401, CHALLENGE)]);
    world.deliver(callee.says(183));
    let told = format!("{:?}", world.events);
    assert!(!told.contains("s3cret") && !told.contains("response=") && !told.contains("Digest"));
}

#[test]
fn a_refused_call_makes_room_for_another() {
    let settings = Settings { max_calls: 1, ..Settings::default() };
    let mut world = World::with(settings);
    let callee = called(&mut world);
    world.deliver(callee.says(486));
    world.forget();
    called_with(&mut world, order());
    assert_eq!(world.told(), [EventKind::Dialing]);
}

//! A call of ours from its command to its answer or refusal (RFC 3261 §13.2).

use std::time::Duration;

use super::callee::{CALLED, Callee, called, called_with, connected, order, rings};
use super::harness::{World, header};
use super::phone::{ANSWER, OFFER};
use crate::agent::command::{NewHeader, NewHeaders, Originate};
use crate::agent::event::{Direction, EndBy, EndCause, EventKind};
use crate::agent::{Action, Destination, Refusal, Settings};
use crate::sip::sdp;

#[test]
fn a_command_is_answered_at_once_with_the_call_and_a_way_is_looked_for() {
    let mut world = World::tcp();
    let ticket = world.originate(order());
    let call = world.done(ticket);
    assert_eq!(world.told(), [EventKind::Dialing]);
    assert_eq!((call.state.name(), call.version, call.direction), ("dialing", 1, Direction::Outbound));
    assert_eq!((&*call.request_uri, &*call.to.uri), (CALLED, CALLED));
    assert_eq!((call.sip.transport, &*call.sip.peer), ("tcp", "10.0.0.1:5060"));
    assert!(call.sip.remote_tag.is_none() && call.sdp.remote.is_none() && call.account.is_none());
    let names: Vec<_> = call.actions.iter().map(|action| format!("{action:?}")).collect();
    assert_eq!(names, ["Cancel", "Hangup"]);
    assert!(world.wire().is_empty());
    let (_, Destination::Hop(hop)) = world.sought() else { panic!("a hop") };
    assert_eq!((&*hop.host, hop.port), ("10.0.0.1", Some(5060)));
}

#[test]
fn the_invite_has_all_that_one_needs() {
    let mut world = World::tcp();
    let header_of = |name: &str, value: &str| NewHeader { name: name.into(), value: value.into() };
    let headers = NewHeaders(vec![header_of("X-CRM-Ticket", "4711"), header_of("X-empolyee_id", "1001")]);
    let Callee { invite, .. } = called_with(&mut world, Originate { headers, ..order() });
    assert_eq!((invite.method.as_str(), invite.uri.as_str()), ("INVITE", CALLED));
    assert_eq!((invite.max_forwards, invite.cseq), (Some(70), 1));
    assert!(invite.to.tag().is_none() && invite.from.tag().is_some());
    assert_eq!(invite.to.uri.as_str(), CALLED);
    assert!(invite.via.branch.is_some() && invite.via.rport);
    assert_eq!(&*invite.via.host, "192.0.2.7");
    let contact = invite.contact.as_ref().expect("a contact");
    assert_eq!(contact.uri.as_str(), "sip:call-agent@192.0.2.7:5060;transport=tcp");
    let value = |name: &str| header(&invite.headers, name);
    assert_eq!(value("Content-Type").as_deref(), Some("application/sdp"));
    assert_eq!(value("Allow").as_deref(), Some("INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE"));
    assert!(value("Supported").is_some() && value("User-Agent").is_some());
    assert_eq!(value("X-CRM-Ticket").as_deref(), Some("4711"));
    let shown: Vec<_> = world.call().headers.iter().map(|shown| shown.name.to_string()).collect();
    assert_eq!(shown, ["X-CRM-Ticket", "X-empolyee_id"]);
}

#[test]
fn two_calls_have_nothing_in_common_that_names_them() {
    let mut world = World::tcp();
    let (one, other) = (called(&mut world).invite, called(&mut world).invite);
    assert_ne!(one.call_id, other.call_id);
    assert_ne!(one.from.tag(), other.from.tag());
    assert_ne!(one.via.branch, other.via.branch);
}

#[test]
fn without_a_media_address_the_offer_is_inactive_and_shown_once_it_is_sent() {
    let mut world = World::tcp();
    world.originate(order());
    assert!(world.call().sdp.local.is_none(), "its address is not known yet");
    world.reach();
    let callee = Callee::of(world.request());
    let offer = String::from_utf8(callee.invite.body.to_vec()).expect("text");
    assert!(offer.contains("c=IN IP4 192.0.2.7\r\n") && offer.contains("a=inactive"), "{offer}");
    world.deliver(callee.says(180));
    assert_eq!(world.call().sdp.local.as_deref(), Some(offer.as_str()));
}

#[test]
fn with_a_media_address_the_offer_has_every_codec_and_is_shown_at_once() {
    let media = Some(("192.0.2.9".parse().expect("an address"), 40_000));
    let mut world = World::with(Settings { media, ..Settings::default() });
    world.originate(order());
    let shown = world.call().sdp.local.clone().expect("an offer");
    assert!(shown.contains("c=IN IP4 192.0.2.9\r\n") && shown.contains("m=audio 40000 RTP/AVP 8 0 101"));
    world.reach();
    assert_eq!(world.request().body, shown.as_bytes());
}

#[test]
fn an_offer_of_the_client_is_sent_as_it_is() {
    let mut world = World::tcp();
    let callee = called_with(&mut world, Originate { sdp: Some(OFFER.to_owned()), ..order() });
    assert_eq!(callee.invite.body, OFFER.as_bytes());
    assert_eq!(world.events[0].call.sdp.local.as_deref(), Some(OFFER));
}

#[test]
fn a_call_rings_is_accepted_and_established_with_its_ack() {
    for mut world in [World::tcp(), World::udp()] {
        let callee = called(&mut world);
        world.deliver(callee.says(100));
        assert_eq!(world.told(), [EventKind::Dialing]);
        world.deliver(callee.says(180));
        assert!(world.call().ringing_at.is_some());
        assert!(world.wire().is_empty());
        world.advance(Duration::from_secs(3));
        world.deliver(callee.answers());
        assert_eq!(world.statuses(), ["ACK"]);
        let told = [EventKind::Dialing, EventKind::Ringing, EventKind::Accepted, EventKind::Established];
        assert_eq!(world.told(), told);
        let call = world.call();
        assert_eq!(call.sdp.remote.as_deref(), Some(ANSWER));
        assert_eq!(call.sip.remote_tag.as_deref(), Some("callee"));
        assert_eq!(
            (&*call.sip.peer, call.sip.transport),
            ("10.0.0.1:5060", if world.flow.transport == crate::sip::Transport::Udp { "udp" } else { "tcp" })
        );
        assert!(call.accepted_at.is_some() && call.accepted_at == call.established_at);
        let versions: Vec<_> = world.events.iter().map(|event| event.call.version).collect();
        assert_eq!(versions, [1, 2, 3, 4]);
    }
}

#[test]
fn a_call_can_be_answered_before_it_rings() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.answers());
    assert_eq!(world.told(), [EventKind::Dialing, EventKind::Accepted, EventKind::Established]);
    assert!(world.call().ringing_at.is_none());
}

#[test]
fn every_refusal_ends_the_call_with_its_status_and_reason() {
    for status in [300, 302, 401, 404, 407, 408, 480, 486, 487, 488, 500, 503, 600, 603, 699] {
        let mut world = World::tcp();
        let callee = rings(&mut world);
        world.deliver(callee.says_with(status, "Reason: Q.850;cause=17;text=\"User busy\"\r\n", ""));
        assert_eq!(world.statuses(), ["ACK"]);
        assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(status)));
        let end = world.call().end.clone().expect("an end");
        assert_eq!(end.reason.as_deref(), Some("Q.850;cause=17;text=\"User busy\""));
        assert_eq!(end.reasons[0].cause, Some(17));
        assert_eq!(world.told().last(), Some(&EventKind::Ended));
        world.assert_empty();
    }
}

#[test]
fn an_answer_that_is_no_description_is_acknowledged_and_hung_up() {
    let refused = ANSWER.replace("30000", "0");
    for (headers, body, detail) in [
        ("", "", "the 200 has no session description"),
        ("", "v=0\r\nthis is none", "cannot be read: a line without a type and a value"),
        ("", "hello", "the session description of the 200 cannot be read: not a session description"),
        ("", "v=0\r\ns=-\r\n", "the session description of the 200 has no stream"),
        ("", &refused, "has no stream in use: the port of each is 0"),
        ("Content-Type: text/plain\r\n", ANSWER, "the body of the 200 is not application/sdp"),
    ] {
        let mut world = World::tcp();
        let callee = called(&mut world);
        world.deliver(callee.says_with(200, headers, body));
        assert_eq!(world.statuses(), ["ACK", "BYE"]);
        assert_eq!(world.end(), (EndCause::Failed, EndBy::System, None));
        let end = world.call().end.clone().expect("an end");
        assert!(end.detail.as_ref().is_some_and(|said| said.ends_with(detail)), "{:?}", end.detail);
        world.advance(Duration::from_secs(64));
        world.assert_empty();
    }
}

#[test]
fn an_answer_that_was_given_while_ringing_need_not_be_given_again() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says_with(183, "", ANSWER));
    world.deliver(callee.says(200));
    assert_eq!(world.statuses(), ["ACK"]);
    assert_eq!(
        (world.call().state.name(), world.call().sdp.remote.as_deref()),
        ("established", Some(ANSWER))
    );
}

#[test]
fn what_another_phone_gave_while_ringing_is_no_answer() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.fork("other").says_with(183, "", ANSWER));
    world.deliver(callee.says(200));
    assert_eq!(world.statuses(), ["ACK", "BYE"]);
    assert_eq!(world.end(), (EndCause::Failed, EndBy::System, None));
}

#[test]
fn what_only_an_inbound_call_allows_is_an_invalid_state() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let actions = || {
        [
            Action::Ring(Default::default()),
            Action::Accept(Default::default()),
            Action::Reject(Default::default()),
        ]
    };
    for action in actions() {
        let ticket = world.ask(action);
        assert!(matches!(world.refused(ticket), Refusal::InvalidState(_)));
    }
    world.deliver(callee.says(180));
    for action in actions() {
        let ticket = world.ask(action);
        assert!(matches!(world.refused(ticket), Refusal::InvalidState(_)));
    }
    assert!(world.wire().is_empty());
}

#[test]
fn labels_can_be_changed_while_it_rings_and_show_where_the_invite_went() {
    let mut world = World::tcp();
    let labels = [("ticket".to_owned(), "4711".to_owned())].into();
    called_with(&mut world, Originate { labels, ..order() });
    assert_eq!(world.call().labels.get("ticket").map(String::as_str), Some("4711"));
    let patch =
        crate::agent::command::Labels { labels: Some([("b".to_owned(), Some("2".to_owned()))].into()) };
    let ticket = world.ask(Action::Label(patch));
    let call = world.done(ticket);
    assert_eq!((call.labels.len(), call.state.name()), (2, "dialing"));
}

#[test]
fn a_call_that_is_one_too_many_is_not_placed() {
    let mut world = World::with(Settings { max_calls: 1, ..Settings::default() });
    connected(&mut world);
    let ticket = world.originate(order());
    assert!(matches!(world.refused(ticket), Refusal::TooManyCalls(1)));
    assert!(world.told().is_empty() && !world.is_seeking());
}

#[test]
fn an_agent_that_shuts_down_places_no_call() {
    let mut world = World::tcp();
    world.agent.handle_drain(world.now);
    let ticket = world.originate(order());
    assert!(matches!(world.refused(ticket), Refusal::Draining));
    world.assert_empty();
}

#[test]
fn our_offers_can_be_read() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let offer = String::from_utf8(callee.invite.body.to_vec()).expect("text");
    sdp::check(&offer, None).expect("a description");
}

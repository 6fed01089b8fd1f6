//! CANCEL (RFC 3261 §9.2) and the other ends before the answer.

use super::harness::World;
use super::phone::Phone;
use crate::agent::Action;
use crate::agent::event::{EndBy, EndCause, EventKind};

#[test]
fn the_flow_it_exists_for_rings_and_is_cancelled_by_the_caller() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
    let ring = world.ask(Action::Ring(Default::default()));
    assert_eq!(world.done(ring).state.name(), "ringing");
    let ringing = world.responses().remove(0);
    world.deliver(phone.request("CANCEL", "Reason: SIP;cause=487;text=\"ORIGINATOR_CANCEL\"\r\n", ""));
    let responses = world.responses();
    assert_eq!(responses.iter().map(|response| response.status).collect::<Vec<_>>(), [200, 487]);
    assert_eq!(responses[0].cseq.method.as_str(), "CANCEL");
    assert_eq!(responses[1].to.tag(), ringing.to.tag(), "one To tag in every response");
    world.deliver(phone.same("ACK"));
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ringing, EventKind::Ended]);
    let end = world.call().end.clone().expect("an end");
    assert_eq!((end.cause, end.by, end.sip_status), (EndCause::Cancelled, EndBy::Remote, Some(487)));
    assert_eq!(end.reasons[0].text.as_deref(), Some("ORIGINATOR_CANCEL"));
    world.assert_empty();
}

//! An INVITE without an offer: the 200 carries it, and the ACK owes the answer (RFC 3261 §13.2.1).

use std::time::Duration;

use super::harness::World;
use super::phone::Phone;
use crate::agent::command::Accept;
use crate::agent::event::{EndBy, EndCause};
use crate::agent::{Action, Refusal};

#[test]
fn an_ack_without_the_answer_it_owes_ends_the_call() {
    for (body, detail) in [
        ("", "the ACK has no session description"),
        ("not a description", "the session description of the ACK cannot be read: not a session description"),
    ] {
        let mut world = World::tcp();
        let mut phone = Phone::new(&world);
        world.deliver(phone.same("INVITE"));
        world.wire();
        let accept = world.ask(Action::Accept(Accept::default()));
        phone.learn(&world.response());
        world.deliver(phone.ack(body));
        assert!(matches!(world.refused(accept), Refusal::CallEnded(_)));
        let end = world.call().end.clone().expect("an end");
        assert_eq!((end.cause, end.by), (EndCause::Failed, EndBy::System));
        assert_eq!(end.detail.as_deref(), Some(detail));
        let bye = world.request();
        world.deliver(phone.respond(&bye, 200));
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

//! What peers can make the agent keep is bounded.

use super::harness::World;
use super::phone::{OFFER, Phone, established};
use crate::agent::Settings;
use crate::sip::Transport;

#[test]
fn at_the_limit_of_transactions_requests_are_answered_and_nothing_more_is_kept() {
    let mut world = World::new(Transport::Udp, Settings { max_calls: 2, ..Settings::default() });
    let mut caller = established(&mut world);
    for number in 10..10_030 {
        world.deliver(Phone::numbered(&world, number).same("OPTIONS"));
    }
    assert_eq!(world.statuses().len(), 10_020, "each is answered");
    let (_, transactions, _) = world.agent.leftovers();
    assert_eq!(transactions, 10_008);
    world.deliver(Phone::numbered(&world, 2).invite());
    world.deliver(caller.next("INVITE", "", OFFER));
    assert_eq!(world.statuses(), ["503 INVITE", "500 INVITE"]);
    assert_eq!(world.agent.leftovers().1, transactions);
    world.deliver(caller.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    world.advance(std::time::Duration::from_secs(32));
    world.assert_empty();
}

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::agent::Call;
use crate::state::listed::{BLOCK, Listed};

fn shown(number: u64, version: u64) -> Arc<Call> {
    Arc::new(call(number, CallState::Ringing, version))
}

fn newest_first(listed: &Listed, cursor: Option<u64>) -> Vec<(CallId, u64)> {
    listed.older_than(cursor.map(id)).map(|call| (call.id, call.version)).collect()
}

/// What the listing is to be: the versions of calls by their numbers.
type Model = BTreeMap<u64, u64>;

fn expected(model: &Model, cursor: Option<u64>) -> Vec<(CallId, u64)> {
    let older = model.range(..cursor.unwrap_or(u64::MAX)).rev();
    older.map(|(number, version)| (id(*number), *version)).collect()
}

#[test]
fn a_listing_is_what_a_map_would_be_and_a_snapshot_stays_what_it_was() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut listed, mut model) = (Listed::default(), Model::new());
    let mut before = (listed.clone(), model.clone());
    for step in 0..20_000 {
        // Grows to some hundred calls, shrinks, and grows again.
        let number = random.next_u64() % 1_000;
        if random.next_u64() % 8 < (if step / 5_000 % 2 == 0 { 6 } else { 1 }) {
            listed.show(&shown(number, step));
            model.insert(number, step);
        } else {
            listed.remove(id(number));
            model.remove(&number);
        }
        if step % 100 == 0 {
            assert_eq!(newest_first(&listed, None), expected(&model, None));
            assert_eq!(newest_first(&listed, Some(number)), expected(&model, Some(number)));
            assert_eq!(newest_first(&before.0, None), expected(&before.1, None), "the snapshot");
            before = (listed.clone(), model.clone());
        }
    }
    assert!(model.len() > 10, "{}", model.len());
}

#[test]
fn calls_in_their_order_fill_their_blocks() {
    let mut listed = Listed::default();
    (0..10 * BLOCK as u64).for_each(|number| listed.show(&shown(number, 1)));
    assert_eq!(listed.blocks(), 10);
}

#[test]
fn calls_that_last_do_not_keep_the_room_of_those_that_ended() {
    let mut listed = Listed::default();
    let last = 100 * BLOCK as u64;
    (0..last).for_each(|number| listed.show(&shown(number, 1)));
    (0..last).filter(|number| number % BLOCK as u64 != 0).for_each(|number| listed.remove(id(number)));
    assert_eq!(newest_first(&listed, None).len(), 100);
    assert!(listed.blocks() <= 8, "{}", listed.blocks());
    (0..last).for_each(|number| listed.remove(id(number)));
    assert_eq!(listed.blocks(), 0);
}

//! Programs of operations on an agent: whatever peers, clients, the network and the clock do, and in whatever order, every
//! call has one first event and one end, every command one answer, and at the end nothing is left.
#![no_main]

mod checks;
mod peer;
mod program;
mod world;

use libfuzzer_sys::fuzz_target;
use program::Program;
use world::World;

/// More is no other kind of life.
const MOST_STEPS: usize = 200;

fuzz_target!(|program: Program| {
    let mut world = World::new(&program.setting);
    for step in program.steps.iter().take(MOST_STEPS) {
        world.step(step);
    }
    world.end();
    checks::check(&world);
});

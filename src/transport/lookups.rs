//! The names being looked up: each hop once at a time, with what waits for it.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::reach::Purpose;
use super::resolve::Resolver;
use super::task::Task;
use super::{Bounds, Heard, Inbound, Notice};
use crate::agent::Hop;

/// The look-ups under way.
#[derive(Debug)]
pub(super) struct Lookups {
    bounds: Bounds,
    resolver: Resolver,
    inbound: mpsc::Sender<Inbound>,
    under_way: HashMap<Hop, Lookup>,
}

#[derive(Debug)]
struct Lookup {
    waiting: Vec<Purpose>,
    /// What they cost in memory, bytes.
    cost: usize,
    /// Ends with it.
    _work: Task,
}

impl Lookups {
    pub(super) fn new(bounds: Bounds, resolver: Resolver, inbound: mpsc::Sender<Inbound>) -> Self {
        Self { bounds, resolver, inbound, under_way: HashMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Lets something wait for the addresses of a hop. Gives it back if as many or as much wait as may.
    pub(super) fn wait(&mut self, hop: Hop, purpose: Purpose) -> Option<Purpose> {
        let cost = purpose.cost();
        if let Some(lookup) = self.under_way.get_mut(&hop) {
            if lookup.cost + cost > self.bounds.dial_bytes {
                return Some(purpose);
            }
            lookup.cost += cost;
            lookup.waiting.push(purpose);
            return None;
        }
        if self.under_way.len() >= self.bounds.lookups {
            return Some(purpose);
        }
        let work = look_up(hop.clone(), self.bounds, self.resolver.clone(), self.inbound.clone());
        self.under_way.insert(hop, Lookup { waiting: vec![purpose], cost, _work: Task::spawn(work) });
        None
    }

    /// The addresses are known, or will not be: what waited for them, in order.
    pub(super) fn finish(&mut self, hop: &Hop) -> Vec<Purpose> {
        self.under_way.remove(hop).map(|lookup| lookup.waiting).unwrap_or_default()
    }
}

async fn look_up(hop: Hop, bounds: Bounds, resolver: Resolver, inbound: mpsc::Sender<Inbound>) {
    let found = resolver.find(&hop, bounds.connect).await;
    let _ = inbound.send(Inbound::Notice(Notice(Heard::Resolved(hop, found)))).await;
}

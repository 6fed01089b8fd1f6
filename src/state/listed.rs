//! Every call in the order of their ids, for listings: what is read is a picture of one moment. To take it costs a step for each 64
//! calls; reading it holds nothing up.

use std::sync::Arc;

use crate::agent::{Call, CallId};

/// How many calls a block holds at most: what is copied when one of them changes while a snapshot has the block.
pub(super) const BLOCK: usize = 64;

/// The calls, in blocks. A clone is a snapshot: it shares the blocks, each until a call in it changes.
///
/// Ids grow with time, so that nearly all calls are added behind the last, and blocks are full.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// Ascending; none is empty.
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    /// The id of its first call, here so that a search need not look into the blocks.
    first: CallId,
    /// Ascending.
    calls: Arc<Vec<(CallId, Arc<Call>)>>,
}

impl Listed {
    /// The calls, newest first, that began before `cursor`.
    pub fn older_than(&self, cursor: Option<CallId>) -> impl Iterator<Item = &Arc<Call>> {
        let is_older = move |id: CallId| cursor.is_none_or(|cursor| id < cursor);
        let end = self.blocks.partition_point(|block| is_older(block.first));
        let calls = self.blocks.iter().take(end).rev().flat_map(|block| block.calls.iter().rev());
        calls.skip_while(move |(id, _)| !is_older(*id)).map(|(_, call)| call)
    }

    /// Adds a call, or shows it as it is now.
    pub fn show(&mut self, call: &Arc<Call>) {
        let id = call.id;
        let at = self.block_of(id);
        let Some(block) = self.blocks.get(at) else {
            self.blocks.push(Block::of(vec![(id, call.clone())], id));
            return;
        };
        let (place, is_full) = (block.place_of(id), block.calls.len() >= BLOCK);
        match place {
            Ok(place) => {
                if let Some((_, shown)) = self.calls(at).and_then(|calls| calls.get_mut(place)) {
                    shown.clone_from(call);
                }
            }
            Err(place) if !is_full => {
                if let Some(calls) = self.calls(at) {
                    calls.insert(place, (id, call.clone()));
                }
                self.begin(at);
            }
            // Behind a full block nothing need move; within one, half of it.
            Err(BLOCK) => self.blocks.insert(at + 1, Block::of(vec![(id, call.clone())], id)),
            Err(_) => {
                let upper = self.calls(at).map_or_else(Vec::new, |calls| calls.split_off(BLOCK / 2));
                let first = upper.first().map_or(id, |(first, _)| *first);
                self.blocks.insert(at + 1, Block::of(upper, first));
                self.show(call);
            }
        }
    }

    /// Forgets a call.
    pub fn remove(&mut self, id: CallId) {
        let at = self.block_of(id);
        let Some(Ok(place)) = self.blocks.get(at).map(|block| block.place_of(id)) else { return };
        let Some(calls) = self.calls(at) else { return };
        calls.remove(place);
        if calls.is_empty() {
            self.blocks.remove(at);
        } else if calls.len() < BLOCK / 2 {
            // Calls that last leave their blocks nearly empty.
            self.begin(at);
            self.join(at);
            self.join(at.saturating_sub(1));
        } else {
            self.begin(at);
        }
    }

    /// Makes one block of it and its next, if they fit into half of one.
    fn join(&mut self, at: usize) {
        let Some([block, next]) = self.blocks.get_mut(at..at + 2) else { return };
        if block.calls.len() + next.calls.len() <= BLOCK / 2 {
            Arc::make_mut(&mut block.calls).append(Arc::make_mut(&mut next.calls));
            self.blocks.remove(at + 1);
        }
    }

    /// Says anew what a block begins with.
    fn begin(&mut self, at: usize) {
        if let Some(block) = self.blocks.get_mut(at)
            && let Some((first, _)) = block.calls.first()
        {
            block.first = *first;
        }
    }

    /// How many blocks there are.
    #[cfg(test)]
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The calls of a block, to be changed: if a snapshot has them, a copy.
    fn calls(&mut self, at: usize) -> Option<&mut Vec<(CallId, Arc<Call>)>> {
        self.blocks.get_mut(at).map(|block| Arc::make_mut(&mut block.calls))
    }

    /// Where the block is that a call belongs to: the last that begins with it or before it, or the first.
    fn block_of(&self, id: CallId) -> usize {
        self.blocks.partition_point(|block| block.first <= id).saturating_sub(1)
    }
}

impl Block {
    fn of(mut calls: Vec<(CallId, Arc<Call>)>, first: CallId) -> Self {
        calls.reserve_exact(BLOCK.saturating_sub(calls.len()));
        Self { first, calls: Arc::new(calls) }
    }

    /// Where a call is, or would be.
    fn place_of(&self, id: CallId) -> Result<usize, usize> {
        self.calls.binary_search_by_key(&id, |(id, _)| *id)
    }
}

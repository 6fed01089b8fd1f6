//! Names for flows, given out by the driver's task and by those that read datagrams.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::agent::FlowId;

/// Where new names come from.
#[derive(Clone, Debug, Default)]
pub(super) struct FlowIds(Arc<AtomicU64>);

impl FlowIds {
    /// A name that no other flow has had.
    pub(super) fn next(&self) -> FlowId {
        FlowId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

//! Where the transactions are found by their names.

use std::collections::BTreeSet;

use super::{ClientKey, MergeKey, ServerKey, TransactionId};
use crate::agent::FlowId;
use crate::agent::map::{Hashing, Map};

/// What a transaction is found by.
#[derive(Debug)]
pub(super) enum Names {
    Server(ServerKey, Option<MergeKey>),
    Client(ClientKey),
}

/// The names of all transactions, as many as there are of them.
#[derive(Debug)]
pub(super) struct Index {
    servers: Map<ServerKey, TransactionId>,
    merges: Map<MergeKey, TransactionId>,
    clients: Map<ClientKey, TransactionId>,
    /// What of ours was sent by which connection.
    sent: BTreeSet<(FlowId, TransactionId)>,
}

impl Index {
    /// No names yet.
    pub fn new(hashing: &Hashing) -> Self {
        let hashing = || hashing.clone();
        Self {
            servers: Map::with_hasher(hashing()),
            merges: Map::with_hasher(hashing()),
            clients: Map::with_hasher(hashing()),
            sent: BTreeSet::new(),
        }
    }

    /// How many names there are.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.servers.len() + self.merges.len() + self.clients.len() + self.sent.len()
    }

    /// The server transaction with this name.
    pub fn server(&self, key: &ServerKey) -> Option<TransactionId> {
        self.servers.get(key).copied()
    }

    /// The client transaction with this name.
    pub fn client(&self, key: &ClientKey) -> Option<TransactionId> {
        self.clients.get(key).copied()
    }

    /// Whether a request that this one would be a copy of is being served.
    pub fn is_known(&self, key: &MergeKey) -> bool {
        self.merges.contains_key(key)
    }

    /// What of ours was sent by that connection.
    pub fn sent_by(&self, flow: FlowId) -> Vec<TransactionId> {
        let all = (flow, TransactionId(0))..=(flow, TransactionId(u64::MAX));
        self.sent.range(all).map(|(_, id)| *id).collect()
    }

    /// A request of ours went by that connection.
    pub fn send_by(&mut self, flow: FlowId, id: TransactionId) {
        self.sent.insert((flow, id));
    }

    /// Forgets that.
    pub fn forget_sent(&mut self, flow: FlowId, id: TransactionId) {
        self.sent.remove(&(flow, id));
    }

    pub fn add(&mut self, names: &Names, id: TransactionId) {
        match names {
            Names::Server(key, merge) => {
                self.servers.insert(key.clone(), id);
                if let Some(merge) = merge {
                    self.merges.entry(merge.clone()).or_insert(id);
                }
            }
            Names::Client(key) => {
                self.clients.insert(key.clone(), id);
            }
        }
    }

    /// Forgets the names of a transaction. A copy that came later and was refused has the same name as its original.
    pub fn remove(&mut self, names: &Names, id: TransactionId) {
        match names {
            Names::Server(key, merge) => {
                self.servers.remove(key);
                if let Some(merge) = merge
                    && self.merges.get(merge) == Some(&id)
                {
                    self.merges.remove(merge);
                }
            }
            Names::Client(key) => {
                self.clients.remove(key);
            }
        }
    }
}

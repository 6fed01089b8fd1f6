//! What there is of an agent, counted: for tests and for the fuzzer alone.

use super::Agent;

/// What there is of an agent; nothing, when every life is over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Calls, also those whose last transactions are not over.
    pub calls: usize,
    /// Names of dialogs and of who is busy.
    pub dialogs: usize,
    /// Transactions.
    pub transactions: usize,
    /// What finds them.
    pub names: usize,
    /// Alarms that are set.
    pub alarms: usize,
    /// Sendings whose fate somebody waits for.
    pub awaited: usize,
    /// Ways that are being looked for.
    pub reaching: usize,
}

impl Agent {
    /// How much of everything is there.
    pub fn leftovers(&self) -> Leftovers {
        let (transactions, names) = self.stack.transactions.len();
        Leftovers {
            calls: self.calls.len(),
            dialogs: self.calls.dialogs() + self.calls.busy(),
            transactions,
            names,
            alarms: self.stack.fx.alarms.len(),
            awaited: self.stack.fx.waiting(),
            reaching: self.stack.reaching.len(),
        }
    }
}

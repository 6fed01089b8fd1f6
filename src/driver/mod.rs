//! The one task that owns the [`Agent`](crate::agent::Agent) and reads clocks.
//!
//! It takes what is ready from the network and from the clients, a bounded number of each in turn, so that neither can
//! starve the other; lets the agent handle it; and releases what comes out: events to the [`Board`](crate::state::Board),
//! then messages to the wire, then answers to the clients.

mod batch;
mod clock;
mod run;
#[cfg(test)]
mod tests;
mod tickets;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

pub use clock::wall_clock;
pub use run::Driver;

use crate::agent::{Call, Command, Refusal};

/// A command and where its answer goes.
#[derive(Debug)]
pub struct Ask {
    /// What is asked.
    pub command: Command,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Arc<Call>, Refusal>>,
}

/// The handle by which commands reach the agent.
#[derive(Clone, Debug)]
pub struct Commander {
    asks: mpsc::Sender<Ask>,
}

impl Commander {
    /// A commander and the end that its commands come out of. At most `bound` commands wait; a further one is refused as
    /// [`Refusal::Overloaded`].
    pub fn channel(bound: usize) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, inbox) = mpsc::channel(bound);
        (Self { asks }, inbox)
    }

    /// Gives a command and waits for its answer.
    pub async fn run(&self, command: Command) -> Result<Arc<Call>, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.asks.try_send(Ask { command, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Refusal::Draining,
        })?;
        answered.await.unwrap_or(Err(Refusal::Draining))
    }
}

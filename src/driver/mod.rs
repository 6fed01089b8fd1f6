//! The one task that owns the [`Agent`](crate::agent::Agent) and reads clocks.
//!
//! It takes what is ready from the network and from the clients, a bounded number of each in turn, so that neither can
//! starve the other; lets the agent handle it; and releases what comes out: events to the journal and the [`Board`](crate::state::Board),
//! then messages to the wire, then answers to the clients.

mod batch;
mod calls;
mod clock;
mod load;
mod recorded;
mod registrations;
mod relabel;
mod release;
mod run;
#[cfg(test)]
mod tests;
mod tickets;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

pub use clock::{now, wall_clock};
pub use recorded::Recorded;
pub use run::Driver;

use crate::agent::command::{AccountCommand, Originate};
use crate::agent::{Account, Call, CallCommand, Command, Done, Refusal};

/// A command and where its answer goes.
#[derive(Debug)]
pub struct Ask {
    /// What is asked.
    pub command: Command,
    /// When it was asked.
    pub came: Instant,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Done, Refusal>>,
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

    /// Gives a command to a call and waits for its answer.
    pub async fn call(&self, command: CallCommand) -> Result<Arc<Call>, Refusal> {
        self.run(Command::Call(command)).await?.call().ok_or(Refusal::NotFound)
    }

    /// Gives a call a command that its peer answers, and waits for that.
    pub async fn converse(&self, command: CallCommand) -> Result<(Arc<Call>, u16), Refusal> {
        self.run(Command::Call(command)).await?.heard().ok_or(Refusal::NotFound)
    }

    /// Places a call; it is answered at once.
    pub async fn originate(&self, originate: Originate) -> Result<Arc<Call>, Refusal> {
        self.run(Command::Originate(originate)).await?.call().ok_or(Refusal::NotFound)
    }

    /// Gives a command to an account and waits for its answer.
    pub async fn account(&self, command: AccountCommand) -> Result<Arc<Account>, Refusal> {
        self.run(Command::Account(command)).await?.account().ok_or(Refusal::AccountNotFound)
    }

    async fn run(&self, command: Command) -> Result<Done, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.asks.try_send(Ask { command, came: Instant::now(), answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Refusal::Draining,
        })?;
        answered.await.unwrap_or(Err(Refusal::Draining))
    }
}

//! What the agent wants done, until it is done.

use std::sync::Arc;
use std::time::Instant;

use super::tickets::Tickets;
use crate::agent::event::CallState;
use crate::agent::{
    Agent, Call, CallId, Destination, Done, Event, FlowId, News, Output, ReachId, Refusal, Ticket, Timestamp,
    Transmit,
};
use crate::metrics::Metrics;
use crate::state::Told;
use crate::state::journal::Write;
use crate::timeline::Timelines;
use crate::transport::{Connections, Notice};

/// The outputs of a batch of inputs, held back until all of the batch is handled.
#[derive(Debug, Default)]
pub(super) struct Batch {
    told: Vec<Told>,
    saves: Vec<Write>,
    acts: Acts,
    /// When the messages were read that have told something.
    read: Vec<Instant>,
    timelines: Timelines,
}

/// What is done when what is told of it is on record.
#[derive(Debug, Default)]
pub(super) struct Acts {
    wire: Vec<Wire>,
    answers: Vec<(Ticket, Result<Done, Refusal>)>,
    /// When the commands came that send something at once.
    commanded: Vec<Instant>,
}

/// What connections are told, in order: what is sent after a connection's end must find another way.
#[derive(Debug)]
enum Wire {
    Send(Transmit),
    Reach(ReachId, Destination),
    Close(FlowId),
    Notice(Notice),
}

impl Batch {
    /// Empty; what is told becomes part of timelines.
    pub(super) fn new(timelines: Timelines) -> Self {
        Self { timelines, ..Self::default() }
    }

    /// Takes what the agent has to say after an input.
    pub(super) fn collect(&mut self, agent: &mut Agent) {
        let Acts { wire, answers, .. } = &mut self.acts;
        while let Some(output) = agent.poll_output() {
            match output {
                Output::Event(news) => {
                    if let News::Call(event) = &news {
                        self.timelines.told(event);
                    }
                    self.told.push(news.into());
                }
                Output::Save(call, saved) if call.state == CallState::Ended => {
                    self.saves.push(Write::Close(call.id, saved));
                }
                Output::Save(call, saved) => self.saves.push(Write::Save(call.id, saved)),
                Output::Forget(call) => self.saves.push(Write::Closed(call)),
                Output::Send(transmit) => wire.push(Wire::Send(transmit)),
                Output::Reach(id, destination) => wire.push(Wire::Reach(id, destination)),
                Output::Close(flow) => wire.push(Wire::Close(flow)),
                Output::Answer(ticket, answer) => answers.push((ticket, answer)),
            }
        }
    }

    /// The same after a message that was read at that time.
    pub(super) fn collect_of_message(&mut self, agent: &mut Agent, read: Instant) {
        let told = self.told.len();
        self.collect(agent);
        if self.told.len() > told {
            self.read.push(read);
        }
    }

    /// The same after a command that came at that time.
    pub(super) fn collect_of_command(&mut self, agent: &mut Agent, came: Instant) {
        let done = self.acts.wire.len();
        self.collect(agent);
        let does = self.acts.wire.get(done..).unwrap_or_default();
        if does.iter().any(|wire| matches!(wire, Wire::Send(_))) {
            self.acts.commanded.push(came);
        }
    }

    /// A notice takes its turn among the messages.
    pub(super) fn notice(&mut self, notice: Notice) {
        self.acts.wire.push(Wire::Notice(notice));
    }

    /// Tells the clients that the agent is shutting down.
    pub(super) fn drain(&mut self, now: Timestamp) {
        self.told.push(Told::Draining(now));
    }

    /// Tells of a call, and answers who has asked for it.
    pub(super) fn answer(&mut self, ticket: Ticket, told: Result<Event, Refusal>) {
        let answer = told.map(|event| {
            let call = event.call.clone();
            self.told.push(event.into());
            Done::Call(call)
        });
        self.acts.answers.push((ticket, answer));
    }

    /// The call as it is told of last.
    pub(super) fn latest(&self, id: CallId) -> Option<Arc<Call>> {
        self.told.iter().rev().find_map(|told| told.call(id))
    }

    /// Gives what there is: what is told and when that was read, what is kept of calls, and what is done.
    pub(super) fn empty(&mut self) -> ((Vec<Told>, Vec<Instant>), Vec<Write>, Acts) {
        let Self { told, read, saves, acts, .. } = self;
        ((std::mem::take(told), std::mem::take(read)), std::mem::take(saves), std::mem::take(acts))
    }
}

impl Acts {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.wire.is_empty() && self.answers.is_empty()
    }

    /// Does it: the wire, then the answers.
    pub(super) fn perform(self, connections: &mut Connections, tickets: &mut Tickets, metrics: &Metrics) {
        for wire in self.wire {
            match wire {
                Wire::Send(transmit) => connections.send(transmit),
                Wire::Reach(id, destination) => connections.reach(id, destination),
                Wire::Close(flow) => connections.close(flow),
                Wire::Notice(notice) => connections.handle(notice),
            }
        }
        connections.flush();
        metrics.on_wire(&self.commanded);
        for (ticket, answer) in self.answers {
            tickets.redeem(ticket, answer);
        }
    }
}

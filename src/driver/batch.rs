//! What the agent wants done, until it is done.

use super::registrations;
use super::tickets::Tickets;
use crate::agent::{Agent, Destination, Done, FlowId, News, Output, ReachId, Refusal, Ticket, Transmit};
use crate::state::Board;
use crate::transport::{Connections, Notice};

/// The outputs of a batch of inputs, held back until all of the batch is handled.
#[derive(Debug, Default)]
pub(super) struct Batch {
    news: Vec<News>,
    wire: Vec<Wire>,
    answers: Vec<(Ticket, Result<Done, Refusal>)>,
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
    /// Takes what the agent has to say after an input.
    pub(super) fn collect(&mut self, agent: &mut Agent) {
        while let Some(output) = agent.poll_output() {
            match output {
                Output::Event(news) => self.news.push(news),
                Output::Send(transmit) => self.wire.push(Wire::Send(transmit)),
                Output::Reach(id, destination) => self.wire.push(Wire::Reach(id, destination)),
                Output::Close(flow) => self.wire.push(Wire::Close(flow)),
                Output::Answer(ticket, answer) => self.answers.push((ticket, answer)),
            }
        }
    }

    /// A notice takes its turn among the messages.
    pub(super) fn notice(&mut self, notice: Notice) {
        self.wire.push(Wire::Notice(notice));
    }

    /// Events first, so that what a peer or a client is told is on record; then the wire; then the answers, so that no
    /// command is answered before its effect.
    pub(super) fn release(&mut self, board: &Board, connections: &mut Connections, tickets: &mut Tickets) {
        if !self.news.is_empty() {
            registrations::say(&self.news, board);
            board.publish(std::mem::take(&mut self.news));
        }
        for wire in self.wire.drain(..) {
            match wire {
                Wire::Send(transmit) => connections.send(transmit),
                Wire::Reach(id, destination) => connections.reach(id, destination),
                Wire::Close(flow) => connections.close(flow),
                Wire::Notice(notice) => connections.handle(notice),
            }
        }
        connections.flush();
        for (ticket, answer) in self.answers.drain(..) {
            tickets.redeem(ticket, answer);
        }
    }
}

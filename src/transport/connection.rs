//! One connection as its writer sees it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Duration;

use tokio::sync::mpsc;

use super::admission::Life;
use super::stream::Sink;
use super::task::Task;
use super::{Fate, Heard, Inbound, Notice};
use crate::agent::{Address, Flow, Transmit};

/// How many messages go into one write.
const VECTOR: usize = 16;

/// What a waiting message costs beside its bytes.
const ENTRY: usize = size_of::<Transmit>();

/// An open connection: its socket and what its peer has not taken yet.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) flow: Flow,
    /// By which it is found again, as [`same`](super::reach::same) gives it.
    pub(super) name: Address,
    /// When something last came.
    pub(super) life: Life,
    sink: Sink,
    unsent: VecDeque<Transmit>,
    /// How many bytes of the first of `unsent` the kernel has.
    begun: usize,
    /// What `unsent` and the sink cost in memory, bytes.
    pub(super) cost: usize,
    /// The sink's part of it.
    held: usize,
    stage: Stage,
    writable: Option<Task>,
    /// Ends with the connection.
    _reader: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// To be closed once everything is written.
    Closing,
}

/// What has become of what was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// The kernel has it all.
    All,
    /// The kernel has it all, and the connection is to be closed now.
    Last,
    /// Some is left.
    Some,
}

impl Connection {
    pub(super) fn new(flow: Flow, name: Address, (sink, life): (Sink, Life), reader: Task) -> Self {
        Self {
            flow,
            name,
            life,
            sink,
            unsent: VecDeque::new(),
            begun: 0,
            cost: 0,
            held: 0,
            stage: Stage::Open,
            writable: None,
            _reader: reader,
        }
    }

    /// Whether more may be sent.
    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether the peer, who connected to us, has shown by a certificate that it is `host`.
    pub(super) fn is_authenticated_as(&self, host: &str) -> bool {
        self.sink.is_authenticated_as(host)
    }

    /// Puts a message behind those that wait.
    pub(super) fn push(&mut self, transmit: Transmit) {
        self.cost += transmit.bytes.len() + ENTRY;
        self.unsent.push_back(transmit);
    }

    /// No more is sent; what waits still is.
    pub(super) fn close_when_written(&mut self) {
        self.stage = Stage::Closing;
    }

    /// Gives the kernel what it takes now; what it has wholly taken is delivered.
    pub(super) fn write(&mut self, fates: &mut VecDeque<Fate>) -> io::Result<Written> {
        let written = self.write_all(fates);
        let held = self.sink.held();
        self.cost = self.cost - self.held + held;
        self.held = held;
        written
    }

    fn write_all(&mut self, fates: &mut VecDeque<Fate>) -> io::Result<Written> {
        while !self.unsent.is_empty() || self.sink.owes() {
            let mut slices = [IoSlice::new(&[]); VECTOR];
            let mut begun = self.begun;
            for (slice, unsent) in slices.iter_mut().zip(&self.unsent) {
                *slice = IoSlice::new(unsent.bytes.get(begun..).unwrap_or_default());
                begun = 0;
            }
            match self.sink.try_write(&slices) {
                Ok(count) => self.advance(count, fates),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Written::Some),
                Err(error) => return Err(error),
            }
        }
        Ok(if self.is_open() { Written::All } else { Written::Last })
    }

    fn advance(&mut self, count: usize, fates: &mut VecDeque<Fate>) {
        self.begun += count;
        while let Some(first) = self.unsent.front() {
            let length = first.bytes.len();
            if self.begun < length {
                return;
            }
            self.begun -= length;
            self.cost -= length + ENTRY;
            fates.extend(first.receipt.map(Fate::Delivered));
            self.unsent.pop_front();
        }
    }

    /// Sees to it that a notice comes when the kernel takes bytes again, or has not for as long as `stall`.
    pub(super) fn watch(&mut self, stall: Duration, inbound: &mpsc::Sender<Inbound>) {
        if self.writable.is_some() {
            return;
        }
        let (socket, id, inbound) = (self.sink.socket.clone(), self.flow.id, inbound.clone());
        self.writable = Some(Task::spawn(async move {
            let heard = match tokio::time::timeout(stall, socket.writable()).await {
                Ok(_) => Heard::Writable(id),
                Err(_) => Heard::Greedy(id, "it has read nothing for too long"),
            };
            let _ = inbound.send(Inbound::Notice(Notice(heard))).await;
        }));
    }

    /// The notice has come.
    pub(super) fn watched(&mut self) {
        self.writable = None;
    }

    /// Breaks the connection off; the kernel forgets what it still holds for the peer.
    pub(super) fn reset(&self) {
        let _ = (*self.sink.socket).as_ref().set_zero_linger();
    }

    /// What the kernel has not wholly taken.
    pub(super) fn into_unsent(self) -> VecDeque<Transmit> {
        self.unsent
    }
}

//! The driver's loop: wait, take what is ready, let the agent handle it, release what comes out.

mod begin;
mod drain;

use std::future::ready;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::info;

use super::batch::Batch;
use super::load::Load;
use super::recorded::Recorded;
use super::relabel::relabel;
use super::release::Release;
use super::tickets::Tickets;
use super::{Ask, clock};
use crate::agent::{Agent, Now, Settings};
use crate::metrics::Metrics;
use crate::state::Board;
use crate::timeline::Timelines;
use crate::transport::{Connections, Fate, Inbound};
use drain::Stage;

/// How many inputs of a kind are handled before their outputs are released. Only what is ready is taken: nothing waits
/// for a batch to be full.
const BATCH: usize = 64;

/// How many times the agent hears in one turn what became of what it sent, and sends more. What is left is the next turn's.
const ROUNDS: usize = 8;

/// How often the board is told the time, by which it forgets ended calls, and idle connections are looked for.
const FORGET: Duration = Duration::from_secs(10);

/// Owns the agent and everything it acts on.
#[derive(Debug)]
pub struct Driver {
    agent: Agent,
    board: Board,
    release: Release,
    connections: Connections,
    inbound: mpsc::Receiver<Inbound>,
    asks: mpsc::Receiver<Ask>,
    tickets: Tickets,
    timelines: Timelines,
    metrics: Metrics,
    batch: Batch,
    stage: Stage,
    drain_time: Duration,
    load: Load,
    /// Of the thread that this runs on.
    runtime: RuntimeMetrics,
    /// How long nobody may listen before new calls are refused.
    no_listener_after: Option<Duration>,
    /// When the board is told the time next.
    forget_at: Instant,
}

/// What there is to do.
enum Wake {
    Shutdown,
    /// Whoever asked for the shutdown does not want to wait for the drain.
    Haste,
    Alarm,
    /// The journal has come further, or fails.
    Progress,
    Inbound(Inbound),
    Ask(Ask),
}

impl Driver {
    /// A driver of a new agent, whose seed must be unguessable and whose accounts the board shows from here on; `drain_time`
    /// is how long calls may go on after the shutdown has begun. It is to run where it is made, in a runtime of one thread: by
    /// its rests the load is told.
    pub fn new(
        settings: Settings,
        seed: [u8; 32],
        Recorded { board, journal, unfinished, timelines, metrics }: Recorded,
        (connections, inbound): (Connections, mpsc::Receiver<Inbound>),
        asks: mpsc::Receiver<Ask>,
        drain_time: Duration,
    ) -> Self {
        let now = clock::now();
        let mut agent = Agent::new(settings, seed, now);
        for (call, saved) in unfinished {
            agent.recover(now, call, saved);
        }
        board.begin_with(agent.accounts().collect());
        let mut batch = Batch::new(timelines.clone());
        batch.collect(&mut agent);
        Self {
            agent,
            release: Release::new(board.clone(), journal, metrics.clone()),
            board,
            connections,
            inbound,
            asks,
            tickets: Tickets::new(timelines.clone()),
            timelines,
            metrics,
            batch,
            stage: Stage::Serving,
            drain_time,
            load: Load::default(),
            runtime: Handle::current().metrics(),
            no_listener_after: None,
            forget_at: Instant::now() + FORGET,
        }
    }

    /// The same, refusing new calls when nobody has followed all events for so long.
    pub fn with_audience(self, no_listener_after: Option<Duration>) -> Self {
        Self { no_listener_after, ..self }
    }

    /// Runs until `shutdown` comes and the drain after it is done, whose time is over when `haste` comes.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>, haste: impl Future<Output = ()>) {
        let (mut shutdown, mut haste) = (pin!(shutdown), pin!(haste));
        let mut alarm = pin!(sleep_until(Instant::now()));
        while !self.is_done() {
            let wake = self.wait(shutdown.as_mut(), haste.as_mut(), alarm.as_mut()).await;
            let now = clock::now();
            self.turn(now, wake);
            self.settle(now);
        }
        info!("drained");
    }

    /// The shutdown and the alarm come before the rest, which cannot starve: a turn takes some of everything.
    async fn wait(
        &mut self,
        shutdown: Pin<&mut impl Future<Output = ()>>,
        haste: Pin<&mut impl Future<Output = ()>>,
        mut alarm: Pin<&mut Sleep>,
    ) -> Wake {
        let deadline = self.deadline();
        if deadline != alarm.deadline() {
            alarm.as_mut().reset(deadline);
        }
        tokio::select! {
            biased;
            () = shutdown, if matches!(self.stage, Stage::Serving) => Wake::Shutdown,
            () = haste, if matches!(self.stage, Stage::Draining(_)) => Wake::Haste,
            () = alarm => Wake::Alarm,
            Ok(()) = self.release.progressed() => Wake::Progress,
            Some(inbound) = self.inbound.recv(), if !self.release.is_full() => Wake::Inbound(inbound),
            Some(ask) = self.asks.recv(), if !self.release.is_full() => Wake::Ask(ask),
            () = ready(()), if self.connections.has_fates() => Wake::Alarm,
        }
    }

    /// When there is something to do even if nothing comes in.
    fn deadline(&self) -> Instant {
        let stage = match self.stage {
            Stage::Serving => None,
            Stage::Draining(until) | Stage::Ending(until) => Some(until),
        };
        let agent = self.agent.poll_timeout().map(Instant::from_std);
        let disk = self.release.deadline().map(Instant::from_std);
        [stage, agent, disk].into_iter().flatten().fold(self.forget_at, Instant::min)
    }

    /// Handles what is ready: what became of connections, the alarm, and up to [`BATCH`] inputs of each kind.
    fn turn(&mut self, now: Now, wake: Wake) {
        if let Some(after) = self.no_listener_after {
            self.agent.handle_audience(self.board.is_listened_to(after));
        }
        self.agent.handle_load(self.load.is_too_much(self.release.unrecorded(), now.instant));
        let mut first = None;
        match wake {
            Wake::Shutdown => self.begin_drain(now),
            Wake::Haste => self.hurry_drain(now),
            Wake::Alarm | Wake::Progress => {}
            Wake::Inbound(inbound) => self.receive(now, inbound),
            Wake::Ask(ask) => first = Some(ask),
        }
        if self.agent.poll_timeout().is_some_and(|deadline| deadline <= now.instant) {
            self.agent.handle_timeout(now);
            self.batch.collect(&mut self.agent);
        }
        for _ in 0..BATCH {
            let Some(inbound) = self.next_inbound() else { break };
            self.receive(now, inbound);
        }
        self.load.note(self.runtime.worker_park_count(0), now.instant);
        // Before the commands, so that none is handled as if a connection were there that is known to be gone.
        self.settle(now);
        for _ in 0..BATCH {
            let Some(ask) = first.take().or_else(|| self.next_ask()) else { break };
            self.command(now, ask);
        }
        self.end_drain(now);
        self.forget(now);
    }

    fn next_inbound(&mut self) -> Option<Inbound> {
        if self.release.is_full() { None } else { self.inbound.try_recv().ok() }
    }

    fn next_ask(&mut self) -> Option<Ask> {
        if self.release.is_full() { None } else { self.asks.try_recv().ok() }
    }

    fn receive(&mut self, now: Now, inbound: Inbound) {
        match inbound {
            Inbound::Arrived(arrival, read) => {
                let flow = arrival.flow.id;
                self.metrics.received(now.wall, &arrival);
                let arrived = self.timelines.arrived(&arrival);
                self.agent.handle_message(now, *arrival);
                // A connection that we closed: what had been read from it comes after its end.
                if !self.connections.is_open(flow) {
                    self.agent.handle_flow_closed(now, flow);
                }
                self.batch.collect_of_message(&mut self.agent, read);
                if let Some(arrived) = arrived {
                    self.timelines.received(now.wall, &arrived);
                }
            }
            Inbound::Notice(notice) => self.batch.notice(notice),
        }
    }

    fn command(&mut self, now: Now, Ask { command, came, answer }: Ask) {
        let Some(ticket) = self.tickets.issue(now.wall, &command, answer) else { return };
        if let Some(told) = relabel(&self.batch, &self.release, now.wall, &command) {
            return self.batch.answer(ticket, told);
        }
        self.agent.handle_command(now, command, ticket);
        self.batch.collect_of_command(&mut self.agent, came);
    }

    /// Releases what has come out, and tells the agent what became of it, until there is no more to tell.
    fn settle(&mut self, now: Now) {
        for _ in 0..ROUNDS {
            self.release(now);
            if !self.connections.has_fates() {
                return;
            }
            while let Some(fate) = self.connections.poll_fate() {
                self.learn(now, fate);
            }
        }
        self.release(now);
    }

    fn release(&mut self, now: Now) {
        self.metrics.tallied(self.agent.take_tally());
        self.metrics.gated(self.agent.counts());
        let Self { release, batch, connections, tickets, .. } = self;
        if let Some(works) = release.take(batch, now.instant, connections, tickets) {
            self.agent.handle_recording(works);
        }
    }

    fn learn(&mut self, now: Now, fate: Fate) {
        match fate {
            Fate::Closed(flow) => self.agent.handle_flow_closed(now, flow),
            Fate::Refused(flow) => self.agent.handle_refused(now, flow),
            Fate::Delivered(receipt) => self.agent.handle_delivered(now, receipt),
            Fate::Undelivered(receipt) => self.agent.handle_undelivered(now, receipt),
            Fate::Pong(flow) => self.agent.handle_pong(now, flow),
            Fate::Reached(id, reached) => self.agent.handle_reached(now, id, reached),
        }
        self.batch.collect(&mut self.agent);
    }

    fn forget(&mut self, now: Now) {
        let instant = Instant::from_std(now.instant);
        if self.forget_at <= instant {
            self.forget_at = instant + FORGET;
            self.board.forget(now.wall);
            self.timelines.forget(now.wall);
            self.agent.handle_idle(now, &self.connections.idle());
            self.batch.collect(&mut self.agent);
        }
    }
}

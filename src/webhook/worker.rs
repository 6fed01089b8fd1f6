//! The task of one receiver: reads the log, sends, tries again, and puts on record how far it is.

mod letters;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

use super::backlog::{Backlog, Pending, Tried};
use super::dead::DeliveryFailure;
use super::feed::{Batch, feed};
use super::post::{Fault, Post};
use super::shared::Shared;
use super::store::{Open, Progress, Store};
use super::{Endpoint, Event};
use crate::agent::event::EventKind;
use crate::agent::{Now, Timestamp};
use crate::driver;
use crate::state::journal::JournalError;
use crate::state::{Board, EventId, Listener, Topic};

/// How long after a change it is put on record. After a crash, what was delivered since then is delivered again.
const SAVE: Duration = Duration::from_secs(1);
/// How long is still delivered when the agent stops. What is left comes at the next start, if there is a journal.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What a worker is told to do.
#[derive(Debug)]
pub(super) enum Order {
    /// To send these dead letters again; how many it can is answered.
    Redeliver(Vec<u64>, oneshot::Sender<Result<usize, JournalError>>),
    /// To come to an end.
    End,
}

/// What was sent, and what came of it.
type Delivery = (Event, Result<(), Fault>);

/// One receiver at work.
pub(super) struct Worker {
    endpoint: Arc<Endpoint>,
    board: Board,
    store: Store,
    post: Post,
    shared: Arc<Shared>,
    feed: mpsc::Receiver<Batch>,
    orders: mpsc::Receiver<Order>,
    /// The last event that was read.
    read: EventId,
    backlog: Backlog,
    deliveries: FuturesUnordered<BoxFuture<'static, Delivery>>,
    /// Dead letters that could not be put on record yet.
    unrecorded: BTreeSet<u64>,
    /// While it works, it hears of calls.
    listener: Option<Listener>,
    /// When the next change is put on record.
    save_at: Option<Instant>,
    /// When it ends, whatever is left.
    ends_at: Option<Instant>,
    /// Whether the log may have more.
    reads: bool,
}

/// Where a worker begins.
pub(super) struct Start {
    pub read: EventId,
    pub backlog: Backlog,
}

impl Worker {
    /// One that has not begun, but listens.
    pub fn new(
        (endpoint, shared): (Arc<Endpoint>, Arc<Shared>),
        board: Board,
        store: Store,
        post: Post,
        Start { read, backlog }: Start,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        let mut worker = Self {
            feed: feed(board.clone(), read.clone(), endpoint.types.topics()),
            endpoint,
            board,
            store,
            post,
            shared,
            orders,
            read,
            backlog,
            deliveries: FuturesUnordered::new(),
            unrecorded: BTreeSet::new(),
            listener: None,
            save_at: Some(Instant::now()),
            ends_at: None,
            reads: true,
        };
        worker.listen();
        worker
    }

    /// Works until it is told to end.
    pub async fn run(mut self) {
        while !self.is_done() {
            self.make_room().await;
            self.send();
            self.show();
            let due = self.due();
            tokio::select! {
                Some((event, result)) = self.deliveries.next() => self.settle(event, result).await,
                batch = self.feed.recv(), if self.reads && !self.backlog.is_full() => self.take(batch),
                Some(order) = self.orders.recv() => self.obey(order).await,
                () = sleep_until(due) => {}
            }
            if self.save_at.is_some_and(|at| at <= Instant::now()) {
                self.save_at = None;
                self.save().await;
            }
        }
        self.save().await;
        if self.backlog.len() > 0 && self.store.0.is_none() {
            warn!(webhook = self.endpoint.id, events = self.backlog.len(), "ended with undelivered events");
        }
    }

    fn is_done(&self) -> bool {
        let Some(ends_at) = self.ends_at else { return false };
        let has_all = !self.reads && self.backlog.len() == 0;
        has_all || !self.backlog.is_working() || ends_at <= Instant::now()
    }

    /// When there is something to do even if nothing happens; an hour is as good as never.
    fn due(&self) -> Instant {
        let never = Instant::now() + Duration::from_secs(3600);
        let next = self.backlog.next_due().map(Instant::from_std);
        [next, self.save_at, self.ends_at].into_iter().flatten().fold(never, Instant::min)
    }

    fn take(&mut self, batch: Option<Batch>) {
        let Some((frames, position)) = batch else {
            self.reads = false;
            return;
        };
        for frame in frames {
            let Some(event) = Event::read(frame.envelope()) else { continue };
            if !event.is_kept() {
                warn!(webhook = self.endpoint.id, "events are gone before they could be delivered");
            }
            self.backlog.push(Pending::new(event));
        }
        if self.read != position {
            self.read = position;
            self.save_soon();
        }
    }

    /// Sends what may go now.
    fn send(&mut self) {
        let now = driver::now();
        while let Some(Pending { event, .. }) = self.backlog.next(now.instant) {
            let (endpoint, post) = (self.endpoint.clone(), self.post.renewed());
            self.deliveries.push(Box::pin(async move {
                let result = post.send(&endpoint, &event, driver::wall_clock()).await;
                (event, result)
            }));
        }
    }

    async fn settle(&mut self, event: Event, result: Result<(), Fault>) {
        let now = driver::now();
        let worked = self.backlog.is_working();
        self.save_soon();
        match result {
            Ok(()) => {
                self.backlog.settle(&event.subject, Tried::Taken, now, 0);
                self.shared.count_delivery();
                self.revive(&event).await;
            }
            Err(fault) => self.fail(&event, fault, now).await,
        }
        if worked != self.backlog.is_working() {
            self.listen();
            match worked {
                true => warn!(webhook = self.endpoint.id, "the receiver fails; it is left alone, and probed"),
                false => info!(webhook = self.endpoint.id, "the receiver works again"),
            }
        }
    }

    async fn fail(&mut self, event: &Event, fault: Fault, now: Now) {
        debug!(webhook = self.endpoint.id, event = event.id, fault = fault.detail, "not delivered");
        let tried = Tried::Failed { of_receiver: fault.is_of_receiver(), at_least: fault.retry_after };
        let chance = getrandom::u32().unwrap_or(u32::MAX / 2);
        let given_up = self.backlog.settle(&event.subject, tried, now, chance);
        let failure = DeliveryFailure { at: now.wall, status: fault.status, detail: fault.detail };
        self.shared.set_failure(failure.clone());
        if let Some(given_up) = given_up {
            self.bury(given_up, failure).await;
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::End => self.ends_at = Some(Instant::now() + LAST_WORDS),
            Order::Redeliver(sequences, reply) => {
                let _ = reply.send(self.redeliver(sequences).await);
            }
        }
    }

    /// Counts among those who hear of calls while it works.
    fn listen(&mut self) {
        let hears = self.endpoint.types.topics().contains(Topic::Call(EventKind::Offered));
        let listens = hears && self.backlog.is_working();
        self.listener = listens.then(|| self.listener.take().unwrap_or_else(|| self.board.listener()));
    }

    fn save_soon(&mut self) {
        self.save_at.get_or_insert_with(|| Instant::now() + SAVE);
    }

    async fn save(&mut self) {
        if let Err(error) = self.record().await {
            debug!(webhook = self.endpoint.id, %error, "how far it is could not be put on record");
            self.save_soon();
        }
    }

    /// First the dead letters: what is neither open nor among them counts as delivered.
    async fn record(&mut self) -> Result<(), JournalError> {
        while let Some(sequence) = self.unrecorded.first().copied() {
            let letter = self.shared.dead().letter(sequence).cloned();
            if let Some(letter) = letter {
                self.store.keep_dead_letter(&self.endpoint.id, &letter).await?;
            }
            self.unrecorded.remove(&sequence);
        }
        self.store.save_progress(&self.endpoint.id, &self.progress()).await
    }

    fn progress(&self) -> Progress {
        let read = EventId { sequence: self.backlog.position(self.read.sequence), ..self.read.clone() };
        Progress { read: read.to_string(), open: self.backlog.open().map(Open::of).collect() }
    }

    fn show(&self) {
        let now = driver::now();
        let in_time = |due: std::time::Instant| now.wall.after(due.saturating_duration_since(now.instant));
        let next: Option<Timestamp> = self.backlog.next_due().map(in_time);
        self.shared.show(self.backlog.is_working(), self.backlog.len(), self.read.clone(), next);
    }
}

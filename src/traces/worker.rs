//! Follows the board, and hands over what is complete.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::collector::Collector;
use super::{Commanded, Counts, event};
use crate::driver::wall_clock;
use crate::seldom::Seldom;
use crate::state::{After, Board, Filter, Frame};

/// How many spans are sent at once.
const BATCH: usize = 512;
/// How many such batches may wait for the one that is being sent; a further one is dropped.
const BATCHES: usize = 8;
/// How often what is complete is sent.
const EVERY: Duration = Duration::from_secs(1);

/// Follows the board until it is closed.
pub(super) struct Worker {
    board: Board,
    after: After,
    commands: mpsc::Receiver<Commanded>,
    collector: Collector,
    exporter: SpanExporter,
    counts: Arc<Counts>,
}

impl Worker {
    pub fn new(
        board: Board,
        commands: mpsc::Receiver<Commanded>,
        exporter: SpanExporter,
        counts: Arc<Counts>,
    ) -> Self {
        let after = After::Event(board.last_event_id());
        let collector = Collector::new(|| getrandom::u64().unwrap_or(1));
        Self { board, after, commands, collector, exporter, counts }
    }

    /// Ends when the board is closed and what was complete by then is sent, or could not be.
    pub async fn run(self) {
        let Self { board, after, mut commands, mut collector, exporter, counts } = self;
        let (batches, inbox) = mpsc::channel(BATCHES);
        let exporting = tokio::spawn(export(exporter, inbox, counts.clone()));
        let mut reader = board.follow_aside(&after, Filter::default(), wall_clock());
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_time = tokio::select! {
                frames = reader.next() => match frames {
                    Some(frames) => {
                        see(&mut collector, &frames);
                        false
                    }
                    None if board.is_closed() => break,
                    None => {
                        collector.lose();
                        reader = board.follow_aside(&After::Now, Filter::default(), wall_clock());
                        false
                    }
                },
                Some(command) = commands.recv() => {
                    collector.command(command, Instant::now());
                    false
                }
                _ = tick.tick() => true,
            };
            if is_time {
                collector.tick(Instant::now());
            }
            while collector.len() >= BATCH || (is_time && collector.len() > 0) {
                hand_over(collector.take(BATCH), &batches, &counts);
            }
            counts.dropped(collector.take_dropped());
        }
        while let Ok(command) = commands.try_recv() {
            collector.command(command, Instant::now());
        }
        collector.end(Instant::now());
        while collector.len() > 0 {
            hand_over(collector.take(BATCH), &batches, &counts);
        }
        counts.dropped(collector.take_dropped());
        drop(batches);
        let _ = exporting.await;
    }
}

fn see(collector: &mut Collector, frames: &[Frame]) {
    let now = Instant::now();
    for seen in frames.iter().filter_map(|frame| event::read(&frame.envelope())) {
        collector.see(seen, now);
    }
}

fn hand_over(batch: Vec<SpanData>, batches: &mpsc::Sender<Vec<SpanData>>, counts: &Counts) {
    if let Err(error) = batches.try_send(batch) {
        counts.dropped(error.into_inner().len());
    }
}

/// Sends one batch after the other.
async fn export(exporter: SpanExporter, mut batches: mpsc::Receiver<Vec<SpanData>>, counts: Arc<Counts>) {
    let mut failed = Seldom::default();
    while let Some(batch) = batches.recv().await {
        let count = batch.len();
        match exporter.export(batch).await {
            Ok(()) => counts.exported(count),
            Err(error) => {
                counts.dropped(count);
                if let Some(times) = failed.count() {
                    warn!(%error, times, "traces could not be sent");
                }
            }
        }
    }
}

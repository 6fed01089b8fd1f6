//! The agent put together: listeners in, a running service out.

mod about;
mod guard;
mod listeners;
mod reachable;
#[cfg(test)]
mod tests;
mod thread;

use std::io;

use opentelemetry_otlp::ExporterBuildError;
use tokio::join;
use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::access::Access;
use crate::agent::event::CallState;
use crate::config::{Config, KeyFault, SipPeers};
use crate::driver::{self, Commander, Driver, Recorded};
use crate::http::{self, About, Context, Streams};
use crate::metrics::Metrics;
use crate::state::answers::{Answers, Keyed};
use crate::state::journal::{self, Journal, JournalError, Limits};
use crate::state::{self, Board, Epochs};
use crate::timeline::{self, Timelines};
use crate::tls::Tls;
use crate::traces::Traces;
use crate::transport::{self, Bounds, Listener};
use crate::webhook::Webhooks;

use about::Door;
pub use guard::guard_http;
use listeners::announce;
pub use listeners::{BindError, Listeners};
use thread::on_own_thread;

/// How many commands may wait for the driver; a further one is refused.
const COMMANDS: usize = 1024;

/// Why the service could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener has no address.
    #[error("a listener has no address: {0}")]
    Listener(#[source] io::Error),
    /// There is no API key where one is needed.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The system gives no randomness.
    #[error("no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The log on disk cannot be used.
    #[error("--data-dir: {0}")]
    Journal(#[from] JournalError),
    /// There is nothing that traces could be sent by.
    #[error("--otlp-endpoint: {0}")]
    Traces(#[from] ExporterBuildError),
    /// There is nothing to be had that SIP or event streams could run on.
    #[error("no thread: {0}")]
    Thread(io::Error),
    /// The driver died; that is a fault of the program.
    #[error("the driver ended before its time")]
    Driver,
}

/// Serves, to whom `access` lets in, until `shutdown` comes and the drain after it is done, whose time is over when `haste` comes.
pub async fn serve(
    mut config: Config,
    listeners: Listeners,
    tls: Tls,
    access: Access,
    shutdown: impl Future<Output = ()> + Send + 'static,
    haste: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let http_tls = tls.http().is_some().then(|| tls.clone());
    let about = open_up(&mut config, &listeners, &access, http_tls.is_some())?;
    let streams = Streams::start().map_err(ServeError::Thread)?;
    let (recorded, keyed) = record(&mut config)?;
    let (timelines, metrics) = (recorded.timelines.clone(), recorded.metrics.clone());
    let (board, journal) = (recorded.board.clone(), recorded.journal.clone());
    let (commander, asks) = Commander::channel(COMMANDS);
    let webhooks = Webhooks::new(board.clone(), journal.clone(), tls.clone(), config.webhook_retry);
    let endpoint = config.otlp_endpoint.as_deref();
    let traces = endpoint
        .map(|endpoint| Traces::start(endpoint, &board, tls.clone()))
        .transpose()?
        .unwrap_or_default();
    webhooks.start(config.webhooks).await?;
    let told = transport::Settings {
        dns_server: config.dns_server,
        tls: Some(tls),
        timelines: timelines.clone(),
        metrics: metrics.clone(),
        ..door(config.sip_peers)
    };
    let seed = seed()?;
    let (begun, has_begun) = oneshot::channel();
    let drive = move || async move {
        let network = transport::start(here(listeners.sip)?, told);
        let mut driver = Driver::new(config.agent, seed, recorded, network, asks, config.drain_time)
            .with_audience(config.no_listener_after);
        driver.begin().await;
        let _ = begun.send(());
        driver.run(shutdown, haste).await;
        Ok(())
    };
    let driven = on_own_thread(drive).map_err(ServeError::Thread)?;
    // What goes wrong before that, `driven` tells.
    let _ = has_begun.await;

    let answers = Answers::new(board.clone(), journal.clone(), keyed);
    let context = Context {
        board,
        commander,
        journal: journal.clone(),
        answers,
        webhooks: webhooks.clone(),
        timelines,
        metrics,
        traces: traces.clone(),
        about: about.into(),
        access,
        cors_origins: config.access.cors_origins.into(),
    };
    let (stop_http, http_stopped) = oneshot::channel::<()>();
    let stopped = async { drop(http_stopped.await) };
    let limits = http::Limits::default();
    let http =
        tokio::spawn(http::serve(listeners.http, http_tls, context, streams.handle(), limits, stopped));

    let driven = driven.await.unwrap_or(Err(ServeError::Driver));
    // Only now: until here a client could follow the drain and see the end of every call.
    drop(stop_http);
    let _ = http.await;
    close(&webhooks, &traces, journal).await;
    driven
}

/// Ends what follows the events, side by side as each may wait for somebody else, and then what they are kept in.
async fn close(webhooks: &Webhooks, traces: &Traces, journal: Option<Journal>) {
    join!(webhooks.close(), traces.close());
    if let Some(journal) = journal {
        journal.close().await;
    }
}

/// The listeners, waited for by the runtime that this is called in.
fn here(listeners: Vec<Listener>) -> Result<Vec<Listener>, ServeError> {
    listeners.into_iter().map(Listener::here).collect::<io::Result<_>>().map_err(ServeError::Listener)
}

/// Says where the service listens and what peers may not reach of it.
fn open_up(
    config: &mut Config,
    listeners: &Listeners,
    access: &Access,
    secure: bool,
) -> Result<About, ServeError> {
    let address = listeners.http.local_addr().map_err(ServeError::Listener)?;
    config.agent.listeners = listeners.told(&config.sip_listen).map_err(ServeError::Listener)?;
    announce(&config.agent.listeners, address, secure);
    let (about, alarming) = about::about(config, Door { address, secure, open: access.is_open() });
    alarming.iter().for_each(|warning| warn!("{warning}"));
    Ok(about)
}

/// Where what happens is put on record: the board with what an earlier run has left, timelines and metrics; and the commands
/// that came with a key.
fn record(config: &mut Config) -> Result<(Recorded, Vec<Keyed>), ServeError> {
    let node = gethostname::gethostname().to_string_lossy().into_owned();
    let board = state::Settings { epochs: Epochs::from(&*epoch()?), node, ..config.board.clone() };
    let kept = timeline::Settings { bytes: config.timeline_bytes, ended_age: board.ended_age };
    let (timelines, metrics) = (Timelines::new(kept, driver::wall_clock), Metrics::new(driver::wall_clock));
    config.journal.metrics = metrics.clone();
    let (recorded, keyed) = match config.data_dir {
        Some(_) => open(&config.journal, board)?,
        None => (Recorded::in_memory(Board::new(board)), Vec::new()),
    };
    Ok((Recorded { timelines, metrics, ..recorded }, keyed))
}

/// The log on disk with the board of the last run, and the commands that came with a key.
fn open(settings: &journal::Settings, board: state::Settings) -> Result<(Recorded, Vec<Keyed>), ServeError> {
    let limits = Limits { events: board.log_events as u64, bytes: board.log_bytes as u64 };
    let (journal, mut past) = Journal::open(settings, board.epochs.current(), limits)?;
    let keyed = std::mem::take(&mut past.keyed);
    let (board, unfinished) = Board::of_past(board, past)?;
    board.remember_by(journal.clone());
    let closing = unfinished.iter().filter(|(call, _)| call.state == CallState::Ended).count();
    if !unfinished.is_empty() {
        info!(
            calls = unfinished.len() - closing,
            closing, "calls of the last run had not ended, or their BYE was not answered"
        );
    }
    let recorded = Recorded { journal: Some(journal), unfinished, ..Recorded::in_memory(board) };
    Ok((recorded, keyed))
}

/// Whom the transport lets in.
fn door(SipPeers { allow, connections, garbage, idle }: SipPeers) -> transport::Settings {
    let bounds = Bounds { peer_connections: connections, garbage, idle, ..Bounds::default() };
    transport::Settings { bounds, allow, ..Default::default() }
}

fn seed() -> Result<[u8; 32], ServeError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(ServeError::Randomness)?;
    Ok(seed)
}

/// Tells the events of this run from those of another: eight hexadecimal digits.
fn epoch() -> Result<String, ServeError> {
    Ok(format!("{:08x}", getrandom::u32().map_err(ServeError::Randomness)?))
}

//! The agent put together: listeners in, a running service out.

mod listeners;
mod reachable;

use std::io::{self, Write};

use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::config::{Config, KeyFault, SipPeers, guard};
use crate::driver::{self, Commander, Driver, Recorded};
use crate::http::{self, Context};
use crate::state::answers::{Answers, Keyed};
use crate::state::journal::{self, Journal, JournalError, Limits};
use crate::state::{self, Board};
use crate::timeline::{self, Timelines};
use crate::tls::Tls;
use crate::transport::{self, Bounds};
use crate::webhook::Webhooks;

use listeners::announce;
pub use listeners::{BindError, Listeners};
use reachable::Surroundings;

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
    /// The driver died; that is a fault of the program.
    #[error("the driver ended: {0}")]
    Driver(tokio::task::JoinError),
}

/// Serves until `shutdown` comes and the drain after it is done.
pub async fn serve(
    mut config: Config,
    listeners: Listeners,
    tls: Tls,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let http_address = listeners.http.local_addr().map_err(ServeError::Listener)?;
    let (key, new_key) = guard(&config, http_address)?;
    config.agent.listeners = listeners.told(&config.sip_listen).map_err(ServeError::Listener)?;
    let http_tls = tls.http().is_some().then(|| tls.clone());
    announce(&config.agent.listeners, http_address, http_tls.is_some());
    for warning in reachable::warnings(&config.agent, &Surroundings::look()) {
        warn!("{warning}");
    }
    if let Some(new_key) = new_key {
        let _ = writeln!(io::stdout(), "{new_key}");
    }

    let mut board_settings = config.board;
    board_settings.epoch = epoch()?;
    board_settings.node = gethostname::gethostname().to_string_lossy().into_owned();
    let ended_age = board_settings.ended_age;
    let kept = timeline::Settings { bytes: config.timeline_bytes, ended_age };
    let timelines = Timelines::new(kept, driver::wall_clock);
    let (recorded, keyed) = match config.data_dir {
        Some(_) => open(&config.journal, board_settings)?,
        None => (Recorded::in_memory(Board::new(board_settings)), Vec::new()),
    };
    let recorded = Recorded { timelines: timelines.clone(), ..recorded };
    let (board, journal) = (recorded.board.clone(), recorded.journal.clone());
    let (commander, asks) = Commander::channel(COMMANDS);
    let webhooks = Webhooks::new(board.clone(), journal.clone(), tls.clone());
    webhooks.start(config.webhooks).await?;
    let told = transport::Settings {
        dns_server: config.dns_server,
        tls: Some(tls),
        timelines: timelines.clone(),
        ..door(config.sip_peers)
    };
    let network = transport::start(listeners.sip, told);
    let driver = Driver::new(config.agent, seed()?, recorded, network, asks, config.drain_time)
        .with_audience(config.no_listener_after);

    let (stop_http, http_stopped) = oneshot::channel::<()>();
    let answers = Answers::new(board.clone(), journal.clone(), keyed);
    let context = Context {
        board,
        commander,
        journal: journal.clone(),
        answers,
        webhooks: webhooks.clone(),
        timelines,
        api_key: key,
    };
    let http = tokio::spawn(http::serve(listeners.http, http_tls, context, http::Limits::default(), async {
        let _ = http_stopped.await;
    }));

    let driven = tokio::spawn(driver.run(shutdown)).await.map_err(ServeError::Driver);
    // Only now: until here a client could follow the drain and see the end of every call.
    drop(stop_http);
    let _ = http.await;
    webhooks.close().await;
    if let Some(journal) = journal {
        journal.close().await;
    }
    driven
}

/// The log on disk with the board of the last run, and the commands that came with a key.
fn open(settings: &journal::Settings, board: state::Settings) -> Result<(Recorded, Vec<Keyed>), ServeError> {
    let limits = Limits { events: board.log_events as u64, bytes: board.log_bytes as u64 };
    let (journal, mut past) = Journal::open(settings, &board.epoch, limits)?;
    let keyed = std::mem::take(&mut past.keyed);
    let (board, unfinished) = Board::of_past(board, past)?;
    board.remember_by(journal.clone());
    if !unfinished.is_empty() {
        info!(calls = unfinished.len(), "calls of the last run had not ended");
    }
    Ok((Recorded { board, journal: Some(journal), unfinished, timelines: Timelines::default() }, keyed))
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

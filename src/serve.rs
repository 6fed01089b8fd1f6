//! The agent put together: listeners in, a running service out.

use std::io::{self, Write};
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::info;

use crate::config::{Config, KeyFault, guard};
use crate::driver::{Commander, Driver};
use crate::http::{self, Context};
use crate::state::Board;
use crate::transport::{self, Bounds, Listener};

/// How many commands may wait for the driver; a further one is refused.
const COMMANDS: usize = 1024;

/// Where the service is listening. Given from outside, so that a test can bind port 0.
#[derive(Debug)]
pub struct Listeners {
    /// For SIP.
    pub sip: Vec<Listener>,
    /// For HTTP.
    pub http: TcpListener,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {url}: {error}")]
pub struct BindError {
    url: String,
    error: io::Error,
}

impl Listeners {
    /// Listens where the settings say.
    pub async fn bind(config: &Config) -> Result<Self, BindError> {
        let mut sip = Vec::new();
        for address in &config.sip_listen {
            sip.push(Listener::Tcp(bind("tcp", &address.to_string()).await?));
        }
        Ok(Self { sip, http: bind("http", &config.http_listen.to_string()).await? })
    }
}

async fn bind(scheme: &str, address: &str) -> Result<TcpListener, BindError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| BindError { url: format!("{scheme}://{address}"), error })
}

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
    /// The driver died; that is a fault of the program.
    #[error("the driver ended: {0}")]
    Driver(tokio::task::JoinError),
}

/// Serves until `shutdown` comes and the drain after it is done.
pub async fn serve(
    config: Config,
    listeners: Listeners,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let http_address = listeners.http.local_addr().map_err(ServeError::Listener)?;
    let (key, new_key) = guard(&config, http_address)?;
    if config.data_dir.is_some() {
        info!("this version keeps calls and events in memory: a restart forgets them");
    }
    announce(&listeners.sip, http_address).map_err(ServeError::Listener)?;
    if let Some(new_key) = new_key {
        let _ = writeln!(io::stdout(), "{new_key}");
    }

    let mut board_settings = config.board;
    board_settings.epoch = epoch()?;
    board_settings.node = gethostname::gethostname().to_string_lossy().into_owned();
    let board = Board::new(board_settings);
    let (commander, asks) = Commander::channel(COMMANDS);
    let network = transport::start(listeners.sip, Bounds::default());
    let driver = Driver::new(config.agent, seed()?, board.clone(), network, asks, config.drain_time);

    let (stop_http, http_stopped) = oneshot::channel::<()>();
    let context = Context { board, commander, api_key: key };
    let http = tokio::spawn(http::serve(listeners.http, context, http::Limits::default(), async {
        let _ = http_stopped.await;
    }));

    let driven = tokio::spawn(driver.run(shutdown)).await.map_err(ServeError::Driver);
    // Only now: until here a client could follow the drain and see the end of every call.
    drop(stop_http);
    let _ = http.await;
    driven
}

fn announce(sip: &[Listener], http: SocketAddr) -> io::Result<()> {
    for listener in sip {
        let scheme = match listener {
            Listener::Tcp(_) => "tcp",
            Listener::Udp(_) => "udp",
        };
        info!("listening for SIP on {scheme}://{}", listener.local_addr()?);
    }
    info!("listening for HTTP on http://{http}");
    Ok(())
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

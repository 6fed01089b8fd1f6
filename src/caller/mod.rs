//! `call-agent call`: places real SIP calls through the same core and prints what happened, so that nobody needs a PBX
//! to try an agent, or a CI to test what is built on one.

mod call;
mod network;
mod options;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::agent::Refusal;
use crate::agent::command::Originate;
use crate::driver::{Commander, Driver, Recorded};
use crate::state::Board;
use crate::tls::TlsFault;
use call::{Caller, Plan};
pub use options::{By, Options, Which};
use report::Ended;
pub use report::Tally;

/// How many calls are under way at a time; a further one waits for one to end.
const UNDER_WAY: usize = 10_000;
/// How many commands may wait for the driver.
const COMMANDS: usize = 16_384;

/// Why no call could be placed.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// The file with the session description.
    #[error("--sdp {}: {error}", file.display())]
    Sdp {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// The agent does not take the call as it was asked for.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The file with the certificates that are trusted.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// No port could be had, or no randomness.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Where lines go.
#[derive(Clone, Debug)]
pub struct Printer {
    out: Arc<Mutex<io::Stdout>>,
    json: bool,
}

impl Printer {
    fn new(json: bool) -> Self {
        Self { out: Arc::new(Mutex::new(io::stdout())), json }
    }

    /// One event, as JSON or in the words for people.
    fn event(&self, json: &[u8], words: impl FnOnce() -> String) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever closes the other end has read enough.
        let _ = match self.json {
            true => out.write_all(json),
            false => writeln!(out, "{}", words()),
        };
    }
}

/// Places the calls, waits for their ends, and prints both. When `interrupted` comes, no more are placed and those under
/// way are ended.
pub async fn call(
    options: &Options,
    interrupted: impl Future<Output = ()> + Send + 'static,
) -> Result<Tally, CallerError> {
    let sdp = options.sdp.clone().map(read_sdp).transpose()?;
    let originate = options.originate(sdp);
    let board = Board::new(crate::state::Settings::default());
    let (commander, asks) = Commander::channel(COMMANDS);
    let (settings, network) = network::start(options).await?;
    let driver =
        Driver::new(settings, seed()?, Recorded::in_memory(board.clone()), network, asks, Duration::ZERO);
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = async {
        tokio::select! {
            () = interrupted => {}
            _ = stopped => {}
        }
    };
    // Its drain has no time that could be cut short.
    let mut driving = tokio::spawn(driver.run(ended, std::future::pending()));
    let mut calls = JoinSet::new();
    tokio::select! {
        () = place_all(options, &originate, (&board, &commander), &mut calls) => {}
        // Interrupted: every call has been ended.
        _ = &mut driving => {}
    }
    let tally = sum(calls).await;
    drop(stop);
    if !driving.is_finished() {
        let _ = driving.await;
    }
    tally
}

/// Begins the calls, at the rate that is asked for.
async fn place_all(
    options: &Options,
    originate: &Originate,
    (board, commander): (&Board, &Commander),
    calls: &mut JoinSet<Result<Ended, Refusal>>,
) {
    let plan = match (options.cancel_after, options.hangup_after) {
        (Some(after), _) => Plan::Cancel(after),
        (None, Some(after)) => Plan::Hangup(after),
        (None, None) => Plan::Listen,
    };
    let printer = Printer::new(options.json);
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    let begun = Instant::now();
    for number in 1..=options.calls {
        sleep_until(begun + Duration::from_secs_f64(f64::from(number - 1) / options.rate)).await;
        let place = places.clone().acquire_owned().await;
        let (board, commander, printer) = (board.clone(), commander.clone(), printer.clone());
        let caller = Caller { board, commander, printer, plan, number };
        let originate = originate.clone();
        calls.spawn(async move {
            let ended = caller.place(originate).await;
            drop(place);
            ended
        });
    }
}

/// What the calls came to; one that was too late to be placed does not count.
async fn sum(mut calls: JoinSet<Result<Ended, Refusal>>) -> Result<Tally, CallerError> {
    let mut tally = Tally::default();
    while let Some(ended) = calls.join_next().await {
        match ended.map_err(io::Error::other)? {
            Err(Refusal::Draining) => {}
            ended => tally.add(ended?),
        }
    }
    Ok(tally)
}

fn read_sdp(file: PathBuf) -> Result<String, CallerError> {
    std::fs::read_to_string(&file).map_err(|error| CallerError::Sdp { file, error })
}

fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    Ok(seed)
}

//! The program: reads the settings, starts logging, serves until SIGTERM or SIGINT, drains, until another of them comes, exits; or, as
//! `call-agent call`, places calls, as `call-agent events` prints the log, as `call-agent keys` makes keys. SIGHUP has it read the
//! certificates and the keys again.

#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;

use call_agent::access::Access;
use call_agent::caller::{self, Options, Tally};
use call_agent::config::{AccessFiles, BadSetting, Config, LogFormat};
use call_agent::tls::Tls;
use call_agent::{
    Listeners, ServeError, guard_http, keys, offline, open_files, serve, small_pages, telemetry,
};
use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info};

/// A call is many small allocations that live and die together; the system's allocator spends a fifth of the core's time
/// on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code for a bad setting.
const BAD_SETTING: u8 = 2;

fn main() -> ExitCode {
    small_pages::keep();
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|first| first == "call") {
        return call(&Options::parse_from(std::iter::once("call-agent call".into()).chain(arguments)));
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == "events") {
        let arguments = std::env::args_os().skip(2);
        return events(&offline::Options::parse_from(
            std::iter::once("call-agent events".into()).chain(arguments),
        ));
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == "keys") {
        let arguments = std::env::args_os().skip(2);
        return keys(&keys::Options::parse_from(std::iter::once("call-agent keys".into()).chain(arguments)));
    }
    let config = match Config::load(std::env::args_os(), std::env::vars_os()) {
        Ok(config) => config,
        Err(BadSetting::Flag(error)) => error.exit(),
        Err(error) => {
            eprintln!("call-agent: {error}");
            return ExitCode::from(BAD_SETTING);
        }
    };
    if let Err(error) = config.make_data_dir() {
        eprintln!("call-agent: {error}");
        return ExitCode::from(BAD_SETTING);
    }
    let tls = match Tls::read(config.tls.clone()) {
        Ok(tls) => tls,
        Err(error) => {
            eprintln!("call-agent: {error}");
            return ExitCode::from(BAD_SETTING);
        }
    };
    let _logging = match telemetry::start(&config.log, config.log_format) {
        Ok(logging) => logging,
        Err(error) => {
            eprintln!("call-agent: {error}");
            return ExitCode::FAILURE;
        }
    };
    match run(config, tls) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `call-agent events`.
fn events(options: &offline::Options) -> ExitCode {
    match offline::print(options, std::env::var_os(offline::DATA_DIR), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("call-agent events: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `call-agent keys`.
fn keys(options: &keys::Options) -> ExitCode {
    match keys::run(options, io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("call-agent keys: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `call-agent call`.
fn call(options: &Options) -> ExitCode {
    let started = telemetry::start(&options.log, LogFormat::Text).map_err(Into::into);
    match started.and_then(|_logging| place_calls(options)) {
        Ok(tally) => {
            eprintln!("{tally}");
            if tally.is_as_planned() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("call-agent call: {error}");
            ExitCode::from(BAD_SETTING)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn place_calls(options: &Options) -> Result<Tally, Box<dyn std::error::Error>> {
    let mut ends = Ends::new()?;
    Ok(caller::call(options, async move { ends.told().await }).await?)
}

#[tokio::main]
async fn run(config: Config, tls: Tls) -> Result<(), Box<dyn std::error::Error>> {
    let ((told, shutdown), (told_again, haste)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    // The driver asks at each of its turns, and to ask two signals takes some six hundred instructions.
    let mut ends = Ends::new()?;
    tokio::spawn(async move {
        ends.told().await;
        drop(told);
        ends.told().await;
        drop(told_again);
    });
    let (shutdown, haste) = (async { drop(shutdown.await) }, async { drop(haste.await) });
    let mut hangup = signal(SignalKind::hangup())?;
    open_files::raise();
    let listeners = Listeners::bind(&config).await?;
    let access = guard_http(&config, &listeners)?;
    let (certificates, keys, files) = (tls.clone(), access.clone(), config.access.files.clone());
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            certificates.reload();
            read_keys(&keys, &files);
        }
    });
    serve(config, listeners, tls, access, shutdown, haste).await.map_err(ServeError::into)
}

/// Reads the keys again; a bad file is logged, and what was read before stays.
fn read_keys(access: &Access, files: &AccessFiles) {
    match files.read() {
        Ok(doors) => {
            access.replace(doors);
            info!("keys were read again");
        }
        Err(error) => error!("keys stay as they were: {error}"),
    }
}

/// SIGTERM and SIGINT.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn new() -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    /// Waits for either.
    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

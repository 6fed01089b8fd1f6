//! Every setting: flag, environment variable, key of the file, default.
//!
//! A setting has one name and one reader. `--max-calls`, `CALL_AGENT_MAX_CALLS` and the file's `max_calls` give it text; a
//! flag goes before the environment, the environment before the file, the file before the default.

mod access;
mod account;
mod gate;
mod key;
mod layer;
mod listen;
mod policies;
mod secret;
mod sip_user;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod webhook;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use access::{Access, AccessFiles};
pub use gate::SipPeers;
pub use key::{KeyFault, NewKey, guard};
pub use listen::{SipListen, scheme};
pub use value::{HostPort, LogFormat, dns_server, log_filter};

use crate::sip::Transport;
use crate::state::journal::{self, Retention};
use crate::webhook::Endpoint;
use crate::{agent, state, tls};
use layer::Layer;
use source::Tables;

/// How many bytes of what happened to calls are kept, if nothing is said.
const TIMELINE_BYTES: usize = 64 * 1024 * 1024;

/// The settings, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where and by what SIP is listened for.
    pub sip_listen: Vec<SipListen>,
    /// Where HTTP is listened for.
    pub http_listen: HostPort,
    /// Whose bytes the transport lets in, and how many.
    pub sip_peers: SipPeers,
    /// The DNS server to ask; `None`: the system's.
    pub dns_server: Option<SocketAddr>,
    /// What the core has to know, but for the listeners: their addresses are known when they are bound.
    pub agent: agent::Settings,
    /// How long nobody may listen before new calls are refused; `None`: for ever.
    pub no_listener_after: Option<Duration>,
    /// The receivers of events that the file names.
    pub webhooks: Vec<Endpoint>,
    /// For how long they are sent again what they do not take.
    pub webhook_retry: Duration,
    /// Where certificates are.
    pub tls: tls::Settings,
    /// How much of the past clients can see.
    pub board: state::Settings,
    /// How many bytes of what happened to calls are kept in memory; 0: none.
    pub timeline_bytes: usize,
    /// The log on disk, if there is a data directory.
    pub journal: journal::Settings,
    /// Where files are kept; `None`: nothing is.
    pub data_dir: Option<PathBuf>,
    /// Who may use HTTP.
    pub access: Access,
    /// How long calls may go on after the shutdown has begun.
    pub drain_time: Duration,
    /// The base URL of the collector that traces are sent to; `None`: there are none.
    pub otlp_endpoint: Option<String>,
    /// What is logged, as tracing's filter directives.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
}

/// A setting that is not known or not understood.
#[derive(Debug, thiserror::Error)]
pub enum BadSetting {
    /// On the command line; also `--help` and `--version`, which are no faults. Says itself how to exit.
    #[error(transparent)]
    Flag(#[from] clap::Error),
    /// In the environment.
    #[error("{name}: {fault}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with it.
        fault: String,
    },
    /// In the file.
    #[error("{}: {key}: {fault}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The key in it.
        key: String,
        /// What is wrong with it.
        fault: String,
    },
    /// One setting without the other that it needs.
    #[error("{given} needs {missing}")]
    Alone {
        /// The one that is set.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// The file itself.
    #[error("{setting} {}: {fault}", file.display())]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
}

impl Config {
    /// The settings by the program's arguments (its name first) and environment, and the file that they name.
    pub fn load(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, BadSetting> {
        let flags = source::flags(arguments)?;
        let environment: Vec<_> = environment.into_iter().collect();
        let (variables, api_key) = source::environment(&environment)?;
        let given = flags.or(variables);
        let config_file = given.config.clone();
        let file = given.config.as_deref().map(|file| source::file(file, &environment)).transpose()?;
        let (file, tables) = file.unwrap_or_default();
        let mut layer = given.or(file);
        let tls = layer.take_tls()?;
        let access = std::mem::take(&mut layer.access).complete(api_key, config_file)?;
        let config = Self::complete(layer, tables, tls, access);
        config.check()?;
        Ok(config)
    }

    /// Makes the data directory, if there is to be one, and sees whether files can be made in it.
    pub fn make_data_dir(&self) -> Result<(), BadSetting> {
        let Some(directory) = &self.data_dir else { return Ok(()) };
        let unusable = |error: std::io::Error| BadSetting::File {
            setting: "--data-dir",
            file: directory.clone(),
            fault: error.to_string(),
        };
        journal::prepare(directory).map_err(unusable)
    }

    /// What settings ask of each other.
    fn check(&self) -> Result<(), BadSetting> {
        let mut listens = self.sip_listen.iter();
        if self.tls.sip.is_none() && listens.any(|listen| listen.transport == Transport::Tls) {
            return Err(BadSetting::Alone { given: "--sip-listen tls://", missing: "--tls-certificate" });
        }
        Ok(())
    }

    /// Fills in the defaults.
    fn complete(
        layer: Layer,
        Tables { accounts, sip_users, webhooks }: Tables,
        tls: tls::Settings,
        access: Access,
    ) -> Self {
        let data_dir = match layer.data_dir {
            None => Some(PathBuf::from("./data")),
            Some(none) if none.as_os_str() == "none" => None,
            given => given,
        };
        let kept = Retention::default();
        let no_listener_after = layer.policies.no_listener_after();
        let agent = agent::Settings::default();
        let board = state::Settings::default();
        Self {
            sip_listen: layer.sip_listen.unwrap_or_else(|| vec![SipListen::tcp("0.0.0.0", 5060)]),
            http_listen: layer.http_listen.unwrap_or_else(|| HostPort::new("127.0.0.1", 8080)),
            sip_peers: layer.gate.peers(),
            dns_server: layer.dns_server,
            agent: agent::Settings {
                advertise: layer.advertise.map(|advertise| (advertise.host, advertise.port)),
                listeners: Vec::new(),
                accounts,
                media: layer.media_address.map(|address| (address.ip(), address.port())),
                codecs: layer.codecs.unwrap_or(agent.codecs),
                on_offer: layer.on_offer.unwrap_or(agent.on_offer),
                ring_timeout: layer.ring_timeout.unwrap_or(agent.ring_timeout),
                max_calls: layer.max_calls.unwrap_or(agent.max_calls),
                gate: layer.gate.complete(sip_users),
                policies: layer.policies.complete(),
                claim_on_command: layer.claim_on_command.unwrap_or(agent.claim_on_command),
                keeps_calls: data_dir.is_some(),
            },
            no_listener_after,
            webhooks,
            webhook_retry: layer.webhook_retry_seconds.unwrap_or(webhook::RETRY),
            tls,
            board: state::Settings {
                log_events: layer.log_events.unwrap_or(board.log_events),
                log_bytes: layer.log_bytes.unwrap_or(board.log_bytes),
                ended_calls: layer.ended_calls.unwrap_or(board.ended_calls),
                ended_bytes: layer.ended_bytes.unwrap_or(board.ended_bytes),
                ended_age: layer.ended_seconds.unwrap_or(board.ended_age),
                ..board
            },
            timeline_bytes: layer.timeline_bytes.unwrap_or(TIMELINE_BYTES),
            journal: journal::Settings {
                directory: data_dir.clone().unwrap_or_default(),
                durability: layer.durability.unwrap_or_default(),
                metrics: Default::default(),
                retention: Retention {
                    age: layer.journal_seconds.unwrap_or(kept.age),
                    events: layer.journal_events.map_or(kept.events, |count| count as u64),
                    bytes: layer.journal_bytes.map_or(kept.bytes, |bytes| bytes as u64),
                },
            },
            data_dir,
            access,
            drain_time: layer.drain_time.unwrap_or(Duration::from_secs(10)),
            otlp_endpoint: layer.otlp_endpoint,
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
            log_format: layer.log_format.unwrap_or_default(),
        }
    }
}

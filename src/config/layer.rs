//! The settings that one source gives; what it does not give is `None`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use super::BadSetting;
use super::access::AccessLayer;
use super::gate::GateLayer;
use super::listen::SipListen;
use super::policies::PolicyLayer;
use super::value::{self, Advertise, HostPort, LogFormat};
use crate::agent::OnOffer;
use crate::state::journal::Durability;
use crate::tls::{self, Identity};

// What is written on the fields is the text of `--help`.
/// A SIP user agent that other software drives over HTTP.
#[derive(Debug, Default, Parser)]
#[command(name = "call-agent", version, after_help = AFTER_HELP, allow_negative_numbers = true)]
pub(super) struct Layer {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Where to listen for SIP; a list [default: tcp://0.0.0.0:5060]
    #[arg(long, value_name = "tcp|udp|tls://HOST:PORT[?advertise=HOST[:PORT]]", value_delimiter = ',')]
    pub(super) sip_listen: Option<Vec<SipListen>>,

    /// Where to listen for HTTP [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) http_listen: Option<HostPort>,

    /// What peers are told to reach the agent by, where a listener has no `advertise` of its own [default: the connection's
    /// local address]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) advertise: Option<Advertise>,

    /// The DNS server to ask [default: the system's]
    #[arg(long, value_name = "IP:PORT", value_parser = value::dns_server)]
    pub(super) dns_server: Option<SocketAddr>,

    /// The certificate for SIP over TLS, with its chain (PEM); SIGHUP has it read again
    #[arg(long, value_name = "FILE")]
    pub(super) tls_certificate: Option<PathBuf>,

    /// The key of that certificate (PEM, not encrypted)
    #[arg(long, value_name = "FILE")]
    pub(super) tls_key: Option<PathBuf>,

    /// The CAs that are trusted when connecting over TLS (PEM) [default: those of the system]
    #[arg(long, value_name = "FILE")]
    pub(super) tls_ca: Option<PathBuf>,

    /// CAs (PEM): a peer that connects over TLS must show a certificate of one of them
    #[arg(long, value_name = "FILE")]
    pub(super) tls_client_ca: Option<PathBuf>,

    /// The CAs that are trusted when receivers of webhooks are called (PEM) [default: those of the system]
    #[arg(long, value_name = "FILE")]
    pub(super) webhook_ca: Option<PathBuf>,

    /// For how long a webhook is sent an event again that it does not take [default: 86400]
    #[arg(long, value_name = "SECONDS", value_parser = value::some_seconds)]
    pub(super) webhook_retry_seconds: Option<Duration>,

    /// The certificate for HTTP, with its chain (PEM); with it HTTP is over TLS only
    #[arg(long, value_name = "FILE")]
    pub(super) http_tls_certificate: Option<PathBuf>,

    /// The key of that certificate (PEM, not encrypted)
    #[arg(long, value_name = "FILE")]
    pub(super) http_tls_key: Option<PathBuf>,

    #[command(flatten)]
    pub(super) access: AccessLayer,

    /// Where media is taken; without it generated answers are inactive
    #[arg(long, value_name = "HOST:PORT", value_parser = value::media_address)]
    pub(super) media_address: Option<SocketAddr>,

    /// Codecs of generated answers, best first; a list [default: PCMA,PCMU,telephone-event]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = value::codec)]
    pub(super) codecs: Option<Vec<String>>,

    /// Where files are kept; `none`: nowhere [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// When what is told is on record: relaxed, when the system has it, which survives the death of the process; or strict, when the
    /// disk has it [default: relaxed]
    #[arg(long, value_name = "WHEN", value_parser = value::durability)]
    pub(super) durability: Option<Durability>,

    /// How long events and the records of calls are kept in the data directory [default: 604800]
    #[arg(long, value_name = "SECONDS", value_parser = value::some_seconds)]
    pub(super) journal_seconds: Option<Duration>,

    /// How many events are kept there [default: 10000000]
    #[arg(long, value_name = "COUNT", value_parser = value::count)]
    pub(super) journal_events: Option<usize>,

    /// About how many bytes they may take there [default: 4294967296]
    #[arg(long, value_name = "BYTES", value_parser = value::count)]
    pub(super) journal_bytes: Option<usize>,

    /// What to do with a new call before anybody is asked: none, ring, accept or reject [default: none]
    #[arg(long, value_name = "ACTION", value_parser = value::on_offer)]
    pub(super) on_offer: Option<OnOffer>,

    /// How long a call may go unanswered before it is answered 480 [default: 180]
    #[arg(long, value_name = "SECONDS", value_parser = value::some_seconds)]
    pub(super) ring_timeout: Option<Duration>,

    /// How many calls there may be at a time; a further one is answered 503 [default: 100000]
    #[arg(long, value_name = "COUNT", value_parser = value::count)]
    pub(super) max_calls: Option<usize>,

    /// The first command that says its Claim-Owner takes a lease on the call for so long; 0: none [default: 0]
    #[arg(long, value_name = "SECONDS", value_parser = value::seconds)]
    pub(super) claim_on_command: Option<Duration>,

    #[command(flatten)]
    pub(super) policies: PolicyLayer,

    #[command(flatten)]
    pub(super) gate: GateLayer,

    /// How long calls may go on after SIGTERM or SIGINT [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = value::seconds)]
    pub(super) drain_time: Option<Duration>,

    /// How many events are kept for replay [default: 100000]
    #[arg(long, value_name = "COUNT", value_parser = value::count)]
    pub(super) log_events: Option<usize>,

    /// How many bytes of SIP messages and commands are kept for the timelines of calls; 0: none [default: 67108864]
    #[arg(long, value_name = "BYTES", value_parser = value::number)]
    pub(super) timeline_bytes: Option<usize>,

    /// About how many bytes of events are kept for replay [default: 67108864]
    #[arg(long, value_name = "BYTES", value_parser = value::count)]
    pub(super) log_bytes: Option<usize>,

    /// How many ended calls stay readable [default: 10000]
    #[arg(long, value_name = "COUNT")]
    pub(super) ended_calls: Option<usize>,

    /// About how many bytes of ended calls stay readable [default: 67108864]
    #[arg(long, value_name = "BYTES")]
    pub(super) ended_bytes: Option<usize>,

    /// How long an ended call stays readable [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = value::seconds)]
    pub(super) ended_seconds: Option<Duration>,

    /// What to log, as directives such as `info` or `call_agent::transport=debug` [default: info]
    #[arg(long, value_name = "FILTER", value_parser = value::log_filter)]
    pub(super) log: Option<String>,

    /// The collector that traces are sent to by OTLP over HTTP, its base URL; without it there are none
    #[arg(long, value_name = "URL", value_parser = value::http_url)]
    pub(super) otlp_endpoint: Option<String>,

    /// How to log: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
}

const AFTER_HELP: &str = "\
Each setting is also an environment variable, --max-calls as CALL_AGENT_MAX_CALLS, and a key of the
file, max_calls = 1000. A flag goes before the environment, the environment before the file. A list
is separated by commas, or the flag is repeated. Accounts (`[[account]]`: extensions of a PBX that the
agent keeps registered; the README shows one), receivers of events (`[[webhook]]`: id, url, types, and
secret, secret_file or secret_env) and who may call (`[[sip_user]]`: user, and password, password_file
or password_env; without any, everybody) are in the file alone.

CALL_AGENT_API_KEY, in the environment only, is a key with all scopes that HTTP clients may give; keys
with fewer are `[[key]]` tables, which `call-agent keys new` makes. Without any, HTTP is open on a
loopback address; on any other a key is made at the first start and printed once.

Other commands, each with its own --help:
  call-agent call      places calls and prints what becomes of them
  call-agent events    prints the log of a data directory
  call-agent keys new  makes a key for clients of HTTP";

impl Layer {
    /// Where the certificates are. A certificate without its key, or the other way round, is a fault.
    pub(super) fn take_tls(&mut self) -> Result<tls::Settings, BadSetting> {
        let identity = |settings: [&'static str; 2], certificate, key| match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Identity { certificate, key })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(BadSetting::Alone { given: settings[0], missing: settings[1] }),
            (None, Some(_)) => Err(BadSetting::Alone { given: settings[1], missing: settings[0] }),
        };
        if self.tls_client_ca.is_some() && self.tls_certificate.is_none() {
            return Err(BadSetting::Alone { given: "--tls-client-ca", missing: "--tls-certificate" });
        }
        Ok(tls::Settings {
            sip: identity(
                ["--tls-certificate", "--tls-key"],
                self.tls_certificate.take(),
                self.tls_key.take(),
            )?,
            ca: self.tls_ca.take(),
            client_ca: self.tls_client_ca.take(),
            webhook_ca: self.webhook_ca.take(),
            http: identity(
                ["--http-tls-certificate", "--http-tls-key"],
                self.http_tls_certificate.take(),
                self.http_tls_key.take(),
            )?,
        })
    }

    /// What is wrong with the one list whose values ask something of each other, `--codecs`.
    pub(super) fn check(&self) -> Result<(), String> {
        self.codecs.as_deref().map_or(Ok(()), value::codecs)
    }

    /// What this layer does not give is taken from a lower one.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            config: self.config.or(lower.config),
            webhook_ca: self.webhook_ca.or(lower.webhook_ca),
            webhook_retry_seconds: self.webhook_retry_seconds.or(lower.webhook_retry_seconds),
            timeline_bytes: self.timeline_bytes.or(lower.timeline_bytes),
            sip_listen: self.sip_listen.or(lower.sip_listen),
            http_listen: self.http_listen.or(lower.http_listen),
            advertise: self.advertise.or(lower.advertise),
            dns_server: self.dns_server.or(lower.dns_server),
            tls_certificate: self.tls_certificate.or(lower.tls_certificate),
            tls_key: self.tls_key.or(lower.tls_key),
            tls_ca: self.tls_ca.or(lower.tls_ca),
            tls_client_ca: self.tls_client_ca.or(lower.tls_client_ca),
            http_tls_certificate: self.http_tls_certificate.or(lower.http_tls_certificate),
            http_tls_key: self.http_tls_key.or(lower.http_tls_key),
            access: self.access.or(lower.access),
            media_address: self.media_address.or(lower.media_address),
            codecs: self.codecs.or(lower.codecs),
            data_dir: self.data_dir.or(lower.data_dir),
            on_offer: self.on_offer.or(lower.on_offer),
            ring_timeout: self.ring_timeout.or(lower.ring_timeout),
            max_calls: self.max_calls.or(lower.max_calls),
            claim_on_command: self.claim_on_command.or(lower.claim_on_command),
            policies: self.policies.or(lower.policies),
            gate: self.gate.or(lower.gate),
            drain_time: self.drain_time.or(lower.drain_time),
            log_events: self.log_events.or(lower.log_events),
            durability: self.durability.or(lower.durability),
            journal_seconds: self.journal_seconds.or(lower.journal_seconds),
            journal_events: self.journal_events.or(lower.journal_events),
            journal_bytes: self.journal_bytes.or(lower.journal_bytes),
            log_bytes: self.log_bytes.or(lower.log_bytes),
            ended_calls: self.ended_calls.or(lower.ended_calls),
            ended_bytes: self.ended_bytes.or(lower.ended_bytes),
            ended_seconds: self.ended_seconds.or(lower.ended_seconds),
            otlp_endpoint: self.otlp_endpoint.or(lower.otlp_endpoint),
            log: self.log.or(lower.log),
            log_format: self.log_format.or(lower.log_format),
        }
    }
}

//! What the caller is asked to do, on its command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::agent::command::{NewHeader, NewHeaders, Originate};
use crate::config::{dns_server, log_filter};

/// How many calls may be asked for.
const MAX_CALLS: u32 = 1_000_000;

// What is written on the fields is the text of `--help`.
/// Places SIP calls and prints what becomes of them. Exits with 0 if every call went as planned.
#[derive(Clone, Debug, Parser)]
#[command(name = "call-agent call", version, after_help = AFTER_HELP)]
pub struct Options {
    /// Whom to call: a SIP URI
    #[arg(value_name = "URI")]
    pub to: String,

    /// By what, if the URI does not say it
    #[arg(long, value_enum)]
    pub transport: Option<By>,

    /// Who calls: a URI, or an address with a display name
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,

    /// A header to add to the INVITE; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<NewHeader>,

    /// A file with the session description to offer; without it one is made
    #[arg(long, value_name = "FILE")]
    pub sdp: Option<PathBuf>,

    /// How many calls to place
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CALLS)))]
    pub calls: u32,

    /// How many calls to begin in a second
    #[arg(long, value_name = "PER SECOND", default_value_t = 1.0, value_parser = rate)]
    pub rate: f64,

    /// Give each call up, this long after its INVITE
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "hangup_after")]
    pub cancel_after: Option<Duration>,

    /// Hang each call up, this long after its answer; without this and --cancel-after the other side does
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub hangup_after: Option<Duration>,

    /// How long to wait for an answer
    #[arg(long, value_name = "TIME", default_value = "180s", value_parser = time)]
    pub timeout: Duration,

    /// Fault: lose ACKs to 200: the first of each call, or all of them
    #[arg(long, value_enum, value_name = "WHICH")]
    pub lose_ack: Option<Which>,

    /// Fault: send each INVITE twice
    #[arg(long)]
    pub duplicate_invite: bool,

    /// Fault: break the connection, this long after an INVITE went over it
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub drop_connection_after: Option<Duration>,

    /// PEM file with the certificates that are trusted; without it the system's
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// PEM file with the certificate to show where the other side asks for one, and those behind it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,

    /// PEM file with the key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,

    /// The DNS server to ask; without it the system's
    #[arg(long, value_name = "IP:PORT", value_parser = dns_server)]
    pub dns_server: Option<SocketAddr>,

    /// Print each event as a line of JSON, as `GET /v1/events` gives it
    #[arg(long)]
    pub json: bool,

    /// What to log, to standard error
    #[arg(long, value_name = "FILTER", default_value = "warn", value_parser = log_filter)]
    pub log: String,
}

const AFTER_HELP: &str = "\
A time is a number with a unit: 200ms, 2s, 1m. As planned is: cancelled with --cancel-after, else
answered, and with --hangup-after ended by our BYE.";

/// A transport of a SIP URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

/// Which messages of a call a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// The first one.
    First,
    /// Every one.
    All,
}

impl Options {
    /// The call to be placed, with a session description if one was given.
    pub fn originate(&self, sdp: Option<String>) -> Originate {
        Originate {
            to: self.destination(),
            from: self.from.clone(),
            headers: NewHeaders(self.headers.clone()),
            sdp,
            timeout_seconds: Some(u32::try_from(self.timeout.as_secs().clamp(1, 86_400)).unwrap_or(86_400)),
            ..Originate::default()
        }
    }

    fn destination(&self) -> String {
        match self.transport {
            Some(by) if !self.to.to_ascii_lowercase().contains(";transport=") => {
                let word = match by {
                    By::Udp => "udp",
                    By::Tcp => "tcp",
                    By::Tls => "tls",
                };
                format!("{};transport={word}", self.to)
            }
            _ => self.to.clone(),
        }
    }
}

fn header(text: &str) -> Result<NewHeader, String> {
    let (name, value) = text.split_once(':').ok_or("a header is written 'Name: value'")?;
    Ok(NewHeader { name: name.trim().to_owned(), value: value.trim().to_owned() })
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.001 to 100000".to_owned()),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().map_err(|_| "a number with a unit, as in 200ms")?;
    match unit {
        "ms" => Ok(Duration::from_millis(number.into())),
        "s" => Ok(Duration::from_secs(number.into())),
        "m" => Ok(Duration::from_secs(u64::from(number) * 60)),
        _ => Err("the unit is ms, s or m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("call").chain(arguments.split(' ')))
    }

    #[test]
    fn the_readmes_line_is_understood() {
        let mut arguments: Vec<_> =
            "call sip:1000@127.0.0.1 --transport tcp --calls 1 --rate 1 --cancel-after 200ms"
                .split(' ')
                .collect();
        arguments.extend(["--header", "X-empolyee_id: 1001"]);
        let options = Options::try_parse_from(arguments).unwrap();
        assert_eq!(options.cancel_after, Some(Duration::from_millis(200)));
        let originate = options.originate(None);
        assert_eq!(originate.to, "sip:1000@127.0.0.1;transport=tcp");
        assert_eq!(
            originate.headers.0,
            [NewHeader { name: "X-empolyee_id".to_owned(), value: "1001".to_owned() }]
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for arguments in [
            "sip:1@a --cancel-after 1s --hangup-after 1s",
            "sip:1@a --rate 0",
            "sip:1@a --calls 0",
            "sip:1@a --timeout 5",
            "sip:1@a --timeout 5h",
            "sip:1@a --header X-A",
            "sip:1@a --transport sctp",
            "sip:1@a --log bad=bad=bad",
        ] {
            assert!(read(arguments).is_err(), "{arguments}");
        }
    }

    #[test]
    fn a_uri_that_names_its_transport_keeps_it() {
        let options = read("sip:1@a;transport=tls --transport udp").unwrap();
        assert_eq!(options.originate(None).to, "sip:1@a;transport=tls");
    }
}

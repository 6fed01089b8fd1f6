//! What the service knows of itself when it starts: for `GET /v1/diagnostics`.

use std::net::SocketAddr;

use super::reachable::{self, Surroundings};
use crate::agent;
use crate::config::{Config, scheme};
use crate::driver::wall_clock;
use crate::http::{About, ListenerFacts};
use crate::open_files;
use crate::transport::Bounds;

/// How HTTP is served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door {
    /// Where.
    pub address: SocketAddr,
    /// Whether over TLS.
    pub secure: bool,
    /// Whether without a key.
    pub open: bool,
}

/// All of it, and the warnings among it that are to be logged.
pub(super) fn about(config: &Config, door: Door) -> (About, Vec<String>) {
    let core = &config.agent;
    let bounds = Bounds::default();
    let alarming = alarming(core);
    let about = About {
        started_at: wall_clock(),
        listeners: listeners(core, door),
        warnings: alarming.iter().cloned().chain(notes(config, door)).collect(),
        max_calls: core.max_calls,
        max_connections: bounds.connections + bounds.own_connections,
        max_files: open_files::allowed(),
        durability: config.data_dir.as_ref().map(|_| config.journal.durability),
    };
    (about, alarming)
}

/// What the start warns of.
fn alarming(core: &agent::Settings) -> Vec<String> {
    let addresses = reachable::warnings(core, &Surroundings::look());
    addresses.into_iter().chain(open_files::shortage()).collect()
}

/// What may be meant so, and is worth a line where somebody looks for a fault.
fn notes(config: &Config, door: Door) -> Vec<String> {
    let notes = [
        (
            config.agent.media.is_none(),
            "no media address is set (--media-address): generated answers are inactive",
        ),
        (
            config.data_dir.is_none(),
            "there is no data directory (--data-dir): events and calls do not outlive the process",
        ),
        (door.open, "HTTP is open to who is on this machine: no API key is set"),
        (
            !door.secure && !door.address.ip().is_loopback(),
            "HTTP is without TLS on an address that others reach (--http-tls-certificate): API keys can be read on the way",
        ),
    ];
    notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note.to_owned()).collect()
}

fn listeners(core: &agent::Settings, door: Door) -> Vec<ListenerFacts> {
    let sip = core.listeners.iter().map(|listener| {
        let (port, advertise) =
            (listener.local.port(), listener.advertise.as_ref().or(core.advertise.as_ref()));
        ListenerFacts {
            protocol: "sip",
            transport: scheme(listener.transport),
            address: listener.local.to_string(),
            advertised: advertise.map(|(host, told)| format!("{host}:{}", told.unwrap_or(port))),
        }
    });
    let transport = if door.secure { "tls" } else { "tcp" };
    let (address, advertised) = (door.address.to_string(), None);
    sip.chain([ListenerFacts { protocol: "http", transport, address, advertised }]).collect()
}

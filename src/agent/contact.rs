//! Where we say that we can be reached: Via's sent-by and Contact (RFC 3261 §8.1.1.8, §18.1.1).

use super::network::{Flow, ListenerId};
use super::settings::Listener;
use super::stack::{Stack, transport_word};
use crate::sip::Transport;

impl Stack {
    /// Where we can be reached over a flow, as Via and Contact say it. On a connection of our own making that is our
    /// listener, which a peer can still connect to when the connection is gone.
    pub fn advertised(&self, flow: &Flow) -> String {
        let listener = self.listener(flow);
        let port = match (flow.listener, listener) {
            (None, Some(listener)) => listener.local.port(),
            _ => flow.local.port(),
        };
        let own = listener.and_then(|listener| listener.advertise.as_ref());
        match own.or(self.settings.advertise.as_ref()) {
            Some((host, advertised)) => host_port(host, advertised.unwrap_or(port)),
            None => host_port(&flow.local.ip().to_string(), port),
        }
    }

    /// Where we can be reached over a connection and no other way; an advertised address goes before it.
    pub fn bound(&self, flow: &Flow) -> String {
        let own = self.listener(flow).and_then(|listener| listener.advertise.as_ref());
        match own.or(self.settings.advertise.as_ref()) {
            Some(_) => self.advertised(flow),
            None => flow.local.to_string(),
        }
    }

    /// The listener that a flow came by, or one that a peer could use instead.
    fn listener(&self, flow: &Flow) -> Option<&Listener> {
        match flow.listener {
            Some(ListenerId(place)) => self.settings.listeners.get(place),
            None => self.settings.listeners.iter().find(|listener| {
                listener.transport == flow.transport && listener.local.is_ipv4() == flow.local.is_ipv4()
            }),
        }
    }
}

/// Our own URI at an address, in angle brackets: what Contact says.
pub fn contact(scheme: &str, user: &str, at: &str, transport: Transport) -> String {
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    format!("<{scheme}:{user}{at}{}>", transport_param(transport))
}

/// The transport parameter of our own URIs; UDP is what a URI without one means.
fn transport_param(transport: Transport) -> String {
    match transport {
        Transport::Udp => String::new(),
        other => format!(";transport={}", transport_word(other)),
    }
}

fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

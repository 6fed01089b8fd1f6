//! SIP: what comes and goes.

use std::sync::OnceLock;

use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};

use super::make;
use crate::sip::{Message, Transport, is_registered};

/// Whether a message comes or goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    Received,
    Sent,
}

const DIRECTIONS: [&str; 2] = ["received", "sent"];

/// The methods that are told apart; the last stands for all others, whatever peers think of.
const METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
    "other",
];

/// Behind the greatest status.
const STATUSES: usize = 700;

/// The transports that are told apart.
const TRANSPORTS: [&str; 3] = ["udp", "tcp", "tls"];

/// The place of a transport among those that are told apart.
pub(super) fn place_of(transport: Transport) -> usize {
    match transport {
        Transport::Udp => 0,
        Transport::Tls | Transport::TlsSctp | Transport::Wss => 2,
        Transport::Tcp | Transport::Sctp | Transport::Ws => 1,
    }
}

/// The name of a transport as it is written in labels.
pub(super) fn name_of(transport: Transport) -> &'static str {
    TRANSPORTS.get(place_of(transport)).copied().unwrap_or_default()
}

/// The counters. A message costs a look into an array and an addition.
#[derive(Debug)]
pub(super) struct Sip {
    requests: [[IntCounter; METHODS.len()]; 2],
    responses: [Statuses; 2],
    retransmissions: [IntCounter; 2],
    unparsable: IntCounter,
    connections: [IntGauge; TRANSPORTS.len()],
}

/// A counter for each status, made when it is first seen. Statuses that no RFC registers share one for their class.
#[derive(Debug)]
struct Statuses {
    all: IntCounterVec,
    direction: &'static str,
    seen: Box<[OnceLock<IntCounter>]>,
}

impl Sip {
    pub fn new(registry: &Registry) -> Self {
        let about = ("call_agent_sip_requests_total", "SIP requests on the wire, repeated ones too.");
        let requests = make::counters(registry, about, &["method", "direction"]);
        let about = ("call_agent_sip_responses_total", "SIP responses on the wire, repeated ones too.");
        let responses = make::counters(registry, about, &["status", "direction"]);
        let about = (
            "call_agent_sip_retransmissions_total",
            "SIP messages that were sent again by a timer or because the peer has repeated itself, and requests and responses that came again.",
        );
        let retransmissions = make::counters(registry, about, &["direction"]);
        let about =
            ("call_agent_sip_connections", "Open SIP connections; for UDP the peers that are remembered.");
        let connections = make::int_gauges(registry, about, &["transport"]);
        let about = (
            "call_agent_sip_unparsable_total",
            "SIP messages that could not be read: dropped, or answered 400, 413 or 505.",
        );
        let statuses = |direction| Statuses {
            all: responses.clone(),
            direction,
            seen: std::iter::repeat_with(OnceLock::new).take(STATUSES).collect(),
        };
        Self {
            requests: DIRECTIONS
                .map(|direction| METHODS.map(|method| requests.with_label_values(&[method, direction]))),
            responses: DIRECTIONS.map(statuses),
            retransmissions: DIRECTIONS.map(|direction| retransmissions.with_label_values(&[direction])),
            unparsable: make::counter(registry, about),
            connections: TRANSPORTS.map(|transport| connections.with_label_values(&[transport])),
        }
    }

    pub fn received(&self, message: &Message) {
        match message {
            Message::Request(request) => {
                self.request(Direction::Received, request.method.as_str().as_bytes())
            }
            Message::Response(response) => self.response(Direction::Received, response.status),
        }
    }

    /// A message of ours, by its first line; anything shorter is a keep-alive.
    pub fn sent(&self, message: &[u8]) {
        if let Some(status) = message.strip_prefix(b"SIP/2.0 ") {
            let digits = status.get(..3).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            return self.response(Direction::Sent, digits.unwrap_or_default());
        }
        if let Some(end) = message.iter().position(|byte| *byte == b' ') {
            self.request(Direction::Sent, message.get(..end).unwrap_or_default());
        }
    }

    fn request(&self, direction: Direction, method: &[u8]) {
        let place = METHODS.iter().position(|name| name.as_bytes() == method).unwrap_or(METHODS.len() - 1);
        if let Some(counter) = self.requests.get(direction as usize).and_then(|counters| counters.get(place))
        {
            counter.inc();
        }
    }

    fn response(&self, direction: Direction, status: u16) {
        if let Some(counter) = self.responses.get(direction as usize).and_then(|all| all.of(status)) {
            counter.inc();
        }
    }

    pub fn repeated(&self, received: u64, sent: u64) {
        for (counter, count) in self.retransmissions.iter().zip([received, sent]) {
            if count > 0 {
                counter.inc_by(count);
            }
        }
    }

    pub fn unparsable(&self) {
        self.unparsable.inc();
    }

    pub fn connections(&self, transport: Transport) -> Option<&IntGauge> {
        self.connections.get(place_of(transport))
    }
}

impl Statuses {
    fn of(&self, status: u16) -> Option<&IntCounter> {
        let slot = self.seen.get(usize::from(status)).filter(|_| status >= 100)?;
        Some(slot.get_or_init(|| {
            let label =
                if is_registered(status) { status.to_string() } else { format!("{}xx", status / 100) };
            self.all.with_label_values(&[label.as_str(), self.direction])
        }))
    }
}

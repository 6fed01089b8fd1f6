//! What is counted, and how it is written.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::agent::{FlowId, ListenerId};
use crate::sip::parse_datagram;

/// The value of a sample, written as in the text.
#[track_caller]
fn value(metrics: &Metrics, sample: &str) -> f64 {
    let text = metrics.text(Gauges::default());
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample}:\n{text}")).parse().unwrap()
}

fn flow(peer: &str, transport: Transport) -> Flow {
    let local = "192.0.2.7:5060".parse().unwrap();
    Flow { id: FlowId(1), transport, local, peer: peer.parse().unwrap(), listener: Some(ListenerId(0)) }
}

fn arrival(message: &str) -> Arrival {
    let message = parse_datagram(Bytes::copy_from_slice(message.as_bytes()));
    Arrival { flow: flow("10.0.0.1:5060", Transport::Udp), message }
}

fn request(method: &str) -> String {
    format!(
        "{method} sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

fn response(status: u16) -> String {
    request("INVITE").replacen("INVITE sip:a@b SIP/2.0", &format!("SIP/2.0 {status} X"), 1)
}

#[test]
fn messages_count_by_method_and_status_and_what_peers_invent_counts_as_other() {
    let metrics = Metrics::default();
    for message in [request("INVITE"), request("INVITE"), request("FROBNICATE"), response(180), response(498)]
    {
        metrics.received(Timestamp(1), &arrival(&message));
    }
    metrics.sent(request("BYE").as_bytes());
    metrics.sent(response(487).as_bytes());
    metrics.sent(b"\r\n");
    let requests = |method: &str, direction: &str| {
        value(
            &metrics,
            &format!("call_agent_sip_requests_total{{direction=\"{direction}\",method=\"{method}\"}}"),
        )
    };
    assert_eq!([requests("INVITE", "received"), requests("other", "received")], [2.0, 1.0]);
    assert_eq!([requests("BYE", "sent"), requests("other", "sent")], [1.0, 0.0]);
    let responses = |status: &str, direction: &str| {
        value(
            &metrics,
            &format!("call_agent_sip_responses_total{{direction=\"{direction}\",status=\"{status}\"}}"),
        )
    };
    assert_eq!([responses("180", "received"), responses("4xx", "received")], [1.0, 1.0]);
    assert_eq!(responses("487", "sent"), 1.0);
}

#[test]
fn what_cannot_be_read_is_counted_and_is_no_message_of_its_peer() {
    let metrics = Metrics::default();
    metrics.received(Timestamp(1), &arrival("INVITE sip:a@b SIP/3.0\r\n\r\n"));
    metrics.unparsable();
    assert_eq!(value(&metrics, "call_agent_sip_unparsable_total"), 2.0);
    assert!(metrics.peers_seen().is_empty());
}

#[test]
fn all_statuses_that_there_can_be_make_no_more_series_than_are_registered_and_classes() {
    let metrics = Metrics::default();
    for status in 0..=999 {
        metrics.sent(format!("SIP/2.0 {status:03} X\r\n").as_bytes());
    }
    let text = metrics.text(Gauges::default());
    let series = text.lines().filter(|line| line.starts_with("call_agent_sip_responses_total{")).count();
    assert!((60..100).contains(&series), "{series}");
}

#[test]
fn times_are_seconds_since_their_moment() {
    let metrics = Metrics::default();
    let moment = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
    metrics.visible(&[moment, Instant::now()]);
    metrics.on_wire(&[]);
    assert_eq!(value(&metrics, "call_agent_sip_to_event_seconds_count"), 2.0);
    assert_eq!(value(&metrics, "call_agent_sip_to_event_seconds_bucket{le=\"1\"}"), 1.0);
    assert_eq!(value(&metrics, "call_agent_command_to_wire_seconds_count"), 0.0);
}

#[test]
fn open_connections_are_those_that_were_not_closed() {
    let metrics = Metrics::new(|| Timestamp(7));
    let flow = flow("10.0.0.1:40000", Transport::Tls);
    metrics.opened(&flow);
    metrics.opened(&flow);
    metrics.closed(&flow);
    assert_eq!(value(&metrics, "call_agent_sip_connections{transport=\"tls\"}"), 1.0);
    let peer = metrics.peers_seen().pop().unwrap();
    assert_eq!((peer.connections, peer.transport, peer.last_seen), (1, "tls", Timestamp(7)));
}

#[test]
fn of_more_peers_than_are_remembered_those_with_connections_and_those_seen_last_stay() {
    let metrics = Metrics::new(|| Timestamp(0));
    let pbx = flow("10.0.0.1:5060", Transport::Tcp);
    metrics.opened(&pbx);
    for number in 0..1000 {
        let peer = format!("192.0.{}.{}:5060", number / 256, number % 256);
        let from = Arrival { flow: flow(&peer, Transport::Udp), ..arrival(&request("OPTIONS")) };
        metrics.received(Timestamp(1 + number), &from);
    }
    let peers = metrics.peers_seen();
    assert_eq!(peers.len(), peers::MOST);
    assert_eq!(peers[0].last_seen, Timestamp(1000));
    assert_eq!(peers.last().unwrap().address, pbx.peer.ip());
}

#[test]
fn labels_that_need_it_are_written_with_escapes() {
    let mut gauges = Gauges::default();
    gauges.each(("call_agent_account_registered", "Help."), "account", [("a\"b\\c", 1.0)]);
    let text = Metrics::default().text(gauges);
    assert!(text.contains("call_agent_account_registered{account=\"a\\\"b\\\\c\"} 1\n"), "{text}");
}

#[test]
fn the_process_is_told_of_by_the_usual_names() {
    let metrics = Metrics::default();
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
        assert!(value(&metrics, name) > 0.0, "{name}");
    }
}

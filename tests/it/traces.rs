//! Traces as a collector gets them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;

use crate::agent::{Agent, PATIENCE};
use crate::caller::{Caller, Invite};
use crate::registrar::nobody;

const NUMBER: &str = "18300001234";

/// A collector over HTTP; what it gets, in order.
struct Collector {
    address: SocketAddr,
    spans: Receiver<(BTreeMap<String, String>, Span)>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, (sender, spans)) = (listener.local_addr().unwrap(), mpsc::channel());
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (socket, sender) = (socket.unwrap(), sender.clone());
                std::thread::spawn(move || {
                    let mut input = BufReader::new(&socket);
                    while let Some(body) = request(&mut input) {
                        let text = String::from_utf8_lossy(&body);
                        assert!(!text.contains(NUMBER), "{text}");
                        let request = ExportTraceServiceRequest::decode(&*body).unwrap();
                        for resource in request.resource_spans {
                            let about = texts(resource.resource.unwrap().attributes);
                            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                                let _ = sender.send((about.clone(), span));
                            }
                        }
                        write!(&socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    }
                });
            }
        });
        Self { address, spans }
    }

    /// An agent that sends its traces here.
    fn agent(&self) -> Agent {
        Agent::start_with(&["--otlp-endpoint", &format!("http://{}", self.address)])
    }

    /// So many spans, by name.
    fn next(&self, count: usize) -> BTreeMap<String, Span> {
        let next = || self.spans.recv_timeout(PATIENCE).expect("spans come in time");
        let spans: Vec<_> = (0..count).map(|_| next()).collect();
        for (about, _) in &spans {
            assert_eq!(about["service.name"], "call-agent");
        }
        spans.into_iter().map(|(_, span)| (span.name.clone(), span)).collect()
    }
}

/// The body of the next request; `None` at the connection's end.
fn request(input: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut lines = input.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    assert_eq!(lines.next()?, "POST /v1/traces HTTP/1.1");
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| {
            line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    input.read_exact(&mut body).ok()?;
    Some(body)
}

fn texts(attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>) -> BTreeMap<String, String> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let text = |value| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.into_iter().map(|pair| (pair.key, text(pair.value.unwrap().value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";

#[test]
fn a_call_and_its_commands_come_as_one_trace_and_a_clients_command_as_a_part_of_the_clients() {
    let collector = Collector::start();
    let agent = collector.agent();
    let mut events = agent.follow("/v1/events");
    let headers = format!("X-voice_call_number: {NUMBER}\r\n");
    let invite = Invite { from: NUMBER, to: NUMBER, headers: &headers, ..Invite::default() };
    let mut caller = Caller::invite(&agent, &invite);
    let id = crate::caller::text(&events.next_of("call.offered")["id"]);
    assert_eq!(agent.tell(&id, "ring", "").status, 200);
    let traceparent = format!("00-{TRACE}-{CLIENT}-01");
    let reject = agent.send("POST", &format!("/v1/calls/{id}/reject"), &[("traceparent", &traceparent)], "");
    assert_eq!(reject.status, 200);
    caller.expect(486);
    let spans = collector.next(3);
    let (call, ring, reject) = (&spans["call"], &spans["command ring"], &spans["command reject"]);
    assert_eq!((&ring.trace_id, &ring.parent_span_id), (&call.trace_id, &call.span_id));
    assert_eq!((hex(&reject.trace_id), hex(&reject.parent_span_id)), (TRACE.to_owned(), CLIENT.to_owned()));
    assert_eq!((&reject.links[0].trace_id, &reject.links[0].span_id), (&call.trace_id, &call.span_id));
    assert!(call.parent_span_id.is_empty());
    let facts = texts(call.attributes.clone());
    assert_eq!([&facts["call.id"], &facts["sip.call_id"]], [&id, &caller.call_id]);
    assert_eq!(
        [&facts["call.end.cause"], &facts["call.end.by"], &facts["sip.status"]],
        ["rejected", "api", "486"]
    );
    assert_eq!(call.events.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["call.ringing"]);
    assert!(call.start_time_unix_nano < ring.start_time_unix_nano, "{call:?}");
    assert!(ring.start_time_unix_nano < ring.end_time_unix_nano, "{ring:?}");
    assert_eq!(texts(ring.attributes.clone())["http.route"], "/v1/calls/{id}/ring");
}

#[test]
fn a_call_that_a_client_places_is_a_part_of_its_trace_from_the_request_to_the_end() {
    let collector = Collector::start();
    let agent = collector.agent();
    let to = json!({"to": format!("sip:{NUMBER}@{};transport=tcp", nobody())}).to_string();
    let traceparent = format!("00-{TRACE}-{CLIENT}-01");
    let headers = [("Content-Type", "application/json"), ("traceparent", traceparent.as_str())];
    assert_eq!(agent.send("POST", "/v1/calls", &headers, &to).status, 201);
    let spans = collector.next(2);
    for name in ["call", "command create"] {
        let span = &spans[name];
        assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE.to_owned(), CLIENT.to_owned()));
    }
}

#[test]
fn what_was_traced_is_sent_before_the_agent_ends() {
    let collector = Collector::start();
    let agent = collector.agent();
    let mut events = agent.follow("/v1/events");
    let _caller = Caller::invite(&agent, &Invite::default());
    events.next_of("call.offered");
    agent.signal("TERM");
    assert_eq!(texts(collector.next(1)["call"].attributes.clone())["call.end.by"], "system");
    assert!(agent.ends().success());
}

#[test]
fn a_collector_that_does_not_answer_delays_no_call_and_what_it_misses_is_counted() {
    // Takes connections into its backlog and never reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let agent = Agent::start_with(&["--otlp-endpoint", &endpoint]);
    let mut events = agent.follow("/v1/events");
    for _ in 0..20 {
        let mut caller = Caller::invite(&agent, &Invite::default());
        let id = crate::caller::text(&events.next_of("call.offered")["id"]);
        assert_eq!(agent.tell(&id, "reject", "").status, 200);
        caller.expect(486);
        events.next_of("call.ended");
    }
    drop(silent);
    agent.logs("traces could not be sent");
    let text = agent.read("/metrics").body;
    let dropped = text.lines().find_map(|line| line.strip_prefix("call_agent_spans_dropped_total "));
    assert!(dropped.unwrap().parse::<f64>().unwrap() > 0.0, "{dropped:?}");
}

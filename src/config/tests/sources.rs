use std::time::Duration;

use super::*;
use crate::agent::OnOffer;
use crate::config::LogFormat;
use crate::state::journal::{Durability, Retention};
use crate::tls::Identity;

#[test]
fn without_settings_the_defaults_hold() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.sip_listen[0].to_string(), "tcp://0.0.0.0:5060");
    assert_eq!(config.http_listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.data_dir.as_deref(), Some(Path::new("./data")));
    assert_eq!(config.agent.codecs, ["PCMA", "PCMU", "telephone-event"]);
    assert_eq!(config.agent.max_calls, 100_000);
    assert_eq!(config.drain_time, Duration::from_secs(10));
    assert!(config.access.doors.is_bare() && config.access.cors_origins.is_empty());
}

#[test]
fn a_flag_goes_before_the_environment_before_the_file_before_the_default() {
    let directory = Directory::new("precedence");
    let file = directory.file("max_calls = 3\nring_timeout = 3\ndrain_time = 3\n");
    let environment = [
        ("CALL_AGENT_CONFIG", file.to_str().unwrap()),
        ("CALL_AGENT_MAX_CALLS", "2"),
        ("CALL_AGENT_RING_TIMEOUT", "2"),
    ];
    let config = load(&["--max-calls", "1"], &environment).unwrap();
    assert_eq!(config.agent.max_calls, 1);
    assert_eq!(config.agent.ring_timeout, Duration::from_secs(2));
    assert_eq!(config.drain_time, Duration::from_secs(3));
    assert_eq!(config.board.ended_calls, 10_000);
}

#[test]
fn every_setting_is_read_from_the_file() {
    let config = load_file(
        "every",
        r#"
        sip_listen = ["tcp://127.0.0.1:5070", "tcp://[::1]:5070"]
        http_listen = "localhost:8081"
        advertise = "pbx.example.com:5099"
        tls_certificate = "sip.pem"
        tls_key = "sip.key"
        tls_ca = "ca.pem"
        tls_client_ca = "peers.pem"
        http_tls_certificate = "http.pem"
        http_tls_key = "http.key"
        dns_server = "192.0.2.53:53"
        media_address = "192.0.2.1:4000"
        codecs = ["PCMU", "opus"]
        data_dir = "none"
        on_offer = "ring"
        ring_timeout = 30
        max_calls = 7
        drain_time = 0
        log_events = 100
        log_bytes = 1000
        ended_calls = 0
        ended_bytes = 2000
        ended_seconds = 60
        log = "call_agent=debug"
        log_format = "json"
        "#,
    )
    .unwrap();
    let listen: Vec<_> = config.sip_listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["tcp://127.0.0.1:5070", "tcp://[::1]:5070"]);
    assert_eq!(config.http_listen.to_string(), "localhost:8081");
    assert_eq!(config.agent.advertise, Some(("pbx.example.com".to_owned(), Some(5099))));
    let identity =
        |certificate: &str, key: &str| Identity { certificate: certificate.into(), key: key.into() };
    assert_eq!(config.tls.sip, Some(identity("sip.pem", "sip.key")));
    assert_eq!(config.tls.http, Some(identity("http.pem", "http.key")));
    assert_eq!(config.tls.ca, Some("ca.pem".into()));
    assert_eq!(config.tls.client_ca, Some("peers.pem".into()));
    assert_eq!(config.dns_server, Some("192.0.2.53:53".parse().unwrap()));
    assert_eq!(config.agent.media, Some(("192.0.2.1".parse().unwrap(), 4000)));
    assert_eq!(config.agent.codecs, ["PCMU", "opus"]);
    assert_eq!(config.data_dir, None);
    assert_eq!(config.agent.on_offer, OnOffer::Ring);
    assert_eq!(config.agent.ring_timeout, Duration::from_secs(30));
    assert_eq!(config.agent.max_calls, 7);
    assert_eq!(config.drain_time, Duration::ZERO);
    assert_eq!((config.board.log_events, config.board.log_bytes), (100, 1000));
    assert_eq!(config.board.ended_bytes, 2000);
    assert_eq!((config.board.ended_calls, config.board.ended_age), (0, Duration::from_secs(60)));
    assert_eq!(config.log, "call_agent=debug");
    assert_eq!(config.log_format, LogFormat::Json);
}

#[test]
fn policies_and_the_journal_are_read_from_the_file() {
    let config = load_file(
        "policies",
        r#"
        durability = "strict"
        journal_seconds = 61
        journal_events = 62
        journal_bytes = 63
        claim_on_command = 64
        reject_status = 401
        ring_timeout_status = 402
        max_call_seconds = 65
        no_listener_seconds = 66
        no_listener_status = 403
        busy_header = ["X-empolyee_id", "X-Line"]
        busy_status = 404
        max_calls_status = 405
        "#,
    )
    .unwrap();
    let journal = &config.journal;
    let retention = Retention { age: Duration::from_secs(61), events: 62, bytes: 63 };
    assert_eq!((journal.durability, journal.retention), (Durability::Strict, retention));
    assert_eq!(config.agent.claim_on_command, Duration::from_secs(64));
    let policies = &config.agent.policies;
    assert_eq!((policies.reject_status, policies.ring_timeout_status), (401, 402));
    assert_eq!(policies.max_duration, Duration::from_secs(65));
    assert_eq!(config.no_listener_after, Some(Duration::from_secs(66)));
    assert_eq!(
        (policies.no_listener_status, policies.busy_status, policies.max_calls_status),
        (403, 404, 405)
    );
    assert_eq!(policies.busy_headers, ["X-empolyee_id", "X-Line"]);
}

#[test]
fn a_list_is_separated_by_commas_or_its_flag_repeated_and_replaces_a_lower_one() {
    let config = load(
        &["--sip-listen", "tcp://127.0.0.1:1,tcp://127.0.0.1:2", "--sip-listen", "tcp://127.0.0.1:3"],
        &[("CALL_AGENT_SIP_LISTEN", "tcp://127.0.0.1:4"), ("CALL_AGENT_CODECS", "PCMA,G722")],
    )
    .unwrap();
    let listen: Vec<_> = config.sip_listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"]);
    assert_eq!(config.agent.codecs, ["PCMA", "G722"]);
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let config = load(&[], &[("CALL_AGENT_ADVERTISE", ""), ("CALL_AGENT_MAX_CALLS", "")]).unwrap();
    assert_eq!(config.agent.advertise, None);
    assert_eq!(config.agent.max_calls, 100_000);
}

#[test]
fn what_kubernetes_says_of_a_service_called_call_agent_is_no_setting() {
    let links = [
        ("CALL_AGENT_SERVICE_HOST", "10.0.0.1"),
        ("CALL_AGENT_SERVICE_PORT_SIP", "5060"),
        ("CALL_AGENT_PORT", "tcp://10.0.0.1:5060"),
        ("CALL_AGENT_PORT_5060_TCP_ADDR", "10.0.0.1"),
        ("CALL_AGENT_SIP_SERVICE_HOST", "10.0.0.1"),
        ("CALL_AGENT_SIP_PORT", "udp://10.0.0.1:5060"),
    ];
    load(&[], &links).unwrap();
}

#[test]
fn a_port_that_is_no_service_is_a_setting_that_is_not_known() {
    for name in ["CALL_AGENT_HTTP_PORT", "CALL_AGENT_CALL_AGENT_MAX_CALLS"] {
        let fault = load(&[], &[(name, "9090")]).unwrap_err().to_string();
        assert!(fault.contains(name) && fault.contains("no such setting"), "{fault}");
    }
}

#[test]
fn an_advertised_address_may_be_ipv6_and_need_not_have_a_port() {
    let advertised = |text| load(&["--advertise", text], &[]).unwrap().agent.advertise.unwrap();
    assert_eq!(advertised("[2001:db8::1]:5061"), ("[2001:db8::1]".to_owned(), Some(5061)));
    assert_eq!(advertised("[2001:db8::1]"), ("[2001:db8::1]".to_owned(), None));
    assert_eq!(advertised("agent.example.com"), ("agent.example.com".to_owned(), None));
    assert_eq!(advertised("192.0.2.7"), ("192.0.2.7".to_owned(), None));
}

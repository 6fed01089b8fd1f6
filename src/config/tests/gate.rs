use std::time::Duration;

use super::*;
use crate::agent::{Challenged, Denied, OverLimit};
use crate::sip::digest::{Algorithm, Password};

#[test]
fn by_default_everybody_may_call_and_only_connections_and_garbage_have_a_bound() {
    let config = load(&[], &[]).unwrap();
    let (gate, peers) = (config.agent.gate, config.sip_peers);
    assert!(gate.allow.is_empty() && gate.users.is_empty() && peers.allow.is_empty());
    assert_eq!((gate.peer_rate, gate.peer_calls), (0, 0));
    assert_eq!((peers.connections, peers.garbage), (5000, 1024 * 1024));
    assert_eq!(peers.idle, Some(Duration::from_secs(3600)));
}

#[test]
fn the_gates_settings_are_read() {
    let file = "sip_allow = [\"10.0.0.0/8\", \"2001:db8::/32\"]\nsip_denied = \"reject\"\nsip_peer_rate = 50\n\
                sip_over_limit = \"drop\"\nsip_challenge = \"all\"\nsip_digest = [\"md5\"]\nsip_idle_seconds = 0\n";
    let config = load_file("gate", file).unwrap();
    let gate = config.agent.gate;
    assert_eq!(
        gate.allow.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.0.0.0/8", "2001:db8::/32"]
    );
    assert_eq!((gate.denied, gate.over_limit), (Denied::Reject, OverLimit::Drop));
    assert_eq!((gate.peer_rate, gate.peer_burst), (50, 50));
    assert_eq!((gate.challenge, &gate.digests[..]), (Challenged::All, &[Algorithm::Md5][..]));
    assert!(config.sip_peers.allow.is_empty(), "who is answered 403 must be heard");
    assert_eq!(config.sip_peers.idle, None);
    let config = load(&["--sip-allow", "10.0.0.0/8"], &[("CALL_AGENT_SIP_PEER_CALLS", "7")]).unwrap();
    assert_eq!((config.sip_peers.allow.len(), config.agent.gate.peer_calls), (1, 7));
}

#[test]
fn what_is_wrong_with_the_gates_settings_is_named() {
    for (flag, value) in [
        ("--sip-allow", "10.0.0.1/8"),
        ("--sip-allow", "pbx.example.com"),
        ("--sip-denied", "maybe"),
        ("--sip-over-limit", "maybe"),
        ("--sip-challenge", "nobody"),
        ("--sip-digest", "SHA-256-sess"),
        ("--sip-realm", ""),
        ("--sip-peer-rate", "-1"),
        ("--sip-idle-seconds", "soon"),
    ] {
        let message = load(&[&format!("{flag}={value}")], &[]).unwrap_err().to_string();
        assert!(message.contains(flag), "{flag} {value}: {message}");
    }
}

#[test]
fn a_user_has_a_name_of_its_own_and_a_password_which_is_not_shown() {
    let one = "[[sip_user]]\nuser = \"alice\"\npassword = \"hunter2\"\n";
    let users = load_file("users", one).unwrap().agent.gate.users;
    assert_eq!((&*users[0].username, &users[0].password), ("alice", &Password::new("hunter2")));
    for (text, key) in [
        (format!("{one}{one}"), "sip_user[1].user"),
        ("[[sip_user]]\nuser = \"alice\"\n".to_owned(), "sip_user[0].password"),
        ("[[sip_user]]\npassword = \"hunter2\"\n".to_owned(), "sip_user[0].user"),
        ("[[sip_user]]\nuser = \"\"\npassword = \"hunter2\"\n".to_owned(), "sip_user[0].user"),
        (format!("{one}realm = \"hunter2\"\n"), "sip_user[0].realm"),
        ("sip_user = \"hunter2\"\n".to_owned(), "sip_user"),
    ] {
        let message = load_file("users", &text).unwrap_err().to_string();
        assert!(message.contains(&format!("call-agent.toml: {key}: ")), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

//! What becomes of challenges (RFC 3261 §22).

use std::time::Instant;

use bytes::Bytes;

use crate::agent::auth::{Authorizations, Proof};
use crate::agent::{Agent, Now, Settings, Timestamp};
use crate::sip::digest::{Credentials, Password};
use crate::sip::{Known, Message, Response, parse_datagram};

struct Client {
    agent: Agent,
    authorizations: Authorizations,
    /// What the last request was sent with.
    proofs: Vec<Proof>,
}

impl Client {
    fn new() -> Self {
        let now = Now { instant: Instant::now(), wall: Timestamp(0) };
        let agent = Agent::new(Settings::default(), [7; 32], now);
        Self { agent, authorizations: Authorizations::default(), proofs: Vec::new() }
    }

    /// The last request is challenged.
    fn learn(&mut self, challenges: &[&str]) -> bool {
        self.authorizations.learn(&refused(challenges), &self.proofs)
    }

    /// Another request is challenged, which was sent before anything was asked.
    fn learn_of_older(&mut self, challenges: &[&str]) -> bool {
        self.authorizations.learn(&refused(challenges), &[])
    }

    /// What the next REGISTER is sent with.
    fn answers(&mut self) -> Vec<(&'static str, String)> {
        let credentials = Credentials { username: "1000".into(), password: Password::new("s3cret") };
        let request = (Known::Register, "sip:pbx.example.com", &b""[..]);
        self.proofs = self.authorizations.headers(&mut self.agent.stack, request, &credentials);
        let text = |value: &Bytes| String::from_utf8(value.to_vec()).expect("text");
        self.proofs.iter().map(|proof| (proof.name(), text(proof.value()))).collect()
    }

    /// The nonces that it answers, with how often each was used.
    fn counts(&mut self) -> Vec<(String, String)> {
        let answers = self.answers();
        answers.iter().map(|(_, answer)| (param(answer, "nonce"), param(answer, "nc"))).collect()
    }
}

fn refused(challenges: &[&str]) -> Response {
    let challenges: String = challenges.iter().map(|challenge| format!("{challenge}\r\n")).collect();
    let text = format!(
        "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n{challenges}Content-Length: 0\r\n\r\n"
    );
    match parse_datagram(Bytes::from(text)) {
        Ok(Message::Response(response)) => *response,
        other => panic!("not a response: {other:?}"),
    }
}

fn param(answer: &str, name: &str) -> String {
    let params = answer.strip_prefix("Digest ").expect("a digest").split(", ");
    let found = params.filter_map(|param| param.split_once('=')).find(|param| param.0 == name);
    found.map(|param| param.1.trim_matches('"').to_owned()).unwrap_or_default()
}

fn server(realm: &str, nonce: &str, rest: &str) -> String {
    format!("WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"{rest}")
}

fn proxy(realm: &str, nonce: &str) -> String {
    format!("Proxy-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"")
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(nonce, count)| ((*nonce).to_owned(), format!("{count:0>8}"))).collect()
}

#[test]
fn nothing_is_answered_before_it_is_asked() {
    assert!(Client::new().answers().is_empty());
}

#[test]
fn later_requests_answer_unasked_and_count_up() {
    let mut client = Client::new();
    assert!(client.learn(&[&server("pbx", "n1", "")]));
    let first = client.answers();
    let second = client.answers();
    assert_eq!(first[0].0, "Authorization");
    assert_eq!(param(&first[0].1, "username"), "1000");
    assert_eq!((param(&first[0].1, "nc"), param(&second[0].1, "nc")), ("00000001".into(), "00000002".into()));
    assert_ne!(param(&first[0].1, "cnonce"), param(&second[0].1, "cnonce"));
    assert_ne!(param(&first[0].1, "response"), param(&second[0].1, "response"));
}

#[test]
fn of_a_realm_the_strongest_challenge_is_answered_and_no_other() {
    let mut client = Client::new();
    let weak = server("pbx", "weak", ", algorithm=MD5");
    let strong = server("pbx", "strong", ", algorithm=SHA-256");
    assert!(client.learn(&[&weak, &strong]));
    assert_eq!(client.counts(), pairs(&[("strong", "1")]));
}

#[test]
fn a_realm_that_asks_again_after_the_answer_is_not_answered_again() {
    let mut client = Client::new();
    assert!(client.learn(&[&server("pbx", "n1", "")]));
    client.answers();
    assert!(!client.learn(&[&server("pbx", "n2", "")]));
    assert!(client.answers().is_empty(), "the next request begins anew");
}

#[test]
fn a_request_that_had_answered_nothing_is_not_refused_because_another_was_asked_meanwhile() {
    let mut client = Client::new();
    assert!(client.learn(&[&server("pbx", "n1", "")]));
    client.answers();
    assert!(client.learn_of_older(&[&server("pbx", "n2", "")]));
    assert_eq!(client.counts(), pairs(&[("n2", "1")]));
    assert!(!client.learn(&[&server("pbx", "n3", "")]), "its answer to n2 was refused");
}

#[test]
fn what_was_not_sent_uses_up_no_nonce_count() {
    let mut client = Client::new();
    client.learn(&[&server("pbx", "n1", "")]);
    client.answers();
    client.authorizations.take_back(&client.proofs);
    assert_eq!(client.counts(), pairs(&[("n1", "1")]));
}

#[test]
fn a_stale_nonce_is_replaced_and_answered() {
    let mut client = Client::new();
    client.learn(&[&server("pbx", "n1", "")]);
    client.answers();
    assert!(client.learn(&[&server("pbx", "n2", ", stale=TRUE")]));
    assert_eq!(client.counts(), pairs(&[("n2", "1")]));
}

#[test]
fn a_nonce_that_has_served_before_may_be_replaced_without_a_word() {
    let mut client = Client::new();
    client.learn(&[&server("pbx", "n1", "")]);
    client.answers();
    client.answers();
    assert!(client.learn(&[&server("pbx", "n2", "")]));
    assert_eq!(client.counts(), pairs(&[("n2", "1")]));
    assert!(!client.learn(&[&server("pbx", "n3", "")]));
}

#[test]
fn the_same_nonce_again_is_a_refusal_however_often_it_has_served() {
    let mut client = Client::new();
    client.learn(&[&server("pbx", "n1", "")]);
    client.answers();
    client.answers();
    assert!(!client.learn(&[&server("pbx", "n1", "")]));
}

#[test]
fn a_proxy_and_the_server_behind_it_are_answered_beside_each_other() {
    let mut client = Client::new();
    assert!(client.learn(&[&proxy("edge", "p1")]));
    client.answers();
    assert!(client.learn(&[&server("pbx", "n1", "")]));
    let names: Vec<_> = client.answers().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Proxy-Authorization", "Authorization"]);
    assert_eq!(client.counts(), pairs(&[("p1", "3"), ("n1", "2")]));
}

#[test]
fn a_proxy_and_a_server_of_the_same_realm_are_two() {
    let mut client = Client::new();
    assert!(client.learn(&[&proxy("pbx", "p1")]));
    client.answers();
    assert!(client.learn(&[&server("pbx", "n1", "")]));
    assert_eq!(client.counts(), pairs(&[("p1", "2"), ("n1", "1")]));
}

#[test]
fn challenges_of_several_realms_are_all_answered() {
    let mut client = Client::new();
    assert!(client.learn(&[&server("a", "n1", ""), &server("b", "n2", ""), &proxy("c", "n3")]));
    assert_eq!(client.counts(), pairs(&[("n1", "1"), ("n2", "1"), ("n3", "1")]));
}

#[test]
fn one_realm_that_refuses_is_enough() {
    let mut client = Client::new();
    client.learn(&[&server("a", "n1", "")]);
    client.answers();
    assert!(!client.learn(&[&server("b", "n2", ""), &server("a", "n3", "")]));
}

#[test]
fn nothing_that_can_be_answered_is_no_challenge() {
    let mut client = Client::new();
    assert!(!client.learn(&[]));
    assert!(!client.learn(&["WWW-Authenticate: Basic realm=\"pbx\""]));
    assert!(!client.learn(&[&server("pbx", "n1", ", algorithm=ROT13")]));
    assert!(client.answers().is_empty());
}

#[test]
fn a_ninth_realm_takes_the_place_of_the_first() {
    let mut client = Client::new();
    for realm in 0..9 {
        assert!(client.learn(&[&server(&realm.to_string(), &format!("n{realm}"), "")]));
    }
    let nonces: Vec<_> = client.counts().into_iter().map(|(nonce, _)| nonce).collect();
    assert_eq!(nonces, ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"]);
}

#[test]
fn nothing_of_a_challenge_is_shown() {
    let mut client = Client::new();
    client.learn(&[&server("pbx", "n1", ", opaque=\"o1\"")]);
    client.answers();
    assert_eq!(format!("{:?}", client.authorizations), "Authorizations(1)");
}

//! Registrars and proxies that ask who we are (RFC 3261 §22, RFC 7616, RFC 8760).

use super::registrar::Registrar;
use super::{PASSWORD, account, seconds, settings};
use crate::agent::AccountSettings;
use crate::agent::event::RegistrationState::{Failed, Registered};
use crate::agent::tests::harness::header;
use crate::sip::Request;
use crate::sip::digest::{Answer, Challenge, Credentials, Password};

fn asked() -> (Registrar, Request) {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    (registrar, register)
}

fn digest(nonce: &str, rest: &str) -> String {
    format!("Digest realm=\"example.com\", nonce=\"{nonce}\", qop=\"auth\"{rest}")
}

fn www(challenge: &str) -> String {
    format!("WWW-Authenticate: {challenge}\r\n")
}

fn param(answer: &str, name: &str) -> String {
    let params = answer.strip_prefix("Digest ").expect("a digest").split(", ");
    let found = params.filter_map(|param| param.split_once('=')).find(|param| param.0 == name);
    found.expect("a parameter").1.trim_matches('"').to_owned()
}

/// Whether a REGISTER answers this challenge as 1000 does, with this nonce count.
fn assert_answers(register: &Request, name: &str, challenge: &str, nonce_count: u32) {
    let answer = header(&register.headers, name).expect("an answer");
    let expected = Answer {
        challenge: &Challenge::parse(challenge.as_bytes()).expect("a challenge"),
        credentials: &Credentials { username: "1000".into(), password: Password::new(PASSWORD) },
        method: "REGISTER",
        uri: register.uri.as_str(),
        body: b"",
        cnonce: &param(&answer, "cnonce"),
        nonce_count,
    };
    assert_eq!(answer.as_bytes(), expected.authorization());
}

#[test]
fn a_challenge_is_answered_by_the_same_connection_with_the_next_cseq() {
    for algorithm in ["", ", algorithm=MD5", ", algorithm=SHA-256", ", algorithm=SHA-512-256"] {
        let (mut registrar, first) = asked();
        assert_eq!(header(&first.headers, "Authorization"), None);
        let challenge = digest("n1", algorithm);
        registrar.respond(&first, 401, &www(&challenge));
        let second = registrar.request();
        assert_answers(&second, "Authorization", &challenge, 1);
        assert_eq!((second.call_id.clone(), second.cseq), (first.call_id, first.cseq + 1));
        assert_eq!(second.from.tag(), first.from.tag());
        assert_ne!(second.via.branch, first.via.branch);
        registrar.accept(&second, 3600);
        assert_eq!(registrar.state(), Registered);
    }
}

#[test]
fn of_several_challenges_the_strongest_is_answered() {
    let (mut registrar, first) = asked();
    let (weak, strong) = (digest("n1", ", algorithm=MD5"), digest("n2", ", algorithm=SHA-256"));
    registrar.respond(&first, 401, &(www(&weak) + &www(&strong)));
    let second = registrar.request();
    assert_answers(&second, "Authorization", &strong, 1);
    assert_eq!(second.headers.all(crate::sip::Name::Authorization).count(), 1);
}

#[test]
fn a_refresh_answers_unasked_and_counts() {
    let (mut registrar, first) = asked();
    let challenge = digest("n1", "");
    registrar.respond(&first, 401, &www(&challenge));
    let second = registrar.request();
    registrar.accept(&second, 100);
    registrar.wait(seconds(100));
    let third = registrar.request();
    assert_answers(&third, "Authorization", &challenge, 2);
    registrar.accept(&third, 100);
    registrar.wait(seconds(100));
    assert_answers(&registrar.request(), "Authorization", &challenge, 3);
}

#[test]
fn a_stale_nonce_is_no_failure() {
    let (mut registrar, first) = asked();
    registrar.respond(&first, 401, &www(&digest("n1", "")));
    let second = registrar.request();
    registrar.accept(&second, 100);
    registrar.wait(seconds(100));
    let third = registrar.request();
    let fresh = digest("n2", ", stale=true");
    registrar.told.clear();
    registrar.respond(&third, 401, &www(&fresh));
    let fourth = registrar.request();
    assert_answers(&fourth, "Authorization", &fresh, 1);
    registrar.accept(&fourth, 100);
    assert_eq!(registrar.states(), [Registered]);
}

#[test]
fn a_proxy_and_the_registrar_behind_it_are_both_answered() {
    let (mut registrar, first) = asked();
    let (proxy, server) = (digest("p1", ""), digest("n1", ""));
    registrar.respond(&first, 407, &format!("Proxy-Authenticate: {proxy}\r\n"));
    let second = registrar.request();
    assert_answers(&second, "Proxy-Authorization", &proxy, 1);
    assert_eq!(header(&second.headers, "Authorization"), None);
    registrar.respond(&second, 401, &www(&server));
    let third = registrar.request();
    assert_answers(&third, "Proxy-Authorization", &proxy, 2);
    assert_answers(&third, "Authorization", &server, 1);
    registrar.accept(&third, 3600);
    assert_eq!(registrar.state(), Registered);
}

#[test]
fn a_wrong_password_is_sent_once_for_each_try() {
    let (mut registrar, first) = asked();
    for (nonce, mut register) in [("n1", first), ("n3", asked().1)] {
        if nonce == "n3" {
            registrar.wait(seconds(60));
            registrar.reach();
            register = registrar.request();
            assert_eq!(header(&register.headers, "Authorization"), None, "the next try begins anew");
        }
        registrar.respond(&register, 401, &www(&digest(nonce, "")));
        let second = registrar.request();
        registrar.respond(&second, 401, &www(&digest("n2", "")));
        assert!(registrar.is_quiet(), "no loop (§22.2)");
        assert_eq!(registrar.state(), Failed);
        assert_eq!(registrar.failure(), (Some(401), "401 Unauthorized".to_owned()));
    }
}

#[test]
fn a_registrar_that_calls_every_nonce_stale_is_given_up() {
    let (mut registrar, mut register) = asked();
    let mut sent = 1;
    loop {
        registrar.respond(&register, 401, &www(&digest(&format!("n{sent}"), ", stale=true")));
        if registrar.is_quiet() {
            break;
        }
        register = registrar.request();
        sent += 1;
    }
    assert_eq!(sent, 5);
    assert_eq!(registrar.state(), Failed);
}

#[test]
fn without_credentials_a_challenge_is_a_refusal() {
    let nobody = AccountSettings { credentials: None, ..account("1000") };
    let mut registrar = Registrar::with(settings([nobody]));
    registrar.reach();
    let register = registrar.request();
    registrar.respond(&register, 401, &www(&digest("n1", "")));
    assert!(registrar.is_quiet());
    assert_eq!(registrar.failure(), (Some(401), "401 Unauthorized".to_owned()));
}

#[test]
fn the_body_is_covered_where_only_that_is_offered() {
    let (mut registrar, first) = asked();
    let challenge = "Digest realm=\"example.com\", nonce=\"n1\", qop=\"auth-int\"";
    registrar.respond(&first, 401, &www(challenge));
    assert_answers(&registrar.request(), "Authorization", challenge, 1);
}

#[test]
fn the_unregister_answers_unasked_too() {
    let (mut registrar, first) = asked();
    let challenge = digest("n1", "");
    registrar.respond(&first, 401, &www(&challenge));
    let second = registrar.request();
    registrar.accept(&second, 3600);
    registrar.command(crate::agent::command::AccountAction::Unregister);
    assert_answers(&registrar.request(), "Authorization", &challenge, 2);
}

//! Digest authentication: published and computed answers, tolerance, choice.

mod answers;
mod authorizations;
mod challenges;
mod hostile;

use super::{Answer, Challenge, Credentials, Password};

fn challenge(value: &str) -> Challenge {
    Challenge::parse(value.as_bytes()).unwrap_or_else(|| panic!("not read: {value}"))
}

fn credentials(username: &'static str, password: &'static str) -> Credentials {
    Credentials { username: username.into(), password: Password::new(password) }
}

/// What alice answers to `Digest realm="pbx.example.com", nonce="abc"` with these parameters, for her first REGISTER.
fn register(params: &str) -> String {
    let challenge = challenge(&format!("Digest realm=\"pbx.example.com\", nonce=\"abc\"{params}"));
    authorization(&challenge, &credentials("alice", "s3cret"), 1)
}

fn authorization(challenge: &Challenge, credentials: &Credentials, nonce_count: u32) -> String {
    let answer = Answer {
        challenge,
        credentials,
        method: "REGISTER",
        uri: "sip:pbx.example.com",
        body: b"v=0\r\n",
        cnonce: "c0ffee",
        nonce_count,
    };
    String::from_utf8(answer.authorization().to_vec()).unwrap()
}

/// The value of one parameter of an answer, with the quotes it has.
fn param<'a>(authorization: &'a str, name: &str) -> Option<&'a str> {
    let params = authorization.strip_prefix("Digest ").unwrap().split(", ");
    params.filter_map(|param| param.split_once('=')).find(|param| param.0 == name).map(|param| param.1)
}

/// The `response` of an answer.
fn response(authorization: &str) -> &str {
    param(authorization, "response").unwrap().trim_matches('"')
}

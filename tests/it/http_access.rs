//! Who may ask for what: keys of a file with their scopes, read again while the agent runs; tokens; foreign pages.

use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::client::Answer;
use crate::scratch::Folder;

const NO_CALL: &str = "/v1/calls/call_01JD8Q4V6T0000000000000000";

fn ask(agent: &Agent, method: &str, path: &str, key: &str) -> Answer {
    agent.send(method, path, &[("Authorization", &format!("Bearer {key}"))], "")
}

/// A new key, and its table.
pub fn new_key(name: &str, scopes: &[&str]) -> (String, String) {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let made = Command::new(env!("CARGO_BIN_EXE_call-agent"))
        .args(["keys", "new", "--name", name])
        .args(scopes)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let text = String::from_utf8(made.stdout).unwrap();
    let (key, table) = text.split_once("\n\n").unwrap();
    assert!(key.starts_with("ca_") && table.starts_with("[[key]]") && !table.contains(key), "{text}");
    (key.to_owned(), table.to_owned())
}

/// Gives out tokens, for ten minutes each.
pub struct Issuer(Ed25519KeyPair);

impl Issuer {
    pub fn new() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    /// The settings that have its tokens believed.
    pub fn flags(&self, folder: &Folder) -> Vec<String> {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.0.public_key());
        let file = folder.file("jwks.json");
        let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": x}]});
        std::fs::write(&file, set.to_string()).unwrap();
        [
            "--jwt-jwks-file",
            &file,
            "--jwt-issuer",
            "https://login.example.com",
            "--jwt-audience",
            "call-agent",
        ]
        .map(str::to_owned)
        .into()
    }

    pub fn token(&self, scope: &str, expires_in: i64) -> String {
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({
            "iss": "https://login.example.com", "aud": "call-agent", "sub": "dashboard", "scope": scope,
            "exp": i64::try_from(now).unwrap() + expires_in,
        });
        let signed = format!("{}.{}", encode(&json!({"alg": "EdDSA", "kid": "1"})), encode(&claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

#[test]
fn a_made_key_may_do_what_its_scopes_say() {
    let folder = Folder::new("scopes");
    let (reader, readers) = new_key("reader", &["calls:read"]);
    let (bot, bots) = new_key("bot", &["calls:control,calls:originate", "events:read"]);
    let file = folder.file("keys.toml");
    std::fs::write(&file, format!("{readers}{bots}")).unwrap();
    let agent = Agent::start_under(&[("CALL_AGENT_API_KEYS_FILE", &file)], &[]);
    for (key, method, path, status) in [
        (&reader, "GET", "/v1/calls", 200),
        (&reader, "HEAD", "/v1/calls", 200),
        (&reader, "GET", "/v1/accounts", 200),
        (&reader, "GET", "/openapi.json", 200),
        (&reader, "GET", "/v1/events", 403),
        (&reader, "POST", "/v1/calls", 403),
        (&reader, "DELETE", NO_CALL, 403),
        (&reader, "GET", "/v1/webhooks", 403),
        (&bot, "DELETE", NO_CALL, 404),
        (&bot, "POST", "/v1/calls", 422),
        (&bot, "GET", "/v1/calls", 403),
        (&bot, "POST", "/v1/webhooks", 403),
    ] {
        assert_eq!(ask(&agent, method, path, key).status, status, "{method} {path}");
    }
    let refused = ask(&agent, "POST", "/v1/webhooks", &bot);
    assert_eq!(refused.problem(), (403, "forbidden".to_owned()));
    assert!(refused.detail().contains("admin"), "{}", refused.detail());
    let authorization = format!("Bearer {bot}");
    agent.follow_with("/v1/events", &[("Authorization", &authorization)]);
}

#[test]
fn what_is_no_scope_or_no_name_makes_no_key() {
    for arguments in [
        &["--name", "x"][..],
        &["--scope", "admin"],
        &["--name", "x", "--scope", "everything"],
        &["--name", "two words", "--scope", "admin"],
    ] {
        let refused = Command::new(env!("CARGO_BIN_EXE_call-agent"))
            .args(["keys", "new"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(2), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn sighup_has_the_keys_read_again_and_the_streams_of_one_that_is_gone_end() {
    let folder = Folder::new("reload");
    let (stays, first) = new_key("stays", &["admin"]);
    let (goes, second) = new_key("goes", &["events:read"]);
    let file = folder.file("keys.toml");
    std::fs::write(&file, format!("{first}{second}")).unwrap();
    let agent = Agent::start_with(&["--api-keys-file", &file]);
    let follow = |key: &str| agent.follow_with("/v1/events", &[("Authorization", &format!("Bearer {key}"))]);
    let (mut of_stays, mut of_goes) = (follow(&stays), follow(&goes));

    std::fs::write(&file, "[[key]").unwrap();
    agent.signal("HUP");
    agent.logs("keys stay as they were");
    assert_eq!(ask(&agent, "GET", "/v1/webhooks", &stays).status, 200);

    let (comes, third) = new_key("comes", &["calls:read"]);
    std::fs::write(&file, format!("{first}{third}")).unwrap();
    agent.signal("HUP");
    while of_goes.line().is_some() {}
    assert_eq!(ask(&agent, "GET", "/v1/events", &goes).status, 401);
    assert_eq!(ask(&agent, "GET", "/v1/calls", &comes).status, 200);
    agent.signal("TERM");
    assert_eq!(of_stays.next().unwrap().event, "stream.draining");
}

#[test]
fn a_token_of_the_issuer_is_as_good_as_a_key() {
    let folder = Folder::new("tokens");
    let issuer = Issuer::new();
    let flags = issuer.flags(&folder);
    let agent = Agent::start_with(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(agent.read("/v1/calls").status, 401);
    let token = issuer.token("calls:read profile", 600);
    assert_eq!(ask(&agent, "GET", "/v1/calls", &token).status, 200);
    assert_eq!(ask(&agent, "GET", "/v1/events", &token).status, 403);
    let expired = ask(&agent, "GET", "/v1/calls", &issuer.token("calls:read", -60));
    assert_eq!(expired.problem(), (401, "unauthenticated".to_owned()));
    assert!(expired.detail().contains("expired"), "{}", expired.detail());
    assert_eq!(ask(&agent, "GET", "/v1/calls", &Issuer::new().token("admin", 600)).status, 401);

    let events = issuer.token("events:read", 600);
    let mut stream = agent.follow_with("/v1/events", &[("Authorization", &format!("Bearer {events}"))]);
    Issuer::new().flags(&folder);
    agent.signal("HUP");
    while stream.line().is_some() {}
    assert_eq!(ask(&agent, "GET", "/v1/calls", &token).status, 401);
}

#[test]
fn an_open_agent_listens_to_no_foreign_page() {
    let agent = Agent::start();
    for headers in [
        &[("Host", "evil.example.com")][..],
        &[("Host", "localhost:8080"), ("Origin", "https://evil.example.com")],
        &[("Origin", "null")],
    ] {
        let answer = agent.send("GET", "/v1/calls", headers, "");
        assert_eq!(answer.problem(), (403, "forbidden".to_owned()), "{headers:?}");
    }
    let here = agent.http.to_string();
    let own = [("Host", here.as_str()), ("Origin", &format!("http://{here}"))];
    assert_eq!(agent.send("GET", "/v1/calls", &own, "").status, 200);
}

#[test]
fn a_guess_is_not_answered_for_ever() {
    let agent = Agent::start_under(&[("CALL_AGENT_API_KEY", "right")], &["--failed-auth-limit", "1:5"]);
    let refused =
        (0..100).map(|_| ask(&agent, "GET", "/v1/calls", "wrong")).find(|answer| answer.status == 429);
    let refused = refused.expect("it is told to wait");
    assert_eq!(refused.problem(), (429, "rate-limited".to_owned()));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
}

//! Nothing that is secret is seen: in the log, whatever its level, in events, in errors.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::client::Answer;
use crate::http_access::{Issuer, new_key};
use crate::peer::{Peer, respond};
use crate::receiver::{Receiver, SECRET};
use crate::registrar::{PASSWORD, Registrar, account, becomes, registered};
use crate::scratch::Folder;
use call_agent::sip::{Name, Writer};

const KEY: &str = "the-key-of-the-environment";
const ADDED: &str = "whsec_dGhlIHNlY3JldCBvZiBhbiBhZGRlZCB3ZWJob29r";

/// What the agent has said: in answers, in events, and at the end in its log.
struct Witness {
    agent: Agent,
    seen: String,
}

impl Witness {
    fn ask(&mut self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.agent.send(method, path, &headers, &body)
    }

    fn reads(&mut self, key: &str, path: &str) {
        let answer = self.ask(key, "GET", path, &Value::Null);
        self.seen += &answer.body;
    }

    /// Whatever is shown as a key, also where it does not belong.
    fn shows(&mut self, key: &str) {
        for path in ["/v1/calls", "/v1/accounts", "/v1/webhooks"] {
            self.reads(key, path);
        }
        self.reads(key, &format!("/v1/calls?key={key}"));
        self.reads(key, &format!("/v1/calls/{key}"));
        let body = json!({"to": "sip:1001@127.0.0.1", "account": key});
        let refused = self.ask(key, "POST", "/v1/calls", &body);
        assert!(matches!(refused.status, 401 | 422), "{}", refused.body);
        self.seen += &refused.body;
    }

    /// A webhook with a secret, added twice.
    fn adds_a_webhook(&mut self, at: SocketAddr) {
        let hook = json!({"id": "added", "url": format!("http://{at}/hooks"), "secret": ADDED});
        assert_eq!(self.ask(KEY, "POST", "/v1/webhooks", &hook).status, 201);
        let again = self.ask(KEY, "POST", "/v1/webhooks", &hook);
        assert_eq!(again.problem(), (409, "conflict".to_owned()));
        self.seen += &again.body;
        self.reads(KEY, "/v1/webhooks/added");
    }

    /// A call by the account, its events and its timeline.
    fn calls(&mut self, peer: &mut Peer) {
        let call = self.ask(KEY, "POST", "/v1/calls", &json!({"to": "1001", "account": "1000"}));
        assert_eq!(call.status, 201, "{}", call.body);
        let invite = peer.request("INVITE");
        peer.send(respond(&invite, 486));
        peer.request("ACK");
        let authorization = format!("Bearer {KEY}");
        let key = [("Authorization", authorization.as_str())];
        let mut events = self.agent.follow_with("/v1/events?after=earliest", &key);
        self.seen += &becomes(&mut events, "1000", "registered").to_string();
        self.seen += &events.next_of("call.ended").to_string();
        let id = crate::caller::text(&call.json()["id"]);
        self.reads(KEY, &format!("/v1/calls/{id}/timeline"));
    }
}

/// Has the account show its password's digest, which is nobody's business either: that.
fn challenged(peer: &mut Peer) -> String {
    let register = peer.request("REGISTER");
    let challenge = Writer::response(401, None).copied(&register.headers, None);
    peer.send(
        challenge.header("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"").finish(),
    );
    let register = peer.request("REGISTER");
    let digest = register.headers.first(Name::Authorization).expect("it answers").text().to_string();
    let (_, digest) = digest.split_once("response=\"").unwrap();
    peer.send(registered(&register));
    digest[..32].to_owned()
}

#[test]
fn no_secret_is_seen_in_the_log_in_an_event_or_in_an_error() {
    let folder = Folder::new("secrets");
    let (registrar, receiver, issuer) = (Registrar::start(), Receiver::start(), Issuer::new());
    let (made, table) = new_key("crm", &["admin"]);
    let hook = format!(
        "[[webhook]]\nid = \"crm\"\nurl = \"http://{}/hooks\"\nsecret = \"{SECRET}\"\n",
        receiver.address
    );
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, format!("{}{hook}{table}", account("1000", registrar.address))).unwrap();
    let flags =
        [vec!["--log".to_owned(), "trace".to_owned(), "--config".to_owned(), file], issuer.flags(&folder)]
            .concat();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let agent = Agent::start_under(&[("CALL_AGENT_API_KEY", KEY)], &flags);
    agent.signal("HUP");

    let mut peer = registrar.accept();
    let digest = challenged(&mut peer);
    let (token, stranger) = (issuer.token("admin", 600), Issuer::new().token("admin", 600));
    let mut witness = Witness { agent, seen: String::new() };
    for key in [KEY, &made, &token, &stranger, "a-wrong-key"] {
        witness.shows(key);
    }
    witness.adds_a_webhook(receiver.address);
    witness.calls(&mut peer);

    let Witness { agent, mut seen } = witness;
    agent.signal("TERM");
    seen += &agent.ends_saying();
    assert!(
        ["TRACE", "keys were read again"].iter().all(|said| seen.contains(said)),
        "it was to say everything"
    );
    let keys = [KEY, &made, &made[3..], &token, &stranger, "a-wrong-key"];
    for secret in keys.into_iter().chain([PASSWORD, &digest, SECRET, &SECRET[6..], ADDED, &ADDED[6..]]) {
        let lines: Vec<_> = seen.lines().filter(|line| line.contains(secret)).take(3).collect();
        assert!(lines.is_empty(), "{secret} is seen: {lines:#?}");
    }
}

//! Nothing that is secret is seen: in the log, whatever its level, in events, in errors.

use serde_json::json;

use crate::agent::Agent;
use crate::http_access::{Issuer, new_key};
use crate::peer::respond;
use crate::receiver::{Receiver, SECRET};
use crate::registrar::{PASSWORD, Registrar, account, becomes, registered};
use crate::scratch::Folder;
use call_agent::sip::{Name, Writer};

const KEY: &str = "the-key-of-the-environment";
const ADDED: &str = "whsec_dGhlIHNlY3JldCBvZiBhbiBhZGRlZCB3ZWJob29r";

#[test]
fn no_secret_is_seen_in_the_log_in_an_event_or_in_an_error() {
    let folder = Folder::new("secrets");
    let (registrar, receiver, issuer) = (Registrar::start(), Receiver::start(), Issuer::new());
    let (made, table) = new_key("crm", &["admin"]);
    let settings = format!(
        "{}[[webhook]]\nid = \"crm\"\nurl = \"http://{}/hooks\"\nsecret = \"{SECRET}\"\n{table}",
        account("1000", registrar.address),
        receiver.address
    );
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, settings).unwrap();
    let mut flags = vec!["--log".to_owned(), "trace".to_owned(), "--config".to_owned(), file];
    flags.extend(issuer.flags(&folder));
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let agent = Agent::start_under(&[("CALL_AGENT_API_KEY", KEY)], &flags);
    agent.signal("HUP");

    // The account shows its password's digest, which is none of anybody's business either.
    let mut peer = registrar.accept();
    let register = peer.request("REGISTER");
    let challenge = Writer::response(401, None).copied(&register.headers, None);
    peer.send(
        challenge.header("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"").finish(),
    );
    let register = peer.request("REGISTER");
    let digest = register.headers.first(Name::Authorization).expect("it answers").text().to_string();
    let (_, digest) = digest.split_once("response=\"").unwrap();
    let digest = digest[..32].to_owned();
    peer.send(registered(&register));

    let token = issuer.token("admin", 600);
    let stranger = Issuer::new().token("admin", 600);
    let shown = [KEY, &made, &token, &stranger, "a-wrong-key"];
    let mut seen = String::new();
    for key in shown {
        let authorization = format!("Bearer {key}");
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        for path in [
            "/v1/calls",
            "/v1/accounts",
            "/v1/webhooks",
            &format!("/v1/calls?key={key}"),
            &format!("/v1/calls/{key}"),
        ] {
            seen += &agent.send("GET", path, &headers, "").body;
        }
        let body = json!({"to": format!("sip:1001@{}", registrar.address), "account": key});
        agent.send("POST", "/v1/calls", &headers, &body.to_string());
    }
    let authorization = format!("Bearer {KEY}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let hook = json!({"id": "added", "url": format!("http://{}/hooks", receiver.address), "secret": ADDED});
    assert_eq!(agent.send("POST", "/v1/webhooks", &headers, &hook.to_string()).status, 201);
    let again = agent.send("POST", "/v1/webhooks", &headers, &hook.to_string());
    assert_eq!(again.problem(), (409, "conflict".to_owned()));
    seen += &again.body;
    seen += &agent.send("GET", "/v1/webhooks/added", &headers, "").body;
    let called = json!({"to": "1001", "account": "1000"});
    let call = agent.send("POST", "/v1/calls", &headers, &called.to_string());
    assert_eq!(call.status, 201, "{}", call.body);
    let invite = peer.request("INVITE");
    peer.send(respond(&invite, 486));
    peer.request("ACK");
    let mut events = agent.follow_with("/v1/events?after=earliest", &headers[..1]);
    seen += &becomes(&mut events, "1000", "registered").to_string();
    seen += &events.next_of("call.ended").to_string();
    let id = crate::caller::text(&call.json()["id"]);
    seen += &agent.send("GET", &format!("/v1/calls/{id}/timeline"), &headers, "").body;

    agent.signal("TERM");
    seen += &agent.ends_saying();
    assert!(
        ["TRACE", "keys were read again"].iter().all(|said| seen.contains(said)),
        "it was to say everything"
    );
    let secrets = [
        KEY,
        &made,
        &made[3..],
        &token,
        &stranger,
        PASSWORD,
        SECRET,
        &SECRET[6..],
        ADDED,
        &ADDED[6..],
        &digest,
    ];
    for secret in secrets {
        let lines: Vec<_> = seen.lines().filter(|line| line.contains(secret)).take(3).collect();
        assert!(lines.is_empty(), "{secret} is seen: {lines:#?}");
    }
}

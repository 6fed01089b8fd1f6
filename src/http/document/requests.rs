//! Examples of the bodies of commands; a test reads each as its command.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::example::Example;

use super::examples::{self, ANSWER, OFFER_OF_OURS};

/// A name, and what goes by it.
type Named = (String, RefOr<Example>);

/// The bodies that a command may have.
pub fn examples(operation: &str) -> BTreeMap<String, RefOr<Example>> {
    let bodies = match operation {
        "createCall" => new_calls(),
        "addWebhook" => new_webhooks(),
        "redeliver" => redeliveries(),
        "labelCall" => vec![
            shown(
                "set",
                "Set one label, remove another",
                json!({"labels": {"ticket": "4711", "stale": null}}),
            ),
            shown("clear", "Remove all labels", json!({"labels": null})),
        ],
        "ringCall" => vec![
            shown("ringing", "180", json!({"status": 180})),
            shown("early_media", "183 with a generated answer", json!({"status": 183, "early_media": true})),
        ],
        "acceptCall" => vec![
            shown("generated", "A generated answer; wait for the ACK", json!({})),
            shown("given", "An answer of the client's; do not wait", json!({"sdp": ANSWER, "wait": "sent"})),
            shown("headers", "With a header of its own", json!({"headers": {"X-CRM-Ticket": "4711"}})),
        ],
        "rejectCall" => vec![
            shown(
                "busy",
                "486 Busy Here",
                json!({"status": 486, "headers": [{"name": "X-Why", "value": "lunch"}]}),
            ),
            shown(
                "moved",
                "302 with another place to try",
                json!({"status": 302, "contacts": ["sip:1002@10.0.0.1"]}),
            ),
        ],
        "cancelCall" => vec![shown("plain", "487 Request Terminated", json!({"status": 487}))],
        "hangupCall" => vec![
            shown("plain", "Without a reason", json!({})),
            shown(
                "reason",
                "With a Reason header",
                json!({"reason": {"protocol": "Q.850", "cause": 16, "text": "Normal"}}),
            ),
        ],
        "sendInfo" | "sendMessage" | "sendDigits" => letters(operation),
        "claimCall" => vec![
            shown("minute", "For a minute", json!({"owner": "crm-7", "ttl_seconds": 60})),
            shown(
                "takeover",
                "Whoever has it now",
                json!({"owner": "crm-8", "ttl_seconds": 60, "takeover": true}),
            ),
        ],
        "renewClaim" => {
            vec![shown("minute", "For another minute", json!({"owner": "crm-7", "ttl_seconds": 60}))]
        }
        "releaseClaim" => vec![shown("owner", "Without a Claim-Owner", json!({"owner": "crm-7"}))],
        _ => Vec::new(),
    };
    bodies.into_iter().collect()
}

fn letters(operation: &str) -> Vec<Named> {
    match operation {
        "sendInfo" => vec![shown(
            "json",
            "Something for the bot at the other end",
            json!({"content_type": "application/json", "body": "{\"ticket\": 4711}"}),
        )],
        "sendMessage" => vec![shown(
            "text",
            "A line for the phone's display",
            json!({"content_type": "text/plain", "body": "Ticket 4711"}),
        )],
        _ => vec![
            shown("pin", "A number and the hash key", json!({"digits": "1234#"})),
            shown("long", "One key, held for a second", json!({"digits": "0", "duration_ms": 1000})),
        ],
    }
}

fn new_calls() -> Vec<Named> {
    vec![
        shown("plain", "To a URI", json!({"to": "sip:1001@pbx.example.com;transport=tcp"})),
        shown(
            "account",
            "By an account, to a number of its PBX, with labels and a header",
            json!({
                "to": "1001", "account": "1000", "timeout_seconds": 30,
                "labels": {"ticket": "4711"}, "headers": {"X-CRM-Ticket": "4711"},
            }),
        ),
        shown(
            "offer",
            "With a name, and an offer of the client's",
            json!({
                "to": "sip:1001@pbx.example.com", "from": "\"CRM\" <sip:1000@pbx.example.com>", "sdp": OFFER_OF_OURS,
            }),
        ),
    ]
}

fn new_webhooks() -> Vec<Named> {
    vec![
        shown(
            "plain",
            "All events, signed with a new secret",
            json!({"url": "https://crm.example.com/hooks"}),
        ),
        shown(
            "some",
            "Some events, by a name",
            json!({"id": "crm", "url": "https://crm.example.com/hooks", "types": ["call.offered", "call.ended"]}),
        ),
    ]
}

fn redeliveries() -> Vec<Named> {
    vec![
        shown("all", "All dead letters", json!({})),
        shown("one", "That of one event", json!({"event_id": "7f3a-184223"})),
    ]
}

fn shown(name: &str, summary: &str, body: Value) -> Named {
    (name.to_owned(), examples::shown(summary, body))
}

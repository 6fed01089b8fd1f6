//! What a client sends within a call and the document says the same, whatever the peer answers.

use serde_json::Value;

use crate::agent::Agent;
use crate::caller::Caller;
use crate::client::{Answer, Stream};

/// The least that each has to say, and the method that it goes by.
const LETTERS: [(&str, &str, &str); 3] = [
    ("info", r#"{"content_type": "a/b", "body": ""}"#, "INFO"),
    ("message", r#"{"content_type": "a/b", "body": ""}"#, "MESSAGE"),
    ("dtmf", r#"{"digits": "1"}"#, "INFO"),
];

/// The least that the command at the end of a path has to say, if it is one of these.
pub fn least(path: &str) -> Option<&'static str> {
    let command = path.rsplit('/').next();
    LETTERS.iter().find(|(name, ..)| Some(*name) == command).map(|(_, body, _)| *body)
}

/// The answer to a command whose request the caller answers.
pub fn heard(
    agent: &Agent,
    id: &str,
    caller: &mut Caller,
    (command, body): (&str, &str),
    status: u16,
) -> Answer {
    let (_, _, method) = LETTERS.iter().find(|(name, ..)| *name == command).unwrap();
    let body_of: Value = serde_json::from_str(body).unwrap();
    let requests = match body_of["digits"].as_str() {
        Some(digits) if status < 300 => digits.len(),
        _ => 1,
    };
    std::thread::scope(|scope| {
        scope.spawn(|| (0..requests).for_each(|_| drop(caller.answer_request(method, status))));
        agent.tell(id, command, body)
    })
}

/// Everything that these can be answered.
pub fn letters(agent: &Agent, events: &mut Stream) {
    let (_offered, early) = Caller::offered(agent, events);
    let (mut caller, id) = Caller::established(agent, events);
    for (command, body, _) in LETTERS {
        assert_eq!(agent.tell(&early, command, body).problem(), (409, "invalid-state".to_owned()));
        assert_eq!(heard(agent, &id, &mut caller, (command, body), 202).status, 200);
        let refused = heard(agent, &id, &mut caller, (command, body), 488);
        assert_eq!(refused.problem(), (502, "sip-rejected".to_owned()));
    }
    for command in ["info", "message"] {
        let body = r#"{"content_type": "a/b", "body": "", "headers": {"Via": "x"}}"#;
        assert_eq!(agent.tell(&id, command, body).problem(), (422, "invalid-header".to_owned()));
    }
    caller.vanish();
    for (command, body, _) in LETTERS {
        assert_eq!(agent.tell(&id, command, body).problem(), (504, "sip-timeout".to_owned()));
    }
}

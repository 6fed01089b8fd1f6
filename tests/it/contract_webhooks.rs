//! The document and the running agent say the same of webhooks.

use serde_json::json;

use crate::agent::Agent;
use crate::receiver::Receiver;
use crate::scratch::Folder;

/// A webhook of the file and some that are added, until there are too many.
pub fn webhooks() {
    let (receiver, folder) = (Receiver::start(), Folder::new("contract"));
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, receiver.settings("crm")).unwrap();
    let agent = Agent::start_with(&["--config", &file]);
    let add = |id: &str| {
        let new = json!({"id": id, "url": format!("http://{}/hooks", receiver.address)});
        agent.post("/v1/webhooks", &new.to_string())
    };
    assert_eq!(add("crm").problem(), (409, "conflict".to_owned()));
    assert_eq!(add("a b").problem(), (422, "invalid-field".to_owned()));
    for number in 1..100 {
        assert_eq!(add(&number.to_string()).status, 201);
    }
    assert_eq!(add("one-more").problem(), (409, "conflict".to_owned()));
    assert_eq!(agent.read("/v1/webhooks").json()["webhooks"].as_array().unwrap().len(), 100);
    assert_eq!(agent.read("/v1/webhooks/crm").status, 200);
    let page = agent.read("/v1/webhooks/crm/dead-letters?limit=1&cursor=7f3a-1");
    assert_eq!((page.status, page.json()), (200, json!({"dead_letters": [], "next_cursor": null})));
    assert_eq!(agent.read("/v1/webhooks/crm/dead-letters?cursor=x").status, 400);
    let again = agent.post("/v1/webhooks/crm/redeliver", "{}");
    assert_eq!((again.status, again.json()), (202, json!({"redelivering": 0, "dead_letters": 0})));
    assert_eq!(agent.post("/v1/webhooks/crm/redeliver", r#"{"event_id": "x"}"#).status, 422);
    let unknown = agent.post("/v1/webhooks/crm/redeliver", r#"{"event_id": "7f3a-1"}"#);
    assert_eq!(unknown.problem(), (404, "not-found".to_owned()));
    let remove = |id: &str| agent.send("DELETE", &format!("/v1/webhooks/{id}"), &[], "");
    assert_eq!(remove("crm").problem(), (409, "conflict".to_owned()));
    assert_eq!((remove("1").status, remove("1").status), (204, 404));
}

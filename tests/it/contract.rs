//! The committed document as a judge: what is said for each answer and each event that any test sees must be true.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::client::Answer;

pub static COMMITTED: &str = include_str!("../../openapi/openapi.json");
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(COMMITTED).unwrap());

/// A validator for each schema of the components.
static SCHEMAS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let names = DOCUMENT["components"]["schemas"].as_object().unwrap().keys();
    let validator = |name: &String| {
        let reference = format!("#/components/schemas/{name}");
        let schema = json!({"$ref": reference, "components": &DOCUMENT["components"]});
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        (name.clone(), options.build(&schema).unwrap())
    };
    names.map(validator).collect()
});

/// The headers that an answer need not have.
const OPTIONAL: [&str; 1] = ["Next-Cursor"];

/// An operation, a status, and the code if that is a problem.
pub type Seen = (String, u16, String);

thread_local! {
    /// What this test has seen.
    static SEEN: RefCell<BTreeSet<Seen>> = RefCell::default();
}

/// What this test has seen.
pub fn seen() -> BTreeSet<Seen> {
    SEEN.with_borrow(Clone::clone)
}

/// Fails unless the value is what the named schema allows.
#[track_caller]
pub fn is_a(schema: &str, value: &Value) {
    let faults: Vec<_> = SCHEMAS[schema]
        .iter_errors(value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "no {schema}: {faults:#?}\n{value:#}");
}

/// Fails unless the document knows this answer to this request.
#[track_caller]
pub fn check(method: &str, target: &str, answer: &Answer) {
    let path = target.split('?').next().unwrap();
    if answer.header("content-type") == "application/problem+json" && method != "HEAD" {
        check_problem(answer);
    }
    let Some((template, item)) = item_of(path) else {
        let is_page = path == "/openapi.json" || path.starts_with("/docs");
        assert!(is_page || answer.problem() == (404, "not-found".to_owned()), "{path}: {answer:?}");
        return;
    };
    let verb = if method == "HEAD" { "get".to_owned() } else { method.to_ascii_lowercase() };
    let Some(operation) = item.get(&verb) else {
        assert!(matches!(answer.status, 405) || (method, answer.status) == ("OPTIONS", 204), "{answer:?}");
        return assert!(!answer.header("allow").is_empty(), "{answer:?}");
    };
    let name = format!("{verb} {template}");
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{name}: {} is not documented: {answer:?}", answer.status);
    let code = check_response(&name, response, answer, method == "HEAD");
    SEEN.with_borrow_mut(|seen| seen.insert((name, answer.status, code)));
}

/// The path item whose template the path fits.
fn item_of(path: &str) -> Option<(&'static String, &'static Value)> {
    let fits = |template: &str| {
        let (wanted, given) = (template.split('/'), path.split('/'));
        wanted.clone().count() == given.clone().count()
            && wanted
                .zip(given)
                .all(|(wanted, given)| wanted == given || wanted == "{id}" && !given.is_empty())
    };
    DOCUMENT["paths"].as_object().unwrap().iter().find(|(template, _)| fits(template))
}

/// The code, if it is a problem.
fn check_response(name: &str, response: &Value, answer: &Answer, is_head: bool) -> String {
    let headers = response["headers"].as_object().into_iter().flat_map(|headers| headers.keys());
    for header in headers.filter(|header| !OPTIONAL.contains(&header.as_str())) {
        assert!(!answer.header(&header.to_ascii_lowercase()).is_empty(), "{name}: no {header}: {answer:?}");
    }
    let Some(contents) = response["content"].as_object() else {
        assert_eq!(answer.body, "", "{name}");
        return String::new();
    };
    let kind = answer.header("content-type");
    let content = contents.get(kind).unwrap_or_else(|| panic!("{name}: {kind} is not documented"));
    if is_head || matches!(kind, "text/event-stream" | "application/x-ndjson") {
        return String::new();
    }
    let Some(schema) = content["schema"]["$ref"].as_str() else {
        assert_eq!(content["schema"]["type"], "string", "{name}");
        return String::new();
    };
    let schema = schema.rsplit('/').next().unwrap();
    is_a(schema, &answer.json());
    if schema != "Problem" {
        return String::new();
    }
    let (_, code) = answer.problem();
    assert!(content["examples"].get(&code).is_some(), "{name}: {code} is not documented: {answer:?}");
    code
}

fn check_problem(answer: &Answer) {
    let problem = answer.json();
    is_a("Problem", &problem);
    let (status, code) = answer.problem();
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["type"], format!("urn:call-agent:problem:{code}"));
    for text in ["title", "detail"] {
        assert!(problem[text].as_str().is_some_and(|text| text.len() > 5), "{problem}");
    }
    if status == 409 && code != "conflict" {
        assert!(problem["state"].is_string() && problem["actions"].is_array(), "{problem}");
    }
    assert_eq!(problem["state"] == "ended", problem["end"].is_object(), "{problem}");
    assert!(code != "call-ended" || problem["state"] == "ended", "{problem}");
}

/// Fails unless this is an event as the document describes it.
#[track_caller]
pub fn check_event(event: &str, id: Option<&str>, envelope: &Value) {
    is_a("CloudEvent", envelope);
    assert_eq!(envelope["type"], event);
    assert_eq!(id, envelope["id"].as_str().filter(|_| event != "stream.gap"));
    assert!(envelope["source"].as_str().unwrap().starts_with("/call-agent/"));
    let data = envelope["data"].as_object().unwrap();
    let known = &DOCUMENT["components"]["schemas"]["EventData"]["properties"];
    assert!(data.keys().all(|member| known.get(member).is_some()), "{envelope}");
    if let Some(account) = data.get("account") {
        is_a("Account", account);
        assert_eq!((event, &envelope["subject"]), ("registration.changed", &account["id"]), "{envelope}");
        return assert_eq!(data.len(), 1, "{envelope}");
    }
    let Some(call) = data.get("call") else {
        return assert!(envelope.get("subject").is_none(), "{envelope}");
    };
    assert_eq!(envelope["subject"], call["id"]);
    let is_first = matches!(event, "call.offered" | "call.dialing");
    assert_eq!(call.get("headers").is_some(), is_first, "{envelope}");
    if is_first {
        is_a("Call", call);
        assert_eq!(call["version"], 1);
    }
    assert_eq!(call["end"].is_object(), call["state"] == "ended", "{envelope}");
}

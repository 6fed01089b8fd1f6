//! The committed document is what the code says.

use super::*;
use crate::http::tests::schema;
use serde_json::json;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");

#[test]
fn the_committed_document_is_what_the_code_says() {
    let current = text(&crate::http::document());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &current).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == current,
        "openapi/openapi.json is out of date; write it anew: UPDATE_OPENAPI=1 cargo test --lib the_committed_document"
    );
}

fn served() -> Value {
    serde_json::to_value(crate::http::document()).unwrap()
}

/// Every operation with its path.
fn operations_of<'a>(document: &'a Value) -> Vec<(String, &'a Value)> {
    let of_item = |(path, item): (&String, &'a Value)| {
        let verbs = item.as_object().unwrap().iter();
        verbs.map(|(verb, operation)| (format!("{verb} {path}"), operation)).collect::<Vec<_>>()
    };
    document["paths"].as_object().unwrap().iter().flat_map(of_item).collect()
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |path| document.pointer(path.trim_start_matches('#')).unwrap())
}

/// The examples of a content.
fn examples_of<'a>(document: &'a Value, content: &'a Value) -> Vec<&'a Value> {
    let listed = content["examples"].as_object().into_iter().flat_map(|examples| examples.values());
    let listed = listed.map(|example| &resolved(document, example)["value"]);
    listed.chain(content.get("example")).collect()
}

#[test]
fn every_operation_says_what_it_does() {
    let document = served();
    for (name, operation) in operations_of(&document) {
        for field in ["operationId", "summary", "description", "tags"] {
            assert!(operation.get(field).is_some_and(|value| !value.is_null()), "{name}: {field}");
        }
    }
}

#[test]
fn readiness_is_refused_by_a_drain_and_by_a_journal_that_fails() {
    let document = served();
    let content = "/paths/~1readyz/get/responses/503/content/application~1problem+json/examples";
    let codes: Vec<_> = document.pointer(content).unwrap().as_object().unwrap().keys().collect();
    assert_eq!(codes, ["draining", "overloaded"]);
}

#[test]
fn every_content_has_an_example_that_its_schema_allows() {
    let document = served();
    let mut checked = 0;
    for (name, operation) in operations_of(&document) {
        let responses = operation["responses"].as_object().unwrap().values();
        for body in responses.chain(operation.get("requestBody")) {
            for content in body["content"].as_object().into_iter().flat_map(|contents| contents.values()) {
                let examples = examples_of(&document, content);
                assert!(!examples.is_empty(), "{name} has no example");
                for example in examples {
                    schema::check(&document, &content["schema"], example)
                        .unwrap_or_else(|fault| panic!("{name}: {fault}"));
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

/// An example, and for each property that may be left out one with null in it.
fn with_nulls(document: &Value, schema: &Value, example: &Value) -> Vec<Value> {
    let schema = match schema["oneOf"].as_array() {
        Some(one_of) => resolved(document, &one_of[0]),
        None => schema,
    };
    let required =
        |name: &&String| schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
    let names = schema["properties"].as_object().unwrap().keys().filter(|name| !required(name));
    let with_null = |name: &String| {
        let mut example = example.clone();
        example[name] = Value::Null;
        example
    };
    std::iter::once(example.clone()).chain(names.map(with_null)).collect()
}

#[test]
fn every_example_of_a_request_can_be_read_also_with_null_for_what_may_be_left_out() {
    use crate::agent::command::{
        Accept, Cancel, Digits, Hangup, Labels, Letter, Originate, Reject, RenewClaim, Ring, TakeClaim,
    };
    use crate::http::claim::GiveUp;
    use crate::http::webhook::Redeliver;
    use crate::http::webhooks::NewWebhook;
    fn read<T: serde::de::DeserializeOwned>(example: &Value) {
        serde_json::from_value::<T>(example.clone()).unwrap();
    }
    let document = served();
    for (name, operation) in operations_of(&document) {
        for content in
            operation["requestBody"]["content"].as_object().into_iter().flat_map(|contents| contents.values())
        {
            let schema = resolved(&document, &content["schema"]);
            let examples = examples_of(&document, content).into_iter();
            for example in
                &examples.flat_map(|example| with_nulls(&document, schema, example)).collect::<Vec<_>>()
            {
                match operation["operationId"].as_str().unwrap() {
                    "createCall" => read::<Originate>(example),
                    "labelCall" => read::<Labels>(example),
                    "ringCall" => read::<Ring>(example),
                    "acceptCall" => read::<Accept>(example),
                    "rejectCall" => read::<Reject>(example),
                    "cancelCall" => read::<Cancel>(example),
                    "hangupCall" => read::<Hangup>(example),
                    "sendInfo" | "sendMessage" => read::<Letter>(example),
                    "sendDigits" => read::<Digits>(example),
                    "claimCall" => read::<TakeClaim>(example),
                    "renewClaim" => read::<RenewClaim>(example),
                    "releaseClaim" => read::<GiveUp>(example),
                    "addWebhook" => read::<NewWebhook>(example),
                    "redeliver" => read::<Redeliver>(example),
                    _ => panic!("{name} has a body that this test does not know"),
                }
            }
        }
    }
}

#[test]
fn the_check_of_schemas_finds_what_is_wrong() {
    let document = served();
    let call = serde_json::json!({"$ref": "#/components/schemas/Call"});
    let good = serde_json::to_value(examples::ringing()).unwrap();
    schema::check(&document, &call, &good).unwrap();
    for (path, wrong) in
        [("/state", "gone".into()), ("/version", "2".into()), ("/sdp/remote", 1.into()), ("/end", 1.into())]
    {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = wrong;
        assert!(schema::check(&document, &call, &bad).is_err(), "{path}");
    }
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("headers");
    assert!(schema::check(&document, &call, &bad).is_err());
}

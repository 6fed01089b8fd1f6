use super::*;

use crate::agent::command::Originate;

fn new_call(body: &str) -> Request<Body> {
    request("POST", "/v1/calls")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// Places a call that the agent answers so; the answer and what the agent was asked.
async fn placed(body: &str, reply: Result<Call, Refusal>) -> (Answer, Originate) {
    let (answer, command) = api().ask(new_call(body), reply.map(|call| Done::Call(Arc::new(call)))).await;
    let Command::Originate(originate) = command else { panic!("{command:?}") };
    (answer, originate)
}

const PLAIN: &str = r#"{"to": "sip:1001@pbx.example.com"}"#;

#[tokio::test]
async fn a_new_call_is_created_with_its_place_and_its_version() {
    let call = examples::dialing();
    let (answer, _) = placed(PLAIN, Ok(call.clone())).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("location"), format!("/v1/calls/{}", call.id));
    assert_eq!((answer.header("etag"), answer.header("content-type")), ("\"1\"", "application/json"));
    assert_eq!(answer.json(), serde_json::to_value(&call).unwrap());
    schema::check(&DOCUMENT, &serde_json::json!({"$ref": "#/components/schemas/Call"}), &answer.json())
        .unwrap();
}

#[tokio::test]
async fn a_new_call_needs_no_more_than_whom_to_call() {
    let (_, asked) = placed(PLAIN, Ok(examples::dialing())).await;
    assert_eq!(asked.to, "sip:1001@pbx.example.com");
    assert!(asked.from.is_none() && asked.account.is_none() && asked.sdp.is_none());
    assert!(asked.headers.is_empty() && asked.labels.is_empty() && asked.timeout_seconds.is_none());
}

#[tokio::test]
async fn a_new_call_is_taken_field_by_field() {
    let body = r#"{"to": "1001", "from": "\"CRM\" <sip:1000@pbx.example.com>", "account": "1000", "sdp": "v=0\r\n",
                   "headers": {"X-B": "1", "X-A": "2"}, "labels": {"ticket": "4711"}, "timeout_seconds": 30}"#;
    let (_, asked) = placed(body, Ok(examples::dialing())).await;
    let headers: Vec<_> = asked.headers.iter().map(|header| (&*header.name, &*header.value)).collect();
    assert_eq!(headers, [("X-B", "1"), ("X-A", "2")]);
    assert_eq!((&*asked.to, asked.account.as_deref()), ("1001", Some("1000")));
    assert_eq!(asked.from.as_deref(), Some("\"CRM\" <sip:1000@pbx.example.com>"));
    assert_eq!((asked.sdp.as_deref(), asked.timeout_seconds), (Some("v=0\r\n"), Some(30)));
    assert_eq!(asked.labels["ticket"], "4711");
}

#[tokio::test]
async fn every_refusal_of_a_new_call_is_a_problem() {
    let field = |field| Refusal::InvalidField { field, fault: "not a URI".to_owned() };
    let table = [
        (field("to"), 422, "invalid-field", "to: "),
        (field("timeout_seconds"), 422, "invalid-field", "timeout_seconds: "),
        (Refusal::AccountNotFound, 422, "invalid-field", "account: "),
        (Refusal::InvalidSdp("x".to_owned()), 422, "invalid-sdp", "sdp: "),
        (Refusal::InvalidHeader("x".to_owned()), 422, "invalid-header", "headers: "),
        (Refusal::Overloaded, 503, "overloaded", ""),
        (Refusal::Draining, 503, "draining", ""),
    ];
    for (refusal, status, word, detail) in table {
        let (answer, _) = placed(PLAIN, Err(refusal)).await;
        assert_eq!(answer.problem(), (status, word.to_owned()));
        assert!(answer.detail().starts_with(detail), "{}", answer.detail());
        assert_eq!(answer.header("retry-after").is_empty(), status != 503);
        assert_eq!(answer.header("location"), "");
    }
}

#[tokio::test]
async fn a_body_that_is_no_new_call_says_why() {
    let table = [
        ("", "missing field `to`"),
        ("{}", "missing field `to`"),
        (r#"{"to": null}"#, "to: "),
        (r#"{"to": 1001}"#, "to: "),
        (r#"{"to": "1001", "form": "1000"}"#, "unknown field `form`"),
        (
            r#"{"to": "1001", "timeout_seconds": -1}"#,
            "timeout_seconds: invalid value: integer `-1`, expected a whole number",
        ),
        (r#"{"to": "1001", "timeout_seconds": 4294967296}"#, "timeout_seconds: "),
        (r#"{"to": "1001", "labels": {"a": null}}"#, "labels.a: "),
        (r#"{"to": "1001", "headers": [{"name": "X-A"}]}"#, "headers"),
    ];
    for (body, detail) in table {
        let answer = api().send(new_call(body)).await;
        assert_eq!(answer.problem(), (422, "invalid-field".to_owned()), "{body}");
        assert!(answer.detail().contains(detail), "{body}: {}", answer.detail());
    }
}

#[tokio::test]
async fn a_new_call_is_placed_although_its_client_hangs_up() {
    let mut api = api();
    let mut sending = Box::pin(api.router.clone().oneshot(new_call(PLAIN)));
    let ask = tokio::select! {
        _ = &mut sending => panic!("nobody has answered yet"),
        ask = api.asks.recv() => ask.unwrap(),
    };
    drop(sending);
    assert!(matches!(ask.command, Command::Originate(asked) if asked.to == "sip:1001@pbx.example.com"));
}

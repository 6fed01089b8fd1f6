use super::*;

async fn refused(refusal: Refusal) -> Answer {
    let (answer, _) = api().command(post(&examples::ringing(), "accept", ""), Err(refusal)).await;
    answer
}

fn code(answer: &Answer) -> (u16, String) {
    answer.problem()
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn every_refusal_of_the_agent_is_a_problem() {
    let call = || Arc::new(examples::established());
    let field = Refusal::InvalidField { field: "status", fault: "180–183".to_owned() };
    let table = [
        (Refusal::NotFound, 404, "call-not-found"),
        (Refusal::InvalidState(call()), 409, "invalid-state"),
        (Refusal::CallEnded(call()), 409, "call-ended"),
        (Refusal::NoCommonCodec(call()), 409, "no-common-codec"),
        (Refusal::VersionMismatch(call()), 412, "version-mismatch"),
        (field, 422, "invalid-field"),
        (Refusal::InvalidSdp("x".to_owned()), 422, "invalid-sdp"),
        (Refusal::InvalidHeader("x".to_owned()), 422, "invalid-header"),
        (Refusal::Overloaded, 503, "overloaded"),
        (Refusal::TooManyCalls(1), 503, "overloaded"),
        (Refusal::Draining, 503, "draining"),
        (Refusal::AckTimeout(call()), 504, "ack-timeout"),
        (Refusal::SipTimeout(call()), 504, "sip-timeout"),
    ];
    for (refusal, status, word) in table {
        assert_eq!(code(&refused(refusal).await), is(status, word));
    }
}

#[tokio::test]
async fn a_conflict_says_what_the_state_allows() {
    let call = Arc::new(examples::established());
    let problem = refused(Refusal::InvalidState(call.clone())).await.json();
    assert_eq!(problem["call_id"], call.id.to_string());
    assert_eq!(
        (&problem["state"], &problem["actions"]),
        (&"established".into(), &serde_json::json!(["hangup", "dtmf", "info", "message"]))
    );
    assert!(problem.get("end").is_none());
    assert!(
        problem["detail"].as_str().unwrap().ends_with("; it allows hangup, dtmf, info, message"),
        "{problem}"
    );
}

#[tokio::test]
async fn the_loser_of_a_race_is_told_how_the_call_ended() {
    let problem = refused(Refusal::CallEnded(Arc::new(examples::cancelled()))).await.json();
    assert_eq!(problem["end"]["cause"], "cancelled");
    assert_eq!((&problem["state"], &problem["actions"]), (&"ended".into(), &serde_json::json!([])));
}

#[tokio::test]
async fn a_call_that_the_agent_has_forgotten_but_the_board_has_not_has_ended() {
    let mut api = api();
    let call = Arc::new(examples::rejected());
    api.board.publish(vec![event(EventKind::Ended, &call)]);
    let (answer, _) = api.command(post(&call, "accept", ""), Err(Refusal::NotFound)).await;
    assert_eq!(code(&answer), is(409, "call-ended"));
    assert_eq!(answer.json()["end"]["sip_status"], 486);
}

#[tokio::test]
async fn a_refusal_for_now_says_when_to_try_again() {
    for refusal in [Refusal::Overloaded, Refusal::Draining] {
        let seconds: u32 = refused(refusal).await.header("retry-after").parse().unwrap();
        assert!(seconds > 0);
    }
}

#[tokio::test]
async fn a_version_mismatch_carries_the_version_that_is() {
    let answer = refused(Refusal::VersionMismatch(Arc::new(examples::ringing()))).await;
    assert_eq!(answer.header("etag"), "\"2\"");
}

#[tokio::test]
async fn a_call_without_a_codec_in_common_was_answered_488() {
    let answer = refused(Refusal::NoCommonCodec(Arc::new(examples::rejected()))).await;
    assert_eq!(answer.json()["sip_status"], 488);
}

#[tokio::test]
async fn a_full_queue_of_commands_is_an_overload() {
    let api = api();
    let sending: Vec<_> =
        (0..9).map(|_| api.router.clone().oneshot(post(&examples::ringing(), "ring", ""))).collect();
    let mut answers = futures_util::stream::FuturesUnordered::from_iter(sending);
    let first = futures_util::StreamExt::next(&mut answers).await.unwrap().unwrap();
    assert_eq!(code(&whole(first).await), is(503, "overloaded"));
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_says_why() {
    let table = [
        ("{", 400, "malformed", "not JSON"),
        (r#"{"status": 183,}"#, 400, "malformed", "not JSON"),
        ("[183]", 422, "invalid-field", "object"),
        ("null", 422, "invalid-field", "object"),
        (
            r#"{"status": "183"}"#,
            422,
            "invalid-field",
            "status: invalid type: string \"183\", expected a number from 180 to 183",
        ),
        (
            r#"{"status": -1}"#,
            422,
            "invalid-field",
            "status: invalid value: integer `-1`, expected a number from 180 to 183",
        ),
        (r#"{"status": null, "staus": null}"#, 422, "invalid-field", "`staus`, expected one of `status`"),
        (
            r#"{"status": 70000}"#,
            422,
            "invalid-field",
            "status: invalid value: integer `70000`, expected a number from 180 to 183",
        ),
        (r#"{"staus": 183}"#, 422, "invalid-field", "`staus`, expected one of `status`"),
        (r#"{"status": 180, "status": 183}"#, 422, "invalid-field", "duplicate field `status`"),
        (r#"{"staus": 183, }"#, 400, "malformed", "not JSON"),
        (r#"{"headers": [{"name": "X-A"}]}"#, 422, "invalid-field", "headers"),
    ];
    for (body, status, word, detail) in table {
        let answer = api().send(post(&examples::ringing(), "ring", body)).await;
        assert_eq!(code(&answer), is(status, word), "{body}");
        assert!(answer.detail().contains(detail), "{body}: {}", answer.detail());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_field_is_said_in_words_of_json() {
    let call = examples::ringing();
    let labels = |body: &'static str| {
        let patch =
            request("PATCH", &format!("/v1/calls/{}", call.id)).header("content-type", "application/json");
        patch.body(Body::from(body)).unwrap()
    };
    for (request, detail) in [
        (
            post(&call, "hangup", r#"{"reason": "busy"}"#),
            "reason: invalid type: string \"busy\", expected an object",
        ),
        (post(&call, "reject", r#"{"contacts": {}}"#), "contacts: invalid type: object, expected a list"),
        (post(&call, "reject", r#"{"reason": []}"#), "reason: invalid type: list, expected a string"),
        (labels(r#"{"labels": 1}"#), "labels: invalid type: integer `1`, expected an object"),
    ] {
        let answer = api().send(request).await;
        assert_eq!(code(&answer), is(422, "invalid-field"));
        assert_eq!(answer.detail(), detail);
    }
}

#[tokio::test]
async fn whatever_is_given_for_a_word_the_words_are_named() {
    let call = examples::established();
    for given in ["5", "-1.5", "true", "[\"sent\"]", "{}", "{\"sent\":1}", "\"x\""] {
        for (command, body, words) in [
            ("accept", format!("{{\"wait\":{given}}}"), "expected `established` or `sent`"),
            ("dtmf", format!("{{\"digits\":\"1\",\"via\":{given}}}"), "expected `info` or `rfc4733`"),
        ] {
            let answer = api().send(post(&call, command, &body)).await;
            assert_eq!(code(&answer), is(422, "invalid-field"), "{body}");
            let field = if command == "dtmf" { "via" } else { "wait" };
            let given = given.trim_matches('"');
            assert_eq!(answer.detail(), format!("{field}: unknown value `{given}`, {words}"));
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_not_read() {
    for content_type in ["application/x-www-form-urlencoded", "text/json", ""] {
        let mut request = post(&examples::ringing(), "ring", "{}");
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        assert_eq!(code(&api().send(request).await), is(415, "unsupported-media-type"), "{content_type}");
    }
}

#[tokio::test]
async fn a_body_over_the_bound_is_too_large() {
    let body = format!(r#"{{"sdp": "{}"}}"#, "x".repeat(256 * 1024));
    assert_eq!(code(&api().send(post(&examples::ringing(), "accept", &body)).await), is(413, "too-large"));
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    for path in ["/", "/v1", "/v2/calls", "/v1/calls/", "/v1/calls/x/y/z"] {
        assert_eq!(code(&api().get(path).await), is(404, "not-found"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let id = examples::ringing().id;
    let send =
        async |method: &str, path: &str| api().send(request(method, path).body(Body::empty()).unwrap()).await;
    let answer = send("PUT", &format!("/v1/calls/{id}")).await;
    assert_eq!(code(&answer), is(405, "method-not-allowed"));
    let mut allowed: Vec<_> = answer.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "GET", "HEAD", "PATCH"]);
    assert_eq!(send("GET", &format!("/v1/calls/{id}/ring")).await.header("allow"), "POST");
    assert_eq!(code(&send("PUT", "/v1/calls").await), is(405, "method-not-allowed"));
}

#[tokio::test]
async fn options_says_which_methods_there_are() {
    let answer = api().send(request("OPTIONS", "/v1/calls").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::NO_CONTENT, "GET,HEAD,POST"));
}

#[tokio::test]
async fn head_has_the_head_of_get_alone() {
    let api = api();
    let call = api.show(examples::ringing());
    let answer =
        api.send(request("HEAD", &format!("/v1/calls/{}", call.id)).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("etag"), answer.body.as_str()), (StatusCode::OK, "\"2\"", ""));
    let stream = api.send(request("HEAD", "/v1/events").body(Body::empty()).unwrap()).await;
    let head = ["content-type", "content-length"].map(|name| stream.header(name));
    assert_eq!((head, stream.body.as_str()), (["text/event-stream", ""], ""), "its length is not known");
}

#[tokio::test]
async fn a_panic_is_a_problem_without_its_details() {
    let answer = whole(crate::http::error::panicked(Box::new("inside"))).await;
    assert_eq!(code(&answer), is(500, "internal"));
    assert!(!answer.body.contains("inside"));
}

#[tokio::test]
async fn the_probe_for_readiness_fails_while_draining() {
    let api = api();
    assert_eq!(api.get("/readyz").await.json(), serde_json::json!({"status": "ready"}));
    api.board.drain();
    api.board.publish(vec![crate::state::Told::Draining(NOW)]);
    let answer = api.get("/readyz").await;
    assert_eq!(code(&answer), is(503, "draining"));
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(api.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let api = api();
    let request = |version, hosts: &[&str]| {
        let mut request = axum::http::Request::builder().uri("/livez").version(version);
        for host in hosts {
            request = request.header("host", *host);
        }
        request.body(Body::empty()).unwrap()
    };
    use axum::http::Version;
    for hosts in [&[][..], &["localhost", "localhost"], &["a b"], &["user@localhost"]] {
        let answer = api.send(request(Version::HTTP_11, hosts)).await;
        assert_eq!(code(&answer), is(400, "malformed"), "{hosts:?}");
        assert!(answer.detail().starts_with("Host: "), "{}", answer.detail());
    }
    assert_eq!(code(&api.send(request(Version::HTTP_10, &["a", "a"])).await), is(400, "malformed"));
    for (version, hosts) in [
        (Version::HTTP_10, &[][..]),
        (Version::HTTP_11, &[""]),
        (Version::HTTP_11, &["localhost:8080"]),
        (Version::HTTP_11, &["[::1]:8080"]),
        (Version::HTTP_11, &["my_host"]),
    ] {
        assert_eq!(api.send(request(version, hosts)).await.status, 200, "{hosts:?}");
    }
}

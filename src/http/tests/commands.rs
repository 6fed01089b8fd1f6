use super::*;

fn ok(call: Call) -> Result<Arc<Call>, Refusal> {
    Ok(Arc::new(call))
}

#[tokio::test]
async fn a_command_answers_with_the_call_as_it_then_is() {
    let mut api = api();
    let call = examples::established();
    let (answer, command) = api.command(post(&call, "accept", ""), ok(call.clone())).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"4\""));
    assert_eq!(answer.json(), serde_json::to_value(&call).unwrap());
    assert_eq!((command.call, command.if_version), (call.id, None));
    assert!(matches!(command.action, Action::Accept(_)));
}

#[tokio::test]
async fn an_empty_body_means_the_defaults_and_needs_no_content_type() {
    let mut api = api();
    let call = examples::ringing();
    let bare = |command: &str| {
        let path = format!("/v1/calls/{}/{command}", call.id);
        request("POST", &path).body(Body::empty()).unwrap()
    };
    let (_, command) = api.command(bare("ring"), ok(call.clone())).await;
    assert!(matches!(command.action, Action::Ring(ring) if ring.status == 180 && !ring.early_media));
    let (_, command) = api.command(bare("reject"), ok(call.clone())).await;
    assert!(matches!(command.action, Action::Reject(reject) if reject.status == 486));
    let (_, command) = api.command(bare("cancel"), ok(call.clone())).await;
    assert!(matches!(command.action, Action::Cancel(cancel) if cancel.status == 487));
    let (_, command) = api.command(bare("hangup"), ok(call.clone())).await;
    assert!(matches!(command.action, Action::Hangup(hangup) if hangup.reason.is_none()));
}

#[tokio::test]
async fn null_for_what_has_a_default_is_the_default() {
    let (call, nulls) = (
        examples::ringing(),
        [
            ("ring", r#"{"status": null, "sdp": null, "early_media": null, "headers": null}"#, ""),
            ("accept", r#"{"sdp": null, "headers": null, "wait": null}"#, ""),
            ("reject", r#"{"status": null, "reason": null, "contacts": null, "headers": null}"#, ""),
            ("cancel", r#"{"status": null}"#, ""),
            ("dtmf", r#"{"digits": "1", "duration_ms": null, "via": null}"#, r#"{"digits": "1"}"#),
            (
                "claim",
                r#"{"owner": "crm", "ttl_seconds": 60, "takeover": null}"#,
                r#"{"owner": "crm", "ttl_seconds": 60}"#,
            ),
        ],
    );
    for (name, with_nulls, without) in nulls {
        let action = async |body| {
            let (_, command) = api().command(post(&call, name, body), ok(examples::ringing())).await;
            format!("{:?}", command.action)
        };
        assert_eq!(action(with_nulls).await, action(without).await);
    }
}

#[tokio::test]
async fn a_body_is_taken_field_by_field() {
    let mut api = api();
    let call = examples::ringing();
    let body = r#"{"reason": {"protocol": "Q.850", "cause": 16}, "headers": {"X-A": "1"}}"#;
    let (_, command) = api.command(post(&call, "hangup", body), ok(call.clone())).await;
    let Action::Hangup(hangup) = command.action else { panic!("{command:?}") };
    assert_eq!(hangup.reason.unwrap().cause, Some(16));
    assert_eq!((hangup.headers[0].name.as_str(), hangup.headers[0].value.as_str()), ("X-A", "1"));
}

#[tokio::test]
async fn delete_hangs_up_and_answers_with_the_ended_call() {
    let mut api = api();
    let call = examples::hung_up();
    let delete = request("DELETE", &format!("/v1/calls/{}", call.id)).body(Body::empty()).unwrap();
    let (answer, command) = api.command(delete, ok(call)).await;
    assert_eq!((answer.status, &answer.json()["state"]), (StatusCode::OK, &"ended".into()));
    assert!(matches!(command.action, Action::Hangup(_)));
}

#[tokio::test]
async fn delete_takes_no_fields() {
    let mut api = api();
    let call = api.show(examples::claimed());
    for path in
        [&format!("/v1/calls/{}", call.id), &format!("/v1/calls/{}/claim", call.id), "/v1/webhooks/crm"]
    {
        let with = |content_type: &str, body: &'static str| {
            request("DELETE", path).header("content-type", content_type).body(Body::from(body)).unwrap()
        };
        let answer = api.send(with("application/json", r#"{"reason": "x"}"#)).await;
        assert_eq!(answer.problem(), (422, "invalid-field".to_owned()), "{path}");
        assert!(answer.detail().contains("`reason`"), "{}", answer.detail());
        let answer = api.send(with("text/plain", "bye")).await;
        assert_eq!(answer.problem(), (415, "unsupported-media-type".to_owned()), "{path}");
        if path.starts_with("/v1/calls") {
            let (answer, _) = api.command(with("application/json", "{}"), Ok(call.clone())).await;
            assert_eq!(answer.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn labels_are_patched_by_merge_patch_or_json() {
    let mut api = api();
    let call = examples::ringing();
    let patch = |content_type: &str, body: &str| {
        let path = format!("/v1/calls/{}", call.id);
        request("PATCH", &path)
            .header("content-type", content_type)
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let merge = patch("application/merge-patch+json", r#"{"labels": {"ticket": "4712", "stale": null}}"#);
    let (_, command) = api.command(merge, ok(call.clone())).await;
    let Action::Label(labels) = command.action else { panic!("{command:?}") };
    let labels: Vec<_> = labels.labels.unwrap().into_iter().collect();
    assert_eq!(labels, [("stale".to_owned(), None), ("ticket".to_owned(), Some("4712".to_owned()))]);
    let (_, command) =
        api.command(patch("application/json; charset=utf-8", r#"{"labels": null}"#), ok(call.clone())).await;
    assert!(matches!(command.action, Action::Label(labels) if labels.labels.is_none()), "null removes all");
    let (_, command) = api.command(patch("application/json", "{}"), ok(call.clone())).await;
    assert!(
        matches!(command.action, Action::Label(labels) if labels.labels == Some([].into())),
        "nothing changes"
    );
}

#[tokio::test]
async fn if_match_becomes_the_version_that_is_wanted() {
    let mut api = api();
    let call = api.show(examples::ringing());
    let wanted = [
        ("\"7\"", Some(7)),
        ("*", None),
        ("\"1\", \"2\"", Some(2)),
        ("W/\"2\"", Some(0)),
        ("\"x\"", Some(0)),
    ];
    for (tags, version) in wanted {
        let mut request = post(&call, "ring", "");
        request.headers_mut().insert("if-match", tags.parse().unwrap());
        let (_, command) = api.command(request, Ok(call.clone())).await;
        assert_eq!(command.if_version, version, "{tags}");
    }
    let mut request = post(&call, "ring", "");
    request.headers_mut().insert("if-match", "2".parse().unwrap());
    assert_eq!(api.send(request).await.problem(), (400, "malformed".to_owned()));
}

#[tokio::test]
async fn a_command_reaches_the_agent_whole_although_its_client_hangs_up() {
    let mut api = api();
    let call = examples::ringing();
    let mut sending = Box::pin(api.router.clone().oneshot(post(&call, "accept", "{}")));
    let ask = tokio::select! {
        _ = &mut sending => panic!("nobody has answered yet"),
        ask = api.asks.recv() => ask.unwrap(),
    };
    drop(sending);
    assert!(matches!(ask.command, Command::Call(command) if matches!(command.action, Action::Accept(_))));
    assert!(ask.answer.is_closed(), "the agent can see that nobody waits any more");
}

#[tokio::test]
async fn headers_as_an_object_keep_their_order_and_their_repetitions() {
    let mut api = api();
    let call = examples::ringing();
    let body = r#"{"headers": {"X-B": "1", "X-A": "2", "X-B": "3"}}"#;
    let (_, command) = api.command(post(&call, "ring", body), ok(call.clone())).await;
    let Action::Ring(ring) = command.action else { panic!("not a ring") };
    let headers: Vec<_> = ring.headers.iter().map(|header| (&*header.name, &*header.value)).collect();
    assert_eq!(headers, [("X-B", "1"), ("X-A", "2"), ("X-B", "3")]);
}

use super::*;

async fn conditional(api: &Api, call: &Call, tags: &str) -> Answer {
    let path = format!("/v1/calls/{}", call.id);
    api.send(request("GET", &path).header("if-none-match", tags).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_call_is_read_with_its_version_as_etag() {
    let api = api();
    let call = api.show(examples::ringing());
    let answer = api.get(&format!("/v1/calls/{}", call.id)).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
    assert_eq!(answer.json(), serde_json::to_value(&*call).unwrap());
}

#[tokio::test]
async fn a_call_that_the_client_has_already_is_not_sent_again() {
    let api = api();
    let call = api.show(examples::ringing());
    for tags in ["\"2\"", "\"1\", W/\"2\"", "*"] {
        let answer = conditional(&api, &call, tags).await;
        assert_eq!(
            (answer.status, answer.body.as_str(), answer.header("etag")),
            (StatusCode::NOT_MODIFIED, "", "\"2\"")
        );
    }
    assert_eq!(conditional(&api, &call, "\"1\"").await.status, 200);
}

#[tokio::test]
async fn what_is_no_call_is_not_found() {
    let api = api();
    for id in ["call_01JD8Q4V6T0000000000000000", "call_1", "call_01jd8q4v6t0000000000000000", "%FF"] {
        assert_eq!(
            api.get(&format!("/v1/calls/{id}")).await.problem(),
            (404, "call-not-found".to_owned()),
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_list_says_where_to_go_on() {
    let api = api();
    let call = api.show(examples::ringing());
    let list = api.get("/v1/calls").await.json();
    let expected = serde_json::json!({"calls": [&*call], "next_cursor": null, "last_event_id": "7f3a-1"});
    assert_eq!(list, expected);
}

#[tokio::test]
async fn a_list_is_paged() {
    let api = api();
    let older = api.show(examples::ringing());
    let newer =
        api.show(Call { id: crate::agent::CallId::new(NOW.milliseconds() + 1, 0), ..examples::ringing() });
    let first = api.get("/v1/calls?limit=1").await.json();
    assert_eq!(first["calls"][0]["id"], newer.id.to_string());
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = api.get(&format!("/v1/calls?limit=1&cursor={cursor}")).await.json();
    assert_eq!(
        (&second["calls"][0]["id"], &second["next_cursor"]),
        (&older.id.to_string().into(), &Value::Null)
    );
}

#[tokio::test]
async fn every_filter_narrows_a_list() {
    let api = api();
    api.show(examples::ringing());
    let fits = "state=offered,ringing&direction=inbound&from=1001&to=sip:1000@10.0.0.1:10000;transport%3Dtcp\
                &header.x-VOICE_call_number=18300000000&header.X-empolyee_id=1001&label.ticket=4711";
    assert_eq!(api.get(&format!("/v1/calls?{fits}")).await.json()["calls"].as_array().unwrap().len(), 1);
    let misfits = [
        "state=ended",
        "direction=outbound",
        "account=1000",
        "from=1002",
        "to=1001",
        "header.X-A=1",
        "label.a=b",
    ];
    for misfit in misfits {
        assert_eq!(
            api.get(&format!("/v1/calls?{misfit}")).await.json()["calls"],
            serde_json::json!([]),
            "{misfit}"
        );
    }
}

#[tokio::test]
async fn a_parameter_that_cannot_be_understood_is_named() {
    let api = api();
    let queries = [
        ("sate=ended", "`sate`"),
        ("types=call.ended", "`types`"),
        ("headers.X-A=1", "`headers.X-A`"),
        ("state=ended,gone", "state: unknown value `gone`, expected one of `offered`"),
        ("state=", "state:"),
        ("direction=in", "direction:"),
        ("header.=1", "`header.`"),
        ("label.=1", "`label.`"),
        ("header.From=1001", "`header.From`: ask by `from`"),
        ("header.to=1000", "`header.to`: ask by `to`"),
        ("limit=0", "limit:"),
        ("limit=1001", "limit:"),
        ("limit=ten", "limit:"),
        ("cursor=abc", "cursor:"),
        ("from=1&from=2", "`from` is given twice"),
    ];
    for (query, named) in queries {
        let answer = api.get(&format!("/v1/calls?{query}")).await;
        assert_eq!(answer.problem(), (400, "malformed".to_owned()), "{query}");
        assert!(answer.detail().contains(named), "{query}: {}", answer.detail());
    }
}

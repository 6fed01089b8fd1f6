use super::*;

use crate::http::document::examples;

/// An API that knows these ended calls, and one that goes on.
fn with(calls: Vec<Call>) -> Api {
    let api = api();
    for call in calls {
        api.board.publish(vec![event(EventKind::Ended, &Arc::new(call))]);
    }
    api.show(Call { id: CallId::new(u64::MAX >> 16, 0), ..examples::ringing() });
    api
}

/// The n-th of some calls.
fn numbered(number: u64, call: Call) -> Call {
    Call { id: CallId::new(call.created_at.milliseconds() + number, 0), ..call }
}

async fn causes(api: &Api, query: &str) -> Vec<String> {
    let page = api.get(&format!("/v1/records{query}")).await.json();
    let records = page["records"].as_array().unwrap().clone();
    records.iter().map(|record| record["end"]["cause"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn ended_calls_are_recorded_newest_first() {
    let api = with(vec![numbered(1, examples::hung_up()), numbered(2, examples::cancelled())]);
    let page = api.get("/v1/records").await.json();
    assert_eq!(page["next_cursor"], serde_json::Value::Null);
    let [cancelled, hung_up] = page["records"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!(
        (&cancelled["end"]["cause"], &cancelled["duration_seconds"]),
        (&"cancelled".into(), &0.0.into())
    );
    assert_eq!(hung_up["end"]["cause"], "hangup");
    assert!(hung_up["duration_seconds"].as_f64().unwrap() > 0.0);
    let schema = serde_json::json!({"$ref": "#/components/schemas/RecordPage"});
    schema::check(&DOCUMENT, &schema, &page).unwrap();
}

#[tokio::test]
async fn records_are_filtered_and_paged() {
    let api = with((0..5).map(|number| numbered(number, examples::hung_up())).collect());
    assert_eq!(causes(&api, "?cause=cancelled,lost").await, [""; 0]);
    assert_eq!(causes(&api, "?cause=hangup&direction=inbound").await.len(), 5);
    assert_eq!(causes(&api, "?from=nobody").await, [""; 0]);
    assert_eq!(causes(&api, "?state=ringing,established").await, [""; 0], "no such call has a record");
    assert_eq!(causes(&api, "?state=ringing,ended").await.len(), 5);
    let begun = examples::hung_up().created_at.to_string();
    assert_eq!(causes(&api, &format!("?since={begun}")).await.len(), 5);
    assert_eq!(causes(&api, &format!("?until={begun}")).await, [""; 0]);
    let mut seen = 0;
    let mut query = "?limit=2".to_owned();
    loop {
        let page = api.get(&format!("/v1/records{query}")).await.json();
        seen += page["records"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 5);
    for wrong in ["since=yesterday", "until=2026-11-22", "since=2026-11-22T10:15:30+01:00"] {
        let detail = api.get(&format!("/v1/records?{wrong}")).await.detail();
        assert!(detail.contains("RFC 3339, as in 2026-11-22T10:15:30Z"), "{wrong}: {detail}");
    }
    let offset = "since=2026-11-22T10:15:30%2B01:00";
    assert_eq!(api.get(&format!("/v1/records?{offset}")).await.status, 200);
    for wrong in ["?cause=tired", "?since=yesterday", "?after=earliest"] {
        assert_eq!(api.get(&format!("/v1/records{wrong}")).await.problem(), (400, "malformed".to_owned()));
    }
}

#[tokio::test]
async fn records_come_in_the_form_that_is_liked_best() {
    let api = with(vec![examples::hung_up()]);
    for (accept, form) in [
        ("text/csv", "text/csv"),
        ("text/csv;q=0", "application/json"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("text/html", "application/json"),
    ] {
        let asked = request("GET", "/v1/records").header("accept", accept).body(Body::empty()).unwrap();
        let answer = api.send(asked).await;
        assert!(answer.header("content-type").starts_with(form), "{accept}");
    }
}

#[tokio::test]
async fn records_come_as_csv_that_a_spreadsheet_takes_for_text() {
    let from = Arc::new(crate::agent::event::Party { uri: "=cmd(\"x\"),1".into(), display_name: None });
    let api = with(vec![Call { from, ..examples::hung_up() }, numbered(1, examples::cancelled())]);
    let asked =
        request("GET", "/v1/records?limit=1").header("accept", "text/csv").body(Body::empty()).unwrap();
    let first = api.send(asked).await;
    assert!(first.header("content-type").starts_with("text/csv"), "{}", first.body);
    let path = format!("/v1/records?cursor={}", first.header("next-cursor"));
    let asked = request("GET", &path).header("accept", "text/csv").body(Body::empty()).unwrap();
    let second = api.send(asked).await;
    assert_eq!(second.headers.get("next-cursor"), None);
    let lines: Vec<_> = second.body.split("\r\n").collect();
    assert_eq!(lines[0], first.body.split("\r\n").next().unwrap());
    assert!(lines[1].contains(",\"'=cmd(\"\"x\"\"),1\","), "{}", lines[1]);
    assert_eq!((lines.len(), lines[2]), (3, ""));
}

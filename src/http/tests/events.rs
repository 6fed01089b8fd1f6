use super::*;

use axum::body::BodyDataStream;
use futures_util::StreamExt;

struct Stream {
    headers: HeaderMap,
    body: BodyDataStream,
}

impl Stream {
    async fn next(&mut self) -> Option<String> {
        Some(String::from_utf8(self.body.next().await?.unwrap().to_vec()).unwrap())
    }
}

async fn open(api: &Api, path: &str, headers: &[(&'static str, &str)]) -> Stream {
    let mut request = request("GET", path).body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (head, body) = api.open(request).await.into_parts();
    assert_eq!(head.status, 200);
    let mut stream = Stream { headers: head.headers, body: body.into_data_stream() };
    let greeting = stream.next().await.unwrap();
    assert!(greeting.starts_with(": ") || greeting == "\n", "{greeting}");
    stream
}

fn publish(api: &Api) -> Arc<Call> {
    let call = Arc::new(examples::ringing());
    let ended = Arc::new(examples::cancelled());
    api.board.publish(vec![event(EventKind::Offered, &call), event(EventKind::Ended, &ended)]);
    call
}

/// The `id` and `event` lines.
fn heads(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("id:") || line.starts_with("event:")).collect()
}

#[tokio::test]
async fn a_stream_of_events_opens_at_once_and_is_not_cached() {
    let api = api();
    let mut stream = open(&api, "/v1/events", &[]).await;
    let header = |name: &str| stream.headers[name].to_str().unwrap();
    let headers = ["content-type", "cache-control", "x-accel-buffering"].map(header);
    assert_eq!(headers, ["text/event-stream", "no-store", "no"]);
    publish(&api);
    let text = stream.next().await.unwrap();
    assert_eq!(heads(&text), ["id: 7f3a-1", "event: call.offered", "id: 7f3a-2", "event: call.ended"]);
}

#[tokio::test]
async fn lines_of_json_hold_the_same_envelopes() {
    let api = api();
    publish(&api);
    let stream = open(&api, "/v1/events?after=earliest", &[("accept", "application/x-ndjson")]).await;
    assert_eq!(stream.headers["content-type"], "application/x-ndjson");
    for (accept, form) in [
        ("application/x-ndjson;q=0, text/event-stream", "text/event-stream"),
        ("text/event-stream;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("application/json", "text/event-stream"),
    ] {
        let stream = open(&api, "/v1/events?after=earliest", &[("accept", accept)]).await;
        assert_eq!(stream.headers["content-type"], form, "{accept}");
    }
    let mut lines = stream;
    let mut events = open(&api, "/v1/events?after=earliest", &[("accept", "text/event-stream, */*")]).await;
    let data = events.next().await.unwrap();
    let data: String = data
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .fold(String::new(), |all, line| all + line + "\n");
    assert_eq!(lines.next().await.unwrap(), data);
}

#[tokio::test]
async fn last_event_id_resumes_and_wins_over_after() {
    let api = api();
    publish(&api);
    let mut stream = open(&api, "/v1/events?after=earliest", &[("last-event-id", "7f3a-1")]).await;
    assert_eq!(heads(&stream.next().await.unwrap()), ["id: 7f3a-2", "event: call.ended"]);
    let mut stream = open(&api, "/v1/events?after=7f3a-1", &[]).await;
    assert_eq!(heads(&stream.next().await.unwrap()), ["id: 7f3a-2", "event: call.ended"]);
}

#[tokio::test]
async fn a_gap_is_the_first_frame_and_has_no_id() {
    let api = api();
    publish(&api);
    let mut stream = open(&api, "/v1/events?after=beef-1", &[]).await;
    assert_eq!(heads(&stream.next().await.unwrap()), ["event: stream.gap"]);
    assert_eq!(heads(&stream.next().await.unwrap()).len(), 4);
}

#[tokio::test]
async fn types_and_filters_narrow_a_stream() {
    let api = api();
    publish(&api);
    for query in ["types=call.ended,stream.*", "state=ended", "label.ticket=4711&types=call.ended"] {
        let mut stream = open(&api, &format!("/v1/events?after=earliest&{query}"), &[]).await;
        assert_eq!(heads(&stream.next().await.unwrap()), ["id: 7f3a-2", "event: call.ended"], "{query}");
    }
}

#[tokio::test]
async fn registrations_are_told_beside_calls_unless_the_stream_is_narrowed_to_calls() {
    let api = api();
    publish(&api);
    let account = Arc::new(examples::registered());
    api.board.publish(vec![crate::agent::AccountEvent { time: NOW, account }]);
    let registration = ["id: 7f3a-3", "event: registration.changed"];
    for query in ["types=registration.changed", "account=1000", "account=1000&types=registration.*"] {
        let mut stream = open(&api, &format!("/v1/events?after=earliest&{query}"), &[]).await;
        assert_eq!(heads(&stream.next().await.unwrap()), registration, "{query}");
    }
    let lines = [("accept", "application/x-ndjson")];
    let mut stream = open(&api, "/v1/events?after=7f3a-2", &lines).await;
    let line: Value = serde_json::from_str(&stream.next().await.unwrap()).unwrap();
    assert_eq!((&line["type"], &line["subject"]), (&"registration.changed".into(), &"1000".into()));
    schema::check(&DOCUMENT, &serde_json::json!({"$ref": "#/components/schemas/CloudEvent"}), &line).unwrap();
    for query in ["account=1001", "header.X-empolyee_id=1001", "direction=inbound", "types=call.*"] {
        let path = format!("/v1/events?after=earliest&{query}");
        let mut stream = open(&api, &path, &[]).await;
        api.board.close();
        while let Some(chunk) = stream.next().await {
            assert!(!chunk.contains("registration"), "{query}: {chunk}");
        }
    }
}

#[tokio::test]
async fn a_stream_of_a_call_closes_after_its_end() {
    let api = api();
    let call = publish(&api);
    let mut stream = open(&api, &format!("/v1/calls/{}/events", call.id), &[]).await;
    assert_eq!(heads(&stream.next().await.unwrap()).len(), 4);
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn an_ended_call_without_news_has_no_content_so_that_a_browser_does_not_come_again() {
    let api = api();
    let call = publish(&api);
    let answer = api.get(&format!("/v1/calls/{}/events?after=7f3a-2", call.id)).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn a_stream_of_no_call_is_not_found() {
    let answer = api().get(&format!("/v1/calls/{}/events", examples::ringing().id)).await;
    assert_eq!(answer.problem(), (404, "call-not-found".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_beats_every_fifteen_seconds() {
    let api = api();
    let mut events = open(&api, "/v1/events", &[]).await;
    let mut lines = open(&api, "/v1/events", &[("accept", "application/x-ndjson")]).await;
    let start = tokio::time::Instant::now();
    assert_eq!(events.next().await.unwrap(), ": heartbeat\n\n");
    assert_eq!(start.elapsed().as_secs(), 15);
    assert_eq!(lines.next().await.unwrap(), "\n");
}

#[tokio::test]
async fn a_stream_ends_when_the_board_is_closed() {
    let api = api();
    let mut stream = open(&api, "/v1/events", &[]).await;
    publish(&api);
    api.board.close();
    assert_eq!(heads(&stream.next().await.unwrap()).len(), 4);
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn what_is_no_position_or_type_is_malformed() {
    let api = api();
    let call = publish(&api);
    let of_call = format!("/v1/calls/{}/events?state=ended", call.id);
    for path in ["/v1/events?after=7", "/v1/events?types=call.gone", "/v1/events?limit=1", &of_call] {
        assert_eq!(api.get(path).await.problem(), (400, "malformed".to_owned()), "{path}");
    }
    let filters = (0..17).map(|name| format!("header.{name}=x&")).collect::<String>();
    assert_eq!(api.get(&format!("/v1/events?{filters}")).await.problem(), (400, "malformed".to_owned()));
    assert_eq!(api.get(&format!("/v1/calls?{}", &filters[11..])).await.status, 200);
    let types = api.get("/v1/events?types=call.gone").await.detail();
    assert!(types.contains("`call.gone`; there are call.offered"), "{types}");
    let request = request("GET", "/v1/events").header("last-event-id", "x").body(Body::empty()).unwrap();
    assert_eq!(api.send(request).await.problem(), (400, "malformed".to_owned()));
}

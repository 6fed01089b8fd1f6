use super::*;

use futures_util::FutureExt;

use crate::http::document::examples;
use crate::state::tests::journal::Data;

fn keyed(call: &Call, key: &str, body: &str) -> Request<Body> {
    let mut request = post(call, "ring", body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

#[tokio::test]
async fn the_same_command_with_the_same_key_is_done_once_and_answered_again() {
    let mut api = api();
    let call = api.show(examples::ringing());
    let (first, _) = api.command(keyed(&call, "k1", "{}"), Ok(call.clone())).await;
    assert_eq!((first.status, first.headers.get("idempotency-replayed")), (StatusCode::OK, None));
    let again = api.send(keyed(&call, "k1", "{}")).await;
    assert!(api.asks.try_recv().is_err(), "the agent is not asked again");
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name));
    }
    assert_eq!(again.header("idempotency-replayed"), "true");
    let (_, other) = api.command(keyed(&call, "k2", "{}"), Ok(call.clone())).await;
    assert_eq!(other.call, call.id, "another key is another command");
}

#[tokio::test]
async fn a_refusal_is_given_again_too_but_not_that_nothing_was_done() {
    let mut api = api();
    let call = api.show(examples::ringing());
    let refusal = || Err(Refusal::InvalidState(call.clone()));
    let (first, _) = api.command(keyed(&call, "k1", "{}"), refusal()).await;
    assert_eq!(first.problem().0, 409);
    assert_eq!(api.send(keyed(&call, "k1", "{}")).await.problem(), (409, "invalid-state".to_owned()));
    let (first, _) = api.command(keyed(&call, "k2", "{}"), Err(Refusal::Overloaded)).await;
    assert_eq!(first.problem().0, 503);
    let (second, _) = api.command(keyed(&call, "k2", "{}"), Ok(call.clone())).await;
    assert_eq!(second.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_is_for_one_command() {
    let mut api = api();
    let call = api.show(examples::ringing());
    api.command(keyed(&call, "k1", "{}"), Ok(call.clone())).await;
    let other = keyed(&call, "k1", r#"{"status": 183}"#);
    assert_eq!(api.send(other).await.problem(), (422, "idempotency-key-reused".to_owned()));
    let mut elsewhere = keyed(&call, "k1", "{}");
    *elsewhere.uri_mut() = format!("/v1/calls/{}/accept", call.id).parse().unwrap();
    assert_eq!(api.send(elsewhere).await.problem(), (422, "idempotency-key-reused".to_owned()));
}

#[tokio::test]
async fn while_the_first_is_under_way_the_second_is_told_so() {
    let mut api = api();
    let call = api.show(examples::ringing());
    let sending = tokio::spawn(api.router.clone().oneshot(keyed(&call, "k1", "{}")));
    let ask = api.asks.recv().await.unwrap();
    assert_eq!(api.send(keyed(&call, "k1", "{}")).await.problem(), (409, "request-in-flight".to_owned()));
    ask.answer.send(Ok(Done::Call(call.clone()))).unwrap();
    assert_eq!(sending.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(api.send(keyed(&call, "k1", "{}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_its_answer_later() {
    let mut api = api();
    let call = api.show(examples::ringing());
    let sending = tokio::spawn(api.router.clone().oneshot(keyed(&call, "k1", "{}")));
    let ask = api.asks.recv().await.unwrap();
    sending.abort();
    let _ = sending.await;
    ask.answer.send(Ok(Done::Call(call.clone()))).unwrap();
    loop {
        let again = api.send(keyed(&call, "k1", "{}")).await;
        if again.status == StatusCode::OK {
            break;
        }
        assert_eq!(again.problem().1, "request-in-flight");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_while_its_key_is_put_on_record_leaves_it_to_nobody() {
    let mut api = api();
    let data = Data::new();
    let (journal, _) = data.open();
    let (commander, asks) = Commander::channel(8);
    let answers = Answers::new(api.board.clone(), Some(journal.clone()), Vec::new());
    api.router = router(Context { answers, ..context(&api.board, commander) });
    api.asks = asks;
    let call = api.show(examples::ringing());
    // It hangs up as soon as it has sent.
    assert!(api.router.clone().oneshot(keyed(&call, "k1", "{}")).now_or_never().is_none());
    let ask = api.asks.recv().await.unwrap();
    ask.answer.send(Ok(Done::Call(call.clone()))).unwrap();
    while api.send(keyed(&call, "k1", "{}")).await.status != StatusCode::OK {
        tokio::task::yield_now().await;
    }
    journal.close().await;
}

#[tokio::test]
async fn a_key_that_is_none_is_malformed_and_reads_need_none() {
    let api = api();
    let call = api.show(examples::ringing());
    for key in ["", &"x".repeat(256)] {
        assert_eq!(api.send(keyed(&call, key, "{}")).await.problem(), (400, "malformed".to_owned()));
    }
    let read = request("GET", "/v1/calls").header("idempotency-key", "k1").body(Body::empty()).unwrap();
    assert_eq!(api.send(read).await.status, StatusCode::OK);
}

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
async fn another_client_has_other_keys() {
    let mut api = api();
    let (commander, asks) = Commander::channel(8);
    let keys = ["crm", "phone"].map(|name| a_key(name, &Scope::ALL)).into();
    let access = Access::new(Doors { keys, tokens: None }, None, Limits::default());
    api.router = router(Context { access, ..context(&api.board, commander) });
    api.asks = asks;
    let call = api.show(examples::ringing());
    let by = |client: &str, body: &str| {
        let mut request = keyed(&call, "k1", body);
        request.headers_mut().insert("authorization", format!("Bearer {client}").parse().unwrap());
        request
    };
    api.command(by("crm", "{}"), Err(Refusal::InvalidState(call.clone()))).await;
    let (other, _) = api.command(by("phone", "{}"), Ok(call.clone())).await;
    assert_eq!((other.status, other.headers.get("idempotency-replayed")), (StatusCode::OK, None));
    assert_eq!(api.send(by("crm", "{}")).await.status, StatusCode::CONFLICT);
    assert_eq!(api.send(by("phone", "{}")).await.header("idempotency-replayed"), "true");
    let reused = api.send(by("phone", r#"{"status": 183}"#)).await;
    assert_eq!(reused.problem(), (422, "idempotency-key-reused".to_owned()));
}

#[tokio::test]
async fn a_command_of_another_owner_or_to_another_version_is_another_command() {
    let mut api = api();
    let call = api.show(examples::ringing());
    let with = |key: &str, headers: &[(&'static str, &str)]| {
        let mut request = keyed(&call, key, "{}");
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    };
    let one = [("claim-owner", "o1"), ("claim-fence", "1"), ("if-match", "\"2\"")];
    api.command(with("k1", &one), Ok(call.clone())).await;
    assert_eq!(api.send(with("k1", &one)).await.header("idempotency-replayed"), "true");
    for (place, other) in ["o2", "2", "\"3\""].into_iter().enumerate() {
        let (mut changed, mut fewer) = (one.to_vec(), one.to_vec());
        changed[place].1 = other;
        fewer.remove(place);
        for headers in [changed, fewer] {
            let reused = api.send(with("k1", &headers)).await;
            assert_eq!(reused.problem(), (422, "idempotency-key-reused".to_owned()), "{headers:?}");
        }
    }
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

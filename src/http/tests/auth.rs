use super::*;

use axum::http::Method;

use crate::access::{MaybeRate, Rate};
use crate::http::scopes;

async fn with(api: &Api, path: &str, authorization: &str) -> Answer {
    api.send(request("GET", path).header("authorization", authorization).body(Body::empty()).unwrap()).await
}

/// One that lets in by these keys.
fn guarded(keys: Vec<Key>, limits: Limits) -> (Api, Access) {
    let access = Access::new(Doors { keys, tokens: None }, None, limits);
    let board = Board::new(Settings::default());
    let (commander, asks) = Commander::channel(8);
    let context = Context { access: access.clone(), ..context(&board, commander) };
    (Api { router: router(context), board, asks }, access)
}

#[tokio::test]
async fn without_the_key_a_request_is_refused_with_a_challenge() {
    let api = api_with_key(Some("secret"));
    let answer = api.get("/v1/calls").await;
    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    for wrong in ["Bearer secre", "Bearer secret1", "Bearer ", "Basic secret", "secret"] {
        assert_eq!(with(&api, "/v1/events", wrong).await.status, 401, "{wrong}");
    }
    let wrong = with(&api, "/v1/calls", "Bearer wrong").await;
    assert_eq!(wrong.header("www-authenticate"), "Bearer error=\"invalid_token\"");
}

#[tokio::test]
async fn with_the_key_a_request_passes() {
    let api = api_with_key(Some("secret"));
    for right in ["Bearer secret", "bearer secret"] {
        assert_eq!(with(&api, "/v1/calls", right).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_in_the_url_is_no_key() {
    let api = api_with_key(Some("secret"));
    assert_eq!(api.get("/v1/calls?api_key=secret").await.status, 401);
}

#[tokio::test]
async fn probes_and_the_page_need_no_key_and_the_document_needs_any() {
    let (api, _) = guarded(vec![a_key("least", &[Scope::EventsRead])], Limits::default());
    for path in ["/livez", "/readyz", "/docs/"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
    assert_eq!(api.get("/openapi.json").await.status, 401);
    assert_eq!(with(&api, "/openapi.json", "Bearer least").await.status, 200);
}

/// Every operation of the document that asks for a key, and the scope that it names.
fn operations() -> Vec<(Method, String, Scope)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(verb, operation)| (verb, path, operation))
    });
    let guarded = operations.filter(|(_, _, operation)| operation["security"] != serde_json::json!([{}]));
    let scope = |(verb, path, operation): (&String, &String, &Value)| {
        let scopes = operation["security"][0]["bearer"].as_array();
        let scope = scopes.unwrap_or_else(|| panic!("{verb} {path} names no scope: see http/scopes.rs"));
        assert_eq!(scopes.unwrap().len(), 1);
        let scope = scope[0].as_str().unwrap().parse().unwrap();
        (verb.to_uppercase().parse().unwrap(), path.clone(), scope)
    };
    guarded.map(scope).collect()
}

#[tokio::test]
async fn every_operation_is_open_to_its_scope_alone_and_to_admin() {
    let keys = Scope::ALL.map(|scope| a_key(scope.name(), &[scope]));
    let (mut api, _) = guarded(keys.into(), Limits::default());
    // Whoever is let in gets no answer to a command here.
    api.asks.close();
    let operations = operations();
    assert!(operations.len() > 25, "{}", operations.len());
    for (method, path, asked) in operations {
        assert_eq!(scopes::listed(&method, &path), Some(asked), "{method} {path}");
        let there = path.replace("{id}", "call_01JD8Q4V6T0000000000000000");
        for shown in Scope::ALL {
            let head = request(method.as_str(), &there).header("authorization", format!("Bearer {shown}"));
            let response = api.open(head.body(Body::empty()).unwrap()).await;
            let is_let_in = shown == asked || shown == Scope::Admin;
            assert_eq!(response.status() != StatusCode::FORBIDDEN, is_let_in, "{method} {path} by {shown}");
            if is_let_in {
                continue;
            }
            let answer = whole(response).await;
            assert_eq!(answer.problem(), (403, "forbidden".to_owned()));
            assert!(answer.detail().contains(asked.name()), "{}", answer.detail());
            assert!(answer.header("www-authenticate").contains(asked.name()));
        }
    }
}

#[test]
fn what_stands_nowhere_asks_for_admin() {
    assert_eq!(scopes::asked(&Method::GET, "/v1/nowhere"), Scope::Admin);
    assert_eq!(scopes::asked(&Method::POST, "/v1/records"), Scope::Admin);
    assert_eq!(scopes::asked(&Method::HEAD, "/v1/calls"), Scope::CallsRead);
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits_and_others_do_not() {
    let keys = vec![a_key("busy", &Scope::ALL), a_key("calm", &Scope::ALL)];
    let limits = Limits { requests: Rate::new(1, 3), failures: None };
    let (api, _) = guarded(keys, limits);
    for _ in 0..3 {
        assert_eq!(with(&api, "/v1/calls", "Bearer busy").await.status, 200);
    }
    let answer = with(&api, "/v1/calls", "Bearer busy").await;
    assert_eq!(answer.problem(), (429, "rate-limited".to_owned()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(with(&api, "/v1/calls", "Bearer calm").await.status, 200);
    assert_eq!(api.get("/livez").await.status, 200);
}

#[tokio::test]
async fn an_address_that_guesses_is_not_listened_to_for_a_while() {
    let limits = Limits { failures: "1:3".parse::<MaybeRate>().unwrap().0, ..Limits::default() };
    let (api, _) = guarded(vec![a_key("right", &Scope::ALL)], limits);
    for _ in 0..3 {
        assert_eq!(api.get("/v1/calls").await.status, 401, "to show nothing is no guess");
        assert_eq!(with(&api, "/v1/calls", "Bearer wrong").await.status, 401);
    }
    let answer = with(&api, "/v1/calls", "Bearer right").await;
    assert_eq!(answer.problem(), (429, "rate-limited".to_owned()));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_withdrawn_or_loses_the_scope_and_no_other_does() {
    use axum::body::BodyDataStream;
    use futures_util::StreamExt;

    async fn follow(api: &Api, key: &str) -> BodyDataStream {
        let head = request("GET", "/v1/events").header("authorization", format!("Bearer {key}"));
        let mut stream = api.open(head.body(Body::empty()).unwrap()).await.into_body().into_data_stream();
        assert_eq!(stream.next().await.unwrap().unwrap(), ": open\n\n");
        stream
    }
    let keys = ["stays", "goes", "shrinks"].map(|name| a_key(name, &[Scope::EventsRead]));
    let (api, access) = guarded(keys.to_vec(), Limits::default());
    let mut streams =
        [follow(&api, "stays").await, follow(&api, "goes").await, follow(&api, "shrinks").await];
    let [stays, _, mut shrinks] = keys;
    shrinks.scopes = Scopes::from_iter([Scope::CallsRead]);
    access.replace(Doors { keys: vec![stays, shrinks], tokens: None });
    assert!(streams[1].next().await.is_none());
    assert!(streams[2].next().await.is_none());
    api.show(examples::ringing());
    assert!(!streams[0].next().await.unwrap().unwrap().is_empty());
    assert_eq!(with(&api, "/v1/events", "Bearer goes").await.status, 401);
}

#[tokio::test]
async fn what_was_closed_never_opens_and_what_was_open_can_be_closed() {
    let (api, access) = guarded(Vec::new(), Limits::default());
    assert_eq!(api.get("/v1/calls").await.status, 200);
    access.replace(Doors { keys: vec![a_key("first", &Scope::ALL)], tokens: None });
    assert_eq!(api.get("/v1/calls").await.status, 401);
    access.replace(Doors::default());
    assert_eq!(api.get("/v1/calls").await.status, 401);
    assert_eq!(with(&api, "/v1/calls", "Bearer first").await.status, 401);
}

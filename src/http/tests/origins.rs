use super::*;

/// One that is open, or asks for this key, and shares with these origins.
fn sharing(key: Option<&str>, origins: &[&str]) -> Api {
    let keys = key.map(|key| a_key(key, &Scope::ALL)).into_iter().collect();
    let access = Access::new(Doors { keys, tokens: None }, None, Limits::default());
    let board = Board::new(Settings::default());
    let (commander, asks) = Commander::channel(8);
    let cors_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let context = Context { access, cors_origins, ..context(&board, commander) };
    Api { router: router(context), board, asks }
}

async fn ask(api: &Api, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut request = request("GET", path).body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    api.send(request).await
}

const PAGE: (&str, &str) = ("origin", "https://crm.example.com");

#[tokio::test]
async fn while_all_is_open_only_this_machine_is_a_host() {
    let api = sharing(None, &[]);
    for host in [
        "localhost",
        "localhost:8080",
        "LocalHost.",
        "x.localhost:1",
        "127.0.0.1:8080",
        "127.1.2.3",
        "[::1]:8080",
    ] {
        assert_eq!(ask(&api, "/v1/calls", &[("host", host)]).await.status, 200, "{host}");
    }
    for host in
        ["evil.example.com", "localhost.evil.example.com", "192.0.2.1:8080", "127.0.0.1.nip.io", "", "[::2]"]
    {
        for path in ["/v1/calls", "/v1/events", "/openapi.json"] {
            let answer = ask(&api, path, &[("host", host)]).await;
            assert_eq!(answer.problem(), (403, "forbidden".to_owned()), "{host}");
            assert!(answer.detail().contains("loopback"), "{}", answer.detail());
        }
        assert_eq!(ask(&api, "/livez", &[("host", host)]).await.status, 200, "probes ask as they like");
    }
    let absolute = request("GET", "http://evil.example.com/v1/calls");
    assert_eq!(api.send(absolute.body(Body::empty()).unwrap()).await.status, 403);
}

#[tokio::test]
async fn while_all_is_open_foreign_pages_are_refused_and_our_own_is_not() {
    let api = sharing(None, &["https://crm.example.com"]);
    let host = ("host", "localhost:8080");
    for (origin, status) in [
        ("http://localhost:8080", 200),
        ("https://crm.example.com", 200),
        ("http://localhost:3000", 403),
        ("https://evil.example.com", 403),
        ("null", 403),
    ] {
        assert_eq!(ask(&api, "/v1/calls", &[host, ("origin", origin)]).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn with_a_key_any_host_and_any_origin_will_do() {
    let api = sharing(Some("k"), &[]);
    let headers = [("host", "agent.example.com"), PAGE, ("authorization", "Bearer k")];
    let answer = ask(&api, "/v1/calls", &headers).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")),
        "no CORS unless set"
    );
}

#[tokio::test]
async fn a_page_of_a_set_origin_may_use_the_api_without_credentials_of_its_browser() {
    let api = sharing(Some("k"), &["https://crm.example.com"]);
    let preflight = request("OPTIONS", "/v1/calls")
        .header("origin", PAGE.1)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let answer = api.send(preflight.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE.1);
    for name in [
        "authorization",
        "last-event-id",
        "idempotency-key",
        "if-match",
        "claim-owner",
        "claim-fence",
        "traceparent",
        "tracestate",
    ] {
        assert!(answer.header("access-control-allow-headers").contains(name), "{name}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").contains(method), "{method}");
    }
    for answer in [
        ask(&api, "/v1/calls", &[PAGE, ("authorization", "Bearer k")]).await,
        ask(&api, "/v1/calls", &[PAGE]).await,
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), PAGE.1, "{}", answer.status);
        for name in ["etag", "idempotency-replayed", "next-cursor"] {
            assert!(answer.header("access-control-expose-headers").contains(name), "{name}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let foreign =
        ask(&api, "/v1/calls", &[("origin", "https://evil.example.com"), ("authorization", "Bearer k")])
            .await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_make_nothing_of_it() {
    let api = sharing(Some("k"), &[]);
    let key = ("authorization", "Bearer k");
    for answer in [
        ask(&api, "/v1/calls", &[key]).await,
        ask(&api, "/v1/calls", &[]).await,
        ask(&api, "/nowhere", &[]).await,
        ask(&api, "/docs/", &[]).await,
        ask(&api, "/livez", &[]).await,
    ] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    assert_eq!(ask(&api, "/v1/calls", &[key]).await.header("cache-control"), "no-store");
    assert_eq!(ask(&api, "/v1/calls", &[]).await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_a_problem() {
    let api = sharing(None, &[]);
    let long = "x".repeat(33 * 1024);
    let fields = ask(&api, "/v1/calls", &[("x-long", &long)]).await;
    assert_eq!(fields.problem(), (431, "head-too-large".to_owned()));
    assert_eq!(ask(&api, "/livez", &[("x-long", &long)]).await.status, 431);
    assert_eq!(ask(&api, &format!("/v1/calls?from={long}"), &[]).await.status, 431);
    assert_eq!(ask(&api, "/livez", &[("x-long", &long[..31 * 1024])]).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_said_to_be_larger_than_anybody_takes_is_refused_unread() {
    let api = sharing(None, &[]);
    let head = request("POST", "/v1/calls").header("content-length", 5 * 1024 * 1024);
    let answer = api.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (413, "too-large".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_is_given_up() {
    let api = sharing(None, &[]);
    let call = api.show(examples::ringing());
    let begun = tokio::time::Instant::now();
    let answer = api.send(post(&call, "ring", "")).await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    assert_eq!(begun.elapsed().as_secs(), 75);
}

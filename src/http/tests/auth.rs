use super::*;

async fn with(api: &Api, path: &str, authorization: &str) -> Answer {
    api.send(request("GET", path).header("authorization", authorization).body(Body::empty()).unwrap()).await
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
async fn probes_and_the_document_need_no_key() {
    let api = api_with_key(Some("secret"));
    for path in ["/livez", "/readyz", "/openapi.json", "/docs/"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
}

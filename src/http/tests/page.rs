use super::*;

#[tokio::test]
async fn the_page_and_all_it_names_are_served_from_here() {
    let api = api();
    assert_eq!(api.get("/docs").await.header("location"), "/docs/");
    let page = api.get("/docs/").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("<title>call-agent API</title>"), "{}", page.body);
    assert!(!page.body.contains("://"), "{}", page.body);
    let named: Vec<_> =
        page.body.split('"').filter(|text| text.ends_with(".css") || text.ends_with(".js")).collect();
    assert!(named.len() >= 4, "{named:?}");
    for file in named {
        let response = api
            .open(
                request("GET", &format!("/docs/{}", file.trim_start_matches("./")))
                    .body(Body::empty())
                    .unwrap(),
            )
            .await;
        assert_eq!(response.status(), 200, "{file}");
    }
}

#[tokio::test]
async fn the_page_shows_our_document_and_asks_nobody_else() {
    let api = api();
    let script = api.get("/docs/swagger-initializer.js").await;
    assert!(script.header("content-type").contains("javascript"), "{:?}", script.headers);
    for setting in [r#"fetch("../openapi.json""#, r#"validatorUrl: "none""#, r#"layout: "BaseLayout""#] {
        assert!(script.body.contains(setting), "{setting}: {}", script.body);
    }
    for kept in ["localStorage", "sessionStorage", "cookie"] {
        assert!(!script.body.contains(kept), "the key is kept nowhere");
    }
    let policy = api.get("/docs/").await;
    let policy = policy.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("script-src 'self' '"), "{policy}");
}

#[tokio::test]
async fn a_file_that_the_page_has_not_is_not_found() {
    assert_eq!(api().get("/docs/nothing.js").await.problem(), (404, "not-found".to_owned()));
}

#[tokio::test]
async fn the_document_stands_in_the_order_of_a_calls_life() {
    let document = api().get("/openapi.json").await.json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let place = |end: &str| paths.iter().position(|path| path.ends_with(end)).unwrap();
    assert!(
        ["/calls", "/ring", "/accept", "/hangup", "/events", "/readyz"].map(place).is_sorted(),
        "{paths:?}"
    );
    let call = &document["components"]["examples"]["call-ringing"]["value"];
    let first: Vec<_> = call.as_object().unwrap().keys().take(3).collect();
    assert_eq!(first, ["id", "direction", "state"]);
}

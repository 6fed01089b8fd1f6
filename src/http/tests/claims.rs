use super::*;

use crate::agent::command::Claimant;
use crate::http::document::examples;

fn with(call: &Call, command: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = post(call, command, "{}");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_command_says_who_it_is_from() {
    let mut api = api();
    let call = api.show(examples::ringing());
    for (headers, expected) in [
        (&[][..], None),
        (&[("claim-owner", "crm-7")], Some(Claimant { owner: "crm-7".to_owned(), fence: None })),
        (
            &[("claim-owner", "crm-7"), ("claim-fence", "3")],
            Some(Claimant { owner: "crm-7".to_owned(), fence: Some(3) }),
        ),
    ] {
        let (_, command) = api.command(with(&call, "ring", headers), Ok(call.clone())).await;
        assert_eq!(command.by, expected);
    }
    for (headers, told) in [
        (&[("claim-owner", "")][..], "Claim-Owner: 1 to 128"),
        (&[("claim-owner", "a b")], "Claim-Owner: 1 to 128"),
        (&[("claim-fence", "3")], "Claim-Fence: there must be a Claim-Owner"),
        (&[("claim-owner", "a"), ("claim-fence", "x")], "Claim-Fence: the number"),
        (&[("claim-owner", "a"), ("claim-fence", "99999999999999999999")], "Claim-Fence: the number"),
    ] {
        let answer = api.send(with(&call, "ring", headers)).await;
        assert_eq!(answer.problem(), (400, "malformed".to_owned()));
        assert!(answer.detail().starts_with(told), "{}", answer.detail());
    }
}

#[tokio::test]
async fn a_lease_is_taken_renewed_and_given_up() {
    let mut api = api();
    let call = api.show(examples::claimed());
    let path = format!("/v1/calls/{}/claim", call.id);
    for (method, body) in [
        ("POST", r#"{"owner": "crm-7", "ttl_seconds": 60, "takeover": true}"#),
        ("PUT", r#"{"owner": "crm-7", "ttl_seconds": 60}"#),
        ("DELETE", ""),
    ] {
        let asked = request(method, &path).header("content-type", "application/json");
        let asked = asked.header("claim-owner", "crm-7").body(Body::from(body)).unwrap();
        let (answer, command) = api.command(asked, Ok(call.clone())).await;
        assert_eq!((answer.status, &answer.json()["claim"]["owner"]), (StatusCode::OK, &"crm-7".into()));
        match (method, command.action) {
            ("POST", Action::Claim(take)) => assert!(take.takeover && take.ttl_seconds == 60),
            ("PUT", Action::RenewClaim(renew)) => assert_eq!(renew.owner, "crm-7"),
            ("DELETE", Action::ReleaseClaim) => assert_eq!(command.by.unwrap().owner, "crm-7"),
            (method, action) => panic!("{method}: {action:?}"),
        }
    }
    let missing = request("POST", &path).header("content-type", "application/json");
    let answer = api.send(missing.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.problem(), (422, "invalid-field".to_owned()));
    assert!(answer.detail().contains("owner"), "{}", answer.detail());
}

#[tokio::test]
async fn who_gives_up_his_lease_says_so_in_a_header_or_in_the_body() {
    let mut api = api();
    let call = api.show(examples::claimed());
    let path = format!("/v1/calls/{}/claim", call.id);
    let asked = |owner: Option<&'static str>, body: &'static str| {
        let asked = request("DELETE", &path).header("content-type", "application/json");
        let asked = owner.into_iter().fold(asked, |asked, owner| asked.header("claim-owner", owner));
        asked.body(Body::from(body)).unwrap()
    };
    for (owner, body) in [
        (None, r#"{"owner": "crm-7"}"#),
        (None, r#"{"owner": "crm-7", "ttl_seconds": 60}"#),
        (Some("crm-7"), r#"{"owner": "crm-7"}"#),
        (Some("crm-7"), "{}"),
    ] {
        let (_, command) = api.command(asked(owner, body), Ok(call.clone())).await;
        assert_eq!(command.by.unwrap().owner, "crm-7", "{body}");
    }
    for body in [r#"{"owner": "crm-8"}"#, r#"{"owner": ""}"#, r#"{"bogus": 1}"#] {
        let answer = api.send(asked(Some("crm-7"), body)).await;
        assert_eq!(answer.problem(), (422, "invalid-field".to_owned()), "{body}");
    }
}

#[tokio::test]
async fn who_is_kept_out_is_told_by_whom_and_until_when() {
    let mut api = api();
    let call = api.show(examples::claimed());
    let (answer, _) = api.command(post(&call, "hangup", "{}"), Err(Refusal::Claimed(call.clone()))).await;
    assert_eq!(answer.problem(), (409, "claimed".to_owned()));
    assert_eq!(answer.json()["claim"]["owner"], "crm-7");
    assert!(answer.detail().contains("crm-7"), "{}", answer.detail());
    for (call, fence) in [(api.show(examples::claimed()), Some(1)), (api.show(examples::established()), None)]
    {
        let (answer, _) =
            api.command(post(&call, "hangup", "{}"), Err(Refusal::LeaseOver(call.clone(), 7))).await;
        assert_eq!(answer.problem(), (409, "claimed".to_owned()));
        assert_eq!(answer.json()["claim"]["fence"].as_u64(), fence);
        assert!(answer.detail().contains("fence 7"), "{}", answer.detail());
    }
}

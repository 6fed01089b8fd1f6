use super::*;

use crate::agent::command::{AccountAction, AccountCommand};
use crate::agent::event::{Account, AccountEvent, RegistrationState};

/// An API with one account.
fn with(account: Account) -> Api {
    let api = api();
    api.board.begin_with(vec![Arc::new(account)]);
    api
}

fn is_an_account(value: &Value) {
    schema::check(&DOCUMENT, &serde_json::json!({"$ref": "#/components/schemas/Account"}), value).unwrap();
}

fn bare(path: &str) -> Request<Body> {
    request("POST", path).body(Body::empty()).unwrap()
}

/// Sends a command that the agent answers so; the answer and the command that the agent got.
async fn told(path: &str, reply: Result<Account, Refusal>) -> (Answer, AccountCommand) {
    let mut api = with(examples::registered());
    let (answer, command) = api.ask(bare(path), reply.map(|account| Done::Account(Arc::new(account)))).await;
    let Command::Account(command) = command else { panic!("{command:?}") };
    (answer, command)
}

#[tokio::test]
async fn accounts_are_listed_with_the_place_of_their_cut() {
    let api = with(examples::failed());
    let account = Arc::new(examples::registered());
    api.board.publish(vec![AccountEvent { time: NOW, account: account.clone() }]);
    let list = api.get("/v1/accounts").await.json();
    assert_eq!(list, serde_json::json!({"accounts": [&*account], "last_event_id": "7f3a-1"}));
    is_an_account(&list["accounts"][0]);
}

#[tokio::test]
async fn without_accounts_the_list_is_empty() {
    let list = api().get("/v1/accounts").await.json();
    assert_eq!(list, serde_json::json!({"accounts": [], "last_event_id": "7f3a-0"}));
}

#[tokio::test]
async fn an_account_is_read_by_its_id_whatever_is_in_it() {
    for (id, path) in [("1000", "1000"), ("a@b+c", "a%40b+c"), ("a/b", "a%2Fb")] {
        let api = with(Account { id: id.into(), ..examples::failed() });
        let answer = api.get(&format!("/v1/accounts/{path}")).await;
        assert_eq!((answer.status, &answer.json()["id"]), (StatusCode::OK, &id.into()));
        is_an_account(&answer.json());
    }
}

#[tokio::test]
async fn what_is_no_account_is_not_found() {
    let api = with(examples::registered());
    for id in ["1001", "100", "call_01JD8Q4V6T0000000000000000", "%FF"] {
        let answer = api.get(&format!("/v1/accounts/{id}")).await;
        assert_eq!(answer.problem(), (404, "not-found".to_owned()), "{id}");
        assert!(answer.detail().contains("no account"), "{}", answer.detail());
    }
}

#[tokio::test]
async fn a_command_to_an_account_takes_no_field() {
    let api = with(examples::registered());
    for action in ["register", "unregister"] {
        let path = format!("/v1/accounts/1000/{action}");
        let asked = request("POST", &path).header("content-type", "application/json");
        let answer = api.send(asked.body(Body::from(r#"{"expires": 60}"#)).unwrap()).await;
        assert_eq!(answer.problem(), (422, "invalid-field".to_owned()));
        assert!(answer.detail().contains("expires"), "{}", answer.detail());
    }
}

#[tokio::test]
async fn a_command_to_an_account_answers_with_it_as_it_then_is() {
    let unregistered = Account { state: RegistrationState::Unregistered, ..examples::registered() };
    let (answer, command) = told("/v1/accounts/1000/register", Ok(examples::registered())).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), serde_json::to_value(examples::registered()).unwrap());
    assert_eq!((&*command.account, command.action), ("1000", AccountAction::Register));
    let (answer, command) = told("/v1/accounts/1000/unregister", Ok(unregistered)).await;
    assert_eq!((answer.status, &answer.json()["state"]), (StatusCode::OK, &"unregistered".into()));
    assert_eq!((&*command.account, command.action), ("1000", AccountAction::Unregister));
}

#[tokio::test]
async fn every_refusal_of_a_command_to_an_account_is_a_problem() {
    let account = || Arc::new(examples::failed());
    let table = [
        (Refusal::AccountNotFound, 404, "not-found"),
        (Refusal::RegistrationRejected(account(), 403), 502, "sip-rejected"),
        (Refusal::RegistrationTimeout(account()), 504, "sip-timeout"),
        (Refusal::Overloaded, 503, "overloaded"),
        (Refusal::Draining, 503, "draining"),
    ];
    for (refusal, status, word) in table {
        let (answer, _) = told("/v1/accounts/1000/register", Err(refusal)).await;
        assert_eq!(answer.problem(), (status, word.to_owned()));
        let sip_status = answer.json().get("sip_status").cloned();
        assert_eq!(sip_status, (status == 502).then(|| 403.into()));
    }
}

#[tokio::test]
async fn accounts_are_guarded_by_the_key() {
    let api = api_with_key(Some("secret"));
    for path in ["/v1/accounts", "/v1/accounts/1000"] {
        assert_eq!(api.get(path).await.status, 401, "{path}");
    }
    for path in ["/v1/accounts/1000/register", "/v1/accounts/1000/unregister", "/v1/calls"] {
        assert_eq!(api.send(bare(path)).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_on_an_account_is_told_the_right_ones() {
    let api = with(examples::registered());
    assert_eq!(api.get("/v1/accounts/1000/register").await.header("allow"), "POST");
    assert_eq!(api.send(bare("/v1/accounts/1000")).await.header("allow"), "GET,HEAD");
}

//! Passwords and what is made of them are on the wire and nowhere else.

use super::registrar::Registrar;
use super::{PASSWORD, account, seconds, settings};
use crate::agent::command::AccountAction::{Register, Unregister};
use crate::agent::tests::harness::header;

const CHALLENGE: &str =
    "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n1\", qop=\"auth\", opaque=\"o1\"\r\n";

/// MD5 of `1000:example.com:` and the password.
const HA1: &str = "946a9e0d84394f702ffd98cca218e970";

fn response_of(authorization: &str) -> String {
    let (_, rest) = authorization.split_once("response=\"").expect("a response");
    rest.split('"').next().expect("its end").to_owned()
}

#[test]
fn no_secret_is_in_anything_that_is_shown() {
    let settings = settings([account("1000")]);
    let mut secrets = vec![PASSWORD.to_owned(), HA1.to_owned()];
    assert!(!format!("{settings:?}").contains(PASSWORD));
    let mut registrar = Registrar::with(settings);
    registrar.reach();
    let first = registrar.request();
    registrar.respond(&first, 401, CHALLENGE);
    let mut shown = format!("{:?}", registrar.agent.accounts().collect::<Vec<_>>());
    let second = registrar.request();
    secrets.push(response_of(&header(&second.headers, "Authorization").expect("an answer")));
    shown += &format!("{:?}", registrar.agent);
    registrar.command(Register);
    registrar.accept(&second, 3600);
    registrar.wait(seconds(3600));
    let third = registrar.request();
    secrets.push(response_of(&header(&third.headers, "Authorization").expect("an answer")));
    registrar.respond(&third, 403, "");
    registrar.command(Unregister);
    registrar.carried();
    shown += &registrar.shown;
    shown += &format!("{:?}", registrar.told);
    shown += &format!("{:?}", registrar.account().failure);
    assert!(shown.len() > 1000 && shown.contains("1000@example.com"));
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
}

use super::*;
use crate::webhook::{Endpoint, Source};

/// What no message may show.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn load_webhooks(text: &str) -> Result<Vec<Endpoint>, BadSetting> {
    let directory = Directory::unnamed();
    let environment = [("SET", SECRET), ("BAD", "sesame")];
    load(&["--config", directory.file(text).to_str().unwrap()], &environment).map(|config| config.webhooks)
}

/// What is said of a webhook with these lines, without the file's name.
fn fault(lines: &str) -> String {
    let said = load_webhooks(&format!("[[webhook]]\n{lines}")).unwrap_err().to_string();
    assert!(!said.contains(SECRET) && !said.contains("sesame"), "{said}");
    said.split_once("call-agent.toml: ").unwrap().1.to_owned()
}

#[test]
fn every_key_of_a_webhook_is_read_and_what_is_not_said_is_all_events() {
    let text = format!(
        "[[webhook]]\nid = \"crm\"\nurl = \"https://crm.example.com/hooks\"\nsecret = \"{SECRET}\"\n\
         types = [\"call.*\", \"registration.changed\"]\n\
         [[webhook]]\nid = \"all\"\nurl = \"http://10.0.0.9\"\nsecret_env = \"SET\"\n"
    );
    let [crm, all] = load_webhooks(&text).unwrap().try_into().unwrap();
    assert_eq!((&*crm.id, &*crm.url.to_string()), ("crm", "https://crm.example.com/hooks"));
    assert_eq!((crm.secret.reveal(), crm.source), (SECRET.to_owned(), Source::File));
    assert_eq!(crm.types.names(), ["call.*", "registration.changed"]);
    assert_eq!((all.secret.reveal(), all.types.names()), (SECRET.to_owned(), &["*".to_owned()][..]));
}

#[test]
fn what_is_wrong_with_a_webhook_is_named_and_secrets_are_not_shown() {
    let with = |lines: &str| format!("id = \"a\"\nurl = \"http://a\"\nsecret = \"{SECRET}\"\n{lines}");
    for (lines, key) in [
        (with("tpyes = []"), "webhook[0].tpyes"),
        (with("types = []"), "webhook[0].types"),
        (with("types = [\"calls\"]"), "webhook[0].types"),
        (with("types = \"call.*\""), "webhook[0].types"),
        (with("secret_env = \"SET\""), "webhook[0].secret_env"),
        (with("").replace("http://a", "ftp://a"), "webhook[0].url"),
        (with("").replace("http://a", "http://u:sesame@a"), "webhook[0].url"),
        (with("").replace("http://a", "http://a:99999"), "webhook[0].url"),
        (with("").replace("\"a\"", "\"a/b\""), "webhook[0].id"),
        (with("").replace("whsec_", "sesame"), "webhook[0].secret"),
        ("id = \"a\"\nurl = \"http://a\"\nsecret_env = \"BAD\"".to_owned(), "webhook[0].secret_env"),
        ("id = \"a\"\nurl = \"http://a\"".to_owned(), "webhook[0].secret"),
        (with(&format!("[[webhook]]\n{}", with(""))), "webhook[1].id"),
    ] {
        assert!(fault(&lines).starts_with(&format!("{key}: ")), "{lines}: {}", fault(&lines));
    }
}

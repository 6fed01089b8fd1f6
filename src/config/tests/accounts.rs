use std::time::Duration;

use super::*;
use crate::agent::AccountSettings;
use crate::sip::digest::Password;

/// What no message may show.
const SECRET: &str = "hunter2";

const PLAIN: &str = "[[account]]\nid = \"1000\"\nregistrar = \"sip:pbx.example.com\"\nuser = \"1000\"\n";

fn accounts(text: &str) -> Vec<AccountSettings> {
    accounts_under(text, &[])
}

fn accounts_under(text: &str, environment: &[(&str, &str)]) -> Vec<AccountSettings> {
    load_file_under(text, environment).unwrap().agent.accounts
}

fn load_file_under(text: &str, environment: &[(&str, &str)]) -> Result<Config, BadSetting> {
    let directory = Directory::unnamed();
    load(&["--config", directory.file(text).to_str().unwrap()], environment)
}

/// What is said of a file, without the file's name.
fn fault(text: &str) -> String {
    let said = load_file_under(text, &[("SET", SECRET), ("EMPTY", "")]).unwrap_err().to_string();
    assert!(!said.contains(SECRET), "{said}");
    let (_, fault) = said.split_once("call-agent.toml: ").unwrap();
    fault.to_owned()
}

fn password_of(account: &AccountSettings) -> &Password {
    &account.credentials.as_ref().unwrap().password
}

#[test]
fn an_account_needs_an_id_a_registrar_and_a_user() {
    let [account] = accounts(PLAIN).try_into().unwrap();
    assert_eq!((&*account.id, account.registrar.as_str()), ("1000", "sip:pbx.example.com"));
    assert_eq!((&*account.user, &*account.domain), ("1000", "pbx.example.com"));
    assert!(account.credentials.is_none() && account.outbound_proxy.is_none());
    assert_eq!(account.expires, Duration::from_secs(300));
}

#[test]
fn every_key_of_an_account_is_read_and_their_order_is_kept() {
    let [whole, second] = accounts(
        r#"
        [[account]]
        id = "crm"
        registrar = "sip:pbx.example.com;transport=tcp"
        user = "1000"
        domain = "example.com"
        auth_user = "ext-1000"
        password = "hunter2"
        expires = 600
        outbound_proxy = "sip:edge.example.com;transport=tcp;lr"

        [[account]]
        id = "1001@pbx"
        registrar = "sips:pbx.example.com"
        user = "1001"
        password = "x"
        "#,
    )
    .try_into()
    .unwrap();
    assert_eq!((&*whole.domain, whole.expires), ("example.com", Duration::from_secs(600)));
    assert_eq!(*whole.credentials.as_ref().unwrap().username, *"ext-1000");
    assert_eq!(*password_of(&whole), Password::new(SECRET));
    assert_eq!(whole.outbound_proxy.unwrap().as_str(), "sip:edge.example.com;transport=tcp;lr");
    assert_eq!((&*second.id, &*second.credentials.unwrap().username), ("1001@pbx", "1001"));
}

#[test]
fn an_ipv6_registrar_gives_a_domain_that_can_stand_in_a_uri() {
    let [account] = accounts(&PLAIN.replace("pbx.example.com", "[2001:db8::1]:5070")).try_into().unwrap();
    assert_eq!(account.domain, "[2001:db8::1]");
}

#[test]
fn a_password_is_read_from_a_file_without_the_end_of_its_line_or_from_the_environment() {
    let directory = Directory::new("password");
    let file = directory.path().join("password");
    for text in ["hunter2", "hunter2\n", "hunter2\r\n"] {
        std::fs::write(&file, text).unwrap();
        let [account] = accounts(&format!("{PLAIN}password_file = {file:?}")).try_into().unwrap();
        assert_eq!(*password_of(&account), Password::new(SECRET), "{text:?}");
    }
    std::fs::write(&file, " spaces stay ").unwrap();
    let [account] = accounts(&format!("{PLAIN}password_file = {file:?}")).try_into().unwrap();
    assert_eq!(*password_of(&account), Password::new(" spaces stay "));
    let text = format!("{PLAIN}password_env = \"PBX_PASSWORD\"");
    let [account] = accounts_under(&text, &[("PBX_PASSWORD", SECRET)]).try_into().unwrap();
    assert_eq!(*password_of(&account), Password::new(SECRET));
}

#[test]
fn a_key_of_an_account_that_is_unknown_missing_or_wrong_is_named() {
    let with = |line: &str| format!("{PLAIN}{line}");
    let without = |key: &str| {
        PLAIN
            .lines()
            .filter(|line| !line.starts_with(key))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let table = [
        (with("passwort = \"hunter2\""), "account[0].passwort: there is no such setting"),
        (with(&format!("{PLAIN}passwort = \"hunter2\"")), "account[1].passwort: there is no such setting"),
        (with(&PLAIN.replace("sip:", "sips:")), "account[1].id: another account has it already"),
        (without("id"), "account[0].id: missing"),
        (without("registrar"), "account[0].registrar: missing"),
        (without("user"), "account[0].user: missing"),
        (PLAIN.replace("id = \"1000\"", "id = 1000"), "account[0].id: a string in quotes"),
        (PLAIN.replace("id = \"1000\"", "id = \"a/b\""), "account[0].id: 1–64 characters"),
        (PLAIN.replace("id = \"1000\"", "id = \"\""), "account[0].id: 1–64 characters"),
        (PLAIN.replace("sip:pbx", "pbx"), "account[0].registrar: URI without a scheme"),
        (PLAIN.replace("sip:pbx", "tel:pbx"), "account[0].registrar: neither a sip: nor a sips: URI"),
        (
            PLAIN.replace("sip:pbx", "sip:1000:hunter2@pbx"),
            "account[0].registrar: a registrar's URI has no user",
        ),
        (PLAIN.replace(".com\"", ".com?Subject=x\""), "account[0].registrar: a URI without headers"),
        (PLAIN.replace(".com\"", ".com;transport=ws\""), "account[0].registrar: transport is one of"),
        (PLAIN.replace(".com\"", ".com;transport=x\""), "account[0].registrar: transport is one of"),
        (
            PLAIN.replace("sip:pbx.example.com", "sips:pbx.example.com;transport=UDP"),
            "account[0].registrar: sips: does not go over UDP",
        ),
        (PLAIN.replace("user = \"1000\"", "user = \"10 00\""), "account[0].user: "),
        (PLAIN.replace("user = \"1000\"", "user = \"\""), "account[0].user: "),
        (PLAIN.replace("user = \"1000\"", "user = \"1000:hunter2\""), "account[0].user: "),
        (PLAIN.replace("user = \"1000\"", "user = \"1000@pbx\""), "account[0].user: "),
        (with("domain = \"two words\""), "account[0].domain: not a host"),
        (with("domain = \"example.com:5060\""), "account[0].domain: not a host"),
        (with("auth_user = \"1000\""), "account[0].auth_user: there is no password to it"),
        (with("auth_user = \"\"\npassword = \"hunter2\""), "account[0].auth_user: "),
        (with("expires = 29"), "account[0].expires: a whole number of seconds from 30 to 86400"),
        (with("expires = 86401"), "account[0].expires: "),
        (with("expires = \"300\""), "account[0].expires: "),
        (with("outbound_proxy = \"edge.example.com\""), "account[0].outbound_proxy: "),
    ];
    for (text, expected) in table {
        let said = fault(&text);
        assert!(said.starts_with(expected), "{text}\n{said}");
    }
}

#[test]
fn accounts_that_are_no_tables_are_named() {
    for text in ["account = \"hunter2\"", "[account]\npassword = \"hunter2\"", "account = [\"hunter2\"]"] {
        assert_eq!(fault(text), "account: tables, each begun by [[account]]", "{text}");
    }
}

#[test]
fn a_password_that_cannot_be_had_is_named_by_its_key_and_never_shown() {
    let directory = Directory::new("bad-passwords");
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        format!("password_file = {path:?}")
    };
    let table = [
        ("password = 42".to_owned(), "password: a string in quotes"),
        ("password = \"\"".to_owned(), "password: empty"),
        ("password = \"hunter2\\n\"".to_owned(), "password: more than one line"),
        (format!("password = \"{}\"", SECRET.repeat(200)), "password: longer than 1024 bytes"),
        (
            "password = \"hunter2\"\npassword_env = \"SET\"".to_owned(),
            "password_env: there is password already",
        ),
        (
            "password_env = \"SET\"\n".to_owned() + &file("good", b"x"),
            "password_env: there is password_file already",
        ),
        ("password_env = \"hunter2\"".to_owned(), "password_env: the environment has no such variable"),
        ("password_env = \"EMPTY\"".to_owned(), "password_env: empty"),
        ("password_file = \"hunter2\"".to_owned(), "password_file: the file cannot be read: "),
        (file("empty", b"\n"), "password_file: empty"),
        (file("lines", b"hunter2\nhunter2\n"), "password_file: more than one line"),
        (file("binary", b"hunter2\xff"), "password_file: the file is not UTF-8"),
        (file("long", SECRET.repeat(10_000).as_bytes()), "password_file: longer than 1024 bytes"),
    ];
    for (line, expected) in table {
        let said = fault(&format!("{PLAIN}{line}"));
        assert!(said.starts_with(&format!("account[0].{expected}")), "{line}\n{said}");
    }
}

#[test]
fn a_line_that_is_not_toml_is_named_by_its_number_and_not_shown() {
    let lines = [
        "password = hunter2",
        "password = 'hunter2",
        "password = \"hunter2",
        "password = \"hunter2\" hunter2",
        "password \"hunter2\"",
        "password: hunter2",
        "\"hunter2",
        "password = \"hunter2\\q\"",
        "password = hunter2 # hunter2",
        "password = \"\"\"hunter2",
        "password = \"\u{7f}hunter2\"",
        "password = { hunter2",
        "password = [\"hunter2\"",
        "password.hunter2",
    ];
    for line in lines {
        let said = fault(&format!("{PLAIN}{line}\n"));
        assert!(said.starts_with("line "), "{line}: {said}");
    }
    let twice = fault(&format!("{PLAIN}password = \"hunter2\"\npassword = \"hunter2\"\n"));
    assert!(twice.starts_with("line 6, column 1: "), "{twice}");
}

#[test]
fn settings_never_show_a_password() {
    let text = format!("{PLAIN}password = \"hunter2\"");
    let config = load_file_under(&text, &[("CALL_AGENT_API_KEY", "topsecret")]).unwrap();
    for shown in [format!("{config:?}"), format!("{config:#?}")] {
        assert!(!shown.contains(SECRET) && !shown.contains("topsecret"), "{shown}");
        assert!(shown.contains("1000"));
    }
}

#[test]
fn the_example_for_a_container_is_read() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/accounts.toml");
    let config = load(&["--config", file], &[("PBX_PASSWORD", SECRET)]).unwrap();
    assert_eq!(*password_of(&config.agent.accounts[0]), Password::new(SECRET));
}

#[test]
fn accounts_are_bounded() {
    let many = |count: usize| {
        (0..count)
            .map(|number| PLAIN.replace("id = \"1000\"", &format!("id = \"{number}\"")))
            .collect::<String>()
    };
    assert_eq!(accounts(&many(1000)).len(), 1000);
    assert_eq!(fault(&many(1001)), "account: at most 1000");
}

#[test]
fn accounts_are_in_the_file_alone() {
    let said = load(&[], &[("CALL_AGENT_ACCOUNT", "x")]).unwrap_err().to_string();
    assert_eq!(said, "CALL_AGENT_ACCOUNT: there is no such setting");
    assert!(load(&["--account", "x"], &[]).is_err());
}

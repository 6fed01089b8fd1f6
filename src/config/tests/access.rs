use super::*;
use crate::access::{Digest, Key, Rate, Scope};

const HASH: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn table(name: &str, hash: &str, scopes: &str) -> String {
    format!("[[key]]\nname = \"{name}\"\nhash = \"{hash}\"\nscopes = [{scopes}]\n")
}

fn names(keys: &[Key]) -> Vec<&str> {
    keys.iter().map(|key| &*key.name).collect()
}

#[test]
fn keys_stand_in_the_settings_and_in_a_file_of_their_own() {
    let directory = Directory::new("keys");
    let alone = directory.path().join("keys.toml");
    std::fs::write(&alone, table("bot", &Digest::of("bot").to_string(), "\"admin\"")).unwrap();
    let config =
        directory.file(&format!("max_calls = 7\n{}", table("crm", HASH, "\"calls:read\", \"events:read\"")));
    let flags = ["--config", config.to_str().unwrap(), "--api-keys-file", alone.to_str().unwrap()];
    let loaded = load(&flags, &[("CALL_AGENT_API_KEY", "k")]).unwrap();
    let keys = &loaded.access.doors.keys;
    assert_eq!(names(keys), ["environment", "crm", "bot"]);
    assert!(keys[1].digest == Digest::of("abc"));
    assert!(keys[1].scopes.allow(Scope::EventsRead) && !keys[1].scopes.allow(Scope::CallsControl));
    assert!(keys[0].scopes.allow(Scope::Admin) && keys[2].scopes.allow(Scope::Admin));
    assert_eq!(loaded.agent.max_calls, 7);
}

#[test]
fn the_files_are_read_again_and_a_broken_one_is_told() {
    let directory = Directory::new("keys-again");
    let alone = directory.path().join("keys.toml");
    std::fs::write(&alone, table("one", HASH, "\"admin\"")).unwrap();
    let config = load(&["--api-keys-file", alone.to_str().unwrap()], &[]).unwrap();
    std::fs::write(&alone, table("two", HASH, "\"admin\"")).unwrap();
    assert_eq!(names(&config.access.files.read().unwrap().keys), ["two"]);
    std::fs::write(&alone, "").unwrap();
    assert!(config.access.files.read().unwrap().is_bare());
    for broken in ["[[key]", "max_calls = 1", "[[key]]\nname = \"x\""] {
        std::fs::write(&alone, broken).unwrap();
        let fault = config.access.files.read().unwrap_err().to_string();
        assert!(fault.contains("keys.toml"), "{fault}");
    }
    std::fs::remove_file(&alone).unwrap();
    assert!(config.access.files.read().unwrap_err().to_string().starts_with("--api-keys-file "));
}

#[test]
fn a_key_that_is_not_right_stops_the_start_and_its_values_are_not_said() {
    let good = table("crm", HASH, "\"calls:read\"");
    for (text, key) in [
        ("key = \"ca_secret\"".to_owned(), "key"),
        ("[[key]]\nname = \"crm\"".to_owned(), "key[0].scopes"),
        (table("crm", "ca_secret", "\"calls:read\""), "key[0].hash"),
        (table("c r m", HASH, "\"calls:read\""), "key[0].name"),
        (table("", HASH, "\"calls:read\""), "key[0].name"),
        (table("crm", HASH, "\"calls:write\""), "key[0].scopes"),
        (table("crm", HASH, ""), "key[0].scopes"),
        (format!("{good}secret = \"ca_secret\""), "key[0].secret"),
        (format!("{good}{}", table("crm", &HASH.replace('b', "c"), "\"admin\"")), "key[1].name"),
        (format!("{good}{}", table("bot", HASH, "\"admin\"")), "key[1].hash"),
    ] {
        let fault = load_file("bad-key", &text).unwrap_err().to_string();
        assert!(fault.contains(&format!("call-agent.toml: {key}: ")), "{fault}");
        assert!(!fault.contains("ca_secret"), "{fault}");
    }
}

#[test]
fn tokens_need_an_issuer_an_audience_and_a_set_of_keys_that_can_be_read() {
    let directory = Directory::new("jwks");
    let file = directory.path().join("keys.json");
    let flags = ["--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-jwks-file", file.to_str().unwrap()];
    let fault = || load(&flags, &[]).unwrap_err().to_string();
    assert!(fault().starts_with("--jwt-jwks-file "), "{}", fault());
    std::fs::write(&file, "{}").unwrap();
    assert!(fault().contains("not a JWK set"), "{}", fault());
    let alone = load(&["--jwt-jwks-file", "f", "--jwt-issuer", "i"], &[]).unwrap_err().to_string();
    assert_eq!(alone, "--jwt-jwks-file needs --jwt-audience");
    std::fs::write(&file, include_str!("../../access/tests/rsa.jwks.json")).unwrap();
    assert!(load(&flags, &[]).unwrap().access.doors.tokens.is_some());
}

#[test]
fn rates_and_origins_come_from_any_source() {
    let config = load(&[], &[]).unwrap().access;
    assert_eq!(config.limits.requests, None);
    assert_eq!(config.limits.failures, Rate::new(10, 100));
    let text = "rate_limit = 50\nfailed_auth_limit = \"0\"\ncors_origin = [\"https://crm.example.com\", \"http://localhost:3000\"]";
    let config = load_file("rates", text).unwrap().access;
    assert_eq!(config.limits.requests, Rate::new(50, 100));
    assert_eq!(config.limits.failures, None);
    assert_eq!(config.cors_origins, ["https://crm.example.com", "http://localhost:3000"]);
}

use std::net::SocketAddr;

use super::*;
use crate::api_key::ApiKey;
use crate::config::guard;

fn loopback() -> SocketAddr {
    "127.0.0.1:8080".parse().unwrap()
}

fn public() -> SocketAddr {
    "0.0.0.0:8080".parse().unwrap()
}

fn config(data_dir: &Path) -> Config {
    load(&["--data-dir", data_dir.to_str().unwrap()], &[]).unwrap()
}

#[test]
fn a_given_key_guards_every_address() {
    let config = load(&[], &[("CALL_AGENT_API_KEY", "secret")]).unwrap();
    for address in [loopback(), public()] {
        let (hash, made) = guard(&config, address).unwrap();
        assert!(hash == Some(ApiKey::of("secret")));
        assert!(made.is_none());
    }
}

#[test]
fn on_loopback_without_a_key_nothing_is_guarded() {
    let (hash, made) = guard(&load(&[], &[]).unwrap(), loopback()).unwrap();
    assert!(hash.is_none() && made.is_none());
}

#[cfg(unix)]
#[test]
fn elsewhere_a_key_is_made_once_and_only_its_hash_is_kept_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new("made-key");
    let config = config(&directory.path().join("data"));
    let (hash, made) = guard(&config, public()).unwrap();
    let made = made.unwrap();
    assert!(made.key.starts_with("ca_") && made.key.len() == 67, "{}", made.key);
    assert!(hash == Some(ApiKey::of(&made.key)));
    let file = made.file.unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&made.key));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let (again, made) = guard(&config, public()).unwrap();
    assert!(again == hash);
    assert!(made.is_none());
}

#[test]
fn without_a_data_directory_every_start_makes_a_key() {
    let config = config(Path::new("none"));
    let first = guard(&config, public()).unwrap().1.unwrap();
    let second = guard(&config, public()).unwrap().1.unwrap();
    assert!(first.file.is_none());
    assert_ne!(first.key, second.key);
}

#[test]
fn a_key_file_that_cannot_be_understood_stops_the_start() {
    let directory = Directory::new("broken-key");
    std::fs::write(directory.path().join("api-key.sha256"), "").unwrap();
    let fault = guard(&config(directory.path()), public()).unwrap_err().to_string();
    assert!(fault.contains("api-key.sha256"), "{fault}");
}

use std::net::SocketAddr;

use super::*;
use crate::access::{Access, Refused, Scope};
use crate::config::guard;

fn loopback() -> SocketAddr {
    "127.0.0.1:8080".parse().unwrap()
}

fn public() -> SocketAddr {
    "0.0.0.0:8080".parse().unwrap()
}

fn lets_in(access: &Access, key: &str) -> bool {
    let admitted = access.admit(Some(key.as_bytes()), None, std::time::Instant::now());
    assert!(matches!(admitted, Ok(_) | Err(Refused::Unknown)));
    admitted.is_ok_and(|pass| pass.allows(Scope::Admin))
}

fn config(data_dir: &Path) -> Config {
    load(&["--data-dir", data_dir.to_str().unwrap()], &[]).unwrap()
}

#[test]
fn a_given_key_guards_every_address() {
    let config = load(&[], &[("CALL_AGENT_API_KEY", "secret")]).unwrap();
    for address in [loopback(), public()] {
        let (access, made) = guard(&config, address).unwrap();
        assert!(lets_in(&access, "secret") && !lets_in(&access, "other"));
        assert!(made.is_none());
    }
}

#[test]
fn on_loopback_without_a_key_nothing_is_guarded() {
    for address in [loopback(), "[::1]:1".parse().unwrap(), "[::ffff:127.0.0.1]:1".parse().unwrap()] {
        let (access, made) = guard(&load(&[], &[]).unwrap(), address).unwrap();
        assert!(access.is_open() && made.is_none(), "{address}");
    }
}

#[cfg(unix)]
#[test]
fn elsewhere_a_key_is_made_once_and_only_its_hash_is_kept_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new("made-key");
    let config = config(&directory.path().join("data"));
    let (access, made) = guard(&config, public()).unwrap();
    let made = made.unwrap();
    assert!(made.key.starts_with("ca_") && made.key.len() == 67, "{}", made.key);
    assert!(!access.is_open() && lets_in(&access, &made.key));
    let file = made.file.unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&made.key));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory.path().join("data")), mode(&file)), (0o700, 0o600));

    let (again, none) = guard(&config, public()).unwrap();
    assert!(none.is_none() && lets_in(&again, &made.key));
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
    for text in ["", "sha256:", "0123"] {
        std::fs::write(directory.path().join("api-key.sha256"), text).unwrap();
        let fault = guard(&config(directory.path()), public()).unwrap_err().to_string();
        assert!(fault.contains("api-key.sha256"), "{fault}");
    }
}

#[test]
fn a_key_file_of_an_earlier_version_is_still_good() {
    let directory = Directory::new("plain-key");
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
    std::fs::write(directory.path().join("api-key.sha256"), abc).unwrap();
    let (access, made) = guard(&config(directory.path()), public()).unwrap();
    assert!(made.is_none() && lets_in(&access, "abc"));
}

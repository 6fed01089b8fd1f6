use super::*;

use std::pin::pin;

use tokio::time::timeout;

fn with_keys(keys: &[Key]) -> Access {
    Access::new(Doors { keys: keys.to_vec(), tokens: None }, None, Limits::default())
}

#[test]
fn a_key_is_known_by_its_name_and_has_its_scopes() {
    let access = with_keys(&[key("crm", &[Scope::CallsRead]), key("bot", &[Scope::Admin])]);
    let crm = admit(&access, "crm").unwrap();
    assert_eq!(crm.name(), "crm");
    assert!(crm.allows(Scope::CallsRead) && !crm.allows(Scope::EventsRead));
    assert!(admit(&access, "bot").unwrap().allows(Scope::EventsRead));
    assert_eq!(admit(&access, "crm2").unwrap_err(), Refused::Unknown);
    assert_eq!(access.admit(None, None, Instant::now()).unwrap_err(), Refused::NoKey);
}

#[test]
fn the_key_of_the_last_resort_is_good_while_there_is_no_other() {
    let access = Access::new(Doors::default(), Some(key("made", &[Scope::Admin])), Limits::default());
    assert!(!access.is_open() && admit(&access, "made").is_ok());
    access.replace(Doors { keys: vec![key("crm", &[Scope::Admin])], tokens: None });
    assert!(admit(&access, "made").is_err() && admit(&access, "crm").is_ok());
    access.replace(Doors::default());
    assert!(admit(&access, "made").is_ok() && admit(&access, "crm").is_err());
}

#[test]
fn keys_and_tokens_are_good_side_by_side() {
    let issuer = Issuer::new();
    let keys = vec![key("a.b.c", &[Scope::Admin])];
    let access = Access::new(Doors { keys, tokens: Some(issuer.tokens()) }, None, Limits::default());
    assert_eq!(admit(&access, "a.b.c").unwrap().name(), "a.b.c");
    let crm = admit(&access, &issuer.token(|_| {})).unwrap();
    assert!(crm.name() == "crm" && crm.allows(Scope::EventsRead) && !crm.allows(Scope::Admin));
    assert_eq!(admit(&access, "d.e.f").unwrap_err(), Refused::Token(BadToken::Signature));
    assert!(!format!("{access:?} {crm:?}").contains("eyJ"), "a token is not shown");
}

#[test]
fn a_key_and_a_token_of_the_same_name_are_counted_apart() {
    let issuer = Issuer::new();
    let doors = Doors { keys: vec![key("crm", &[Scope::Admin])], tokens: Some(issuer.tokens()) };
    let access = Access::new(doors, None, Limits { requests: Rate::new(1, 1), failures: None });
    assert!(admit(&access, "crm").is_ok());
    assert!(matches!(admit(&access, "crm"), Err(Refused::TooMany(_))));
    assert!(admit(&access, &issuer.token(|_| {})).is_ok());
}

#[test]
fn failures_are_counted_by_address_and_by_the_network_of_a_subscriber() {
    let access = Access::new(
        Doors { keys: vec![key("crm", &[Scope::Admin])], tokens: None },
        None,
        Limits { requests: None, failures: Rate::new(1, 2) },
    );
    let now = Instant::now();
    let show = |shown: &str, from: &str| access.admit(Some(shown.as_bytes()), from.parse().ok(), now);
    for _ in 0..2 {
        assert_eq!(show("x", "2001:db8::1").unwrap_err(), Refused::Unknown);
        assert_eq!(show("x", "192.0.2.1").unwrap_err(), Refused::Unknown);
    }
    for from in ["2001:db8::2", "192.0.2.1", "::ffff:192.0.2.1"] {
        assert!(matches!(show("crm", from), Err(Refused::TooManyFailures(_))), "{from}");
    }
    for from in ["2001:db8:0:1::1", "192.0.2.2"] {
        assert!(show("crm", from).is_ok(), "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_came_in_by_a_token_stays_until_it_expires_or_its_signer_is_gone() {
    let issuer = Issuer::new();
    let doors = Doors { keys: Vec::new(), tokens: Some(issuer.tokens()) };
    let access = Access::new(doors, None, Limits::default());
    let begun = tokio::time::Instant::now();
    admit(&access, &issuer.token(|_| {})).unwrap().ends(Scope::EventsRead).await;
    let stayed = begun.elapsed();
    assert!((Duration::from_secs(598)..Duration::from_secs(632)).contains(&stayed), "{stayed:?}");

    let mut ends = pin!(admit(&access, &issuer.token(|_| {})).unwrap().ends(Scope::EventsRead));
    assert!(timeout(Duration::from_secs(60), &mut ends).await.is_err());
    access.replace(Doors { keys: Vec::new(), tokens: Some(issuer.tokens()) });
    assert!(timeout(Duration::from_secs(60), &mut ends).await.is_err(), "the same keys were read again");
    access.replace(Doors { keys: Vec::new(), tokens: Some(Issuer::new().tokens()) });
    timeout(Duration::from_secs(1), &mut ends).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_came_in_while_all_was_open_goes_when_it_is_closed() {
    let access = with_keys(&[]);
    let mut ends = pin!(access.admit(None, None, Instant::now()).unwrap().ends(Scope::EventsRead));
    assert!(timeout(Duration::from_secs(3600), &mut ends).await.is_err());
    access.replace(Doors { keys: vec![key("crm", &[Scope::Admin])], tokens: None });
    timeout(Duration::from_secs(1), &mut ends).await.unwrap();
}

use super::*;

fn refused(tokens: &Tokens, token: &str) -> BadToken {
    tokens.verify(token.as_bytes()).unwrap_err()
}

#[test]
fn a_good_token_says_who_asks_and_for_what() {
    let issuer = Issuer::new();
    let tokens = issuer.tokens();
    for head in [
        json!({"alg": "EdDSA", "kid": "ed"}),
        json!({"alg": "ES256", "kid": "ec", "typ": "at+jwt"}),
        json!({"alg": "EdDSA"}),
    ] {
        let bearer = tokens.verify(issuer.sign(&head, &claims()).as_bytes()).unwrap();
        assert_eq!(&*bearer.name, "crm");
        assert_eq!(bearer.scopes, Scopes::from_iter([Scope::CallsRead, Scope::EventsRead]));
        let left = bearer.until.duration_since(SystemTime::now()).unwrap();
        assert!((Duration::from_secs(600)..=Duration::from_secs(631)).contains(&left), "{left:?}");
    }
    let audiences = issuer.token(|claims| claims["aud"] = json!(["other", AUDIENCE]));
    assert!(tokens.verify(audiences.as_bytes()).is_ok());
    let without = issuer.token(|claims| drop(claims.as_object_mut().unwrap().remove("scope")));
    assert!(tokens.verify(without.as_bytes()).unwrap().scopes.is_empty());
}

#[test]
fn a_client_is_told_from_all_others_by_its_kind_and_name_and_from_none_while_all_is_open() {
    let issuer = Issuer::new();
    let doors = Doors { keys: vec![key("crm", &[]), key("billing", &[])], tokens: Some(issuer.tokens()) };
    let access = Access::new(doors, None, Limits::default());
    let client = |shown: &str| admit(&access, shown).unwrap().client();
    assert_eq!(client("crm").unwrap(), "key crm");
    assert_eq!(client("billing").unwrap(), "key billing");
    assert_eq!(client(&issuer.token(|_| {})).unwrap(), "token crm");
    let later = issuer.token(|claims| claims["exp"] = json!(now() + 900));
    assert_eq!(client(&later).unwrap(), "token crm", "another token of the same one");
    let open = Access::new(Doors::default(), None, Limits::default());
    assert_eq!(admit(&open, "crm").unwrap().client(), None);
}

/// RS256 cannot be signed here, so that this was made once, with a key that is kept nowhere.
#[test]
fn a_token_signed_with_rsa_is_believed() {
    let set = include_str!("rsa.jwks.json");
    let token = include_str!("rsa.jwt").trim();
    let tokens = Tokens::read(set, ISSUER, AUDIENCE).unwrap();
    assert_eq!(&*tokens.verify(token.as_bytes()).unwrap().name, "rsa");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    assert_eq!(refused(&tokens, &format!("{signed}.{flipped}{}", &signature[1..])), BadToken::Signature);
}

#[test]
fn a_token_does_not_choose_how_it_is_verified() {
    let issuer = Issuer::new();
    let tokens = issuer.tokens();
    for head in [
        json!({"alg": "none"}),
        json!({"alg": "none", "kid": "ed"}),
        json!({"alg": "HS256", "kid": "ed"}),
        json!({"alg": "HS256"}),
        json!({"alg": "ES256", "kid": "ed"}),
        json!({"alg": "EdDSA", "kid": "ec"}),
        json!({"alg": "RS256", "kid": "ec"}),
        json!({"alg": "PS256"}),
        json!({"alg": "EdDSA", "kid": "unknown"}),
        json!({"alg": "EdDSA", "kid": "ed", "crit": ["exp"]}),
        json!({"kid": "ed"}),
    ] {
        assert_eq!(refused(&tokens, &issuer.sign(&head, &claims())), BadToken::Signature, "{head}");
    }
    // The public key as the secret of an HMAC: what a verifier does that believes `alg`.
    let public = issuer.ed.public_key().as_ref().to_vec();
    let signed = format!(
        "{}.{}",
        encode(json!({"alg": "HS256", "kid": "ed"}).to_string()),
        encode(claims().to_string())
    );
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
    let forged = format!("{signed}.{}", encode(ring::hmac::sign(&secret, signed.as_bytes())));
    assert_eq!(refused(&tokens, &forged), BadToken::Signature);
}

#[test]
fn a_token_with_another_key_or_changed_on_its_way_is_refused() {
    let issuer = Issuer::new();
    let tokens = issuer.tokens();
    assert_eq!(refused(&tokens, &Issuer::new().token(|_| {})), BadToken::Signature);
    let good = issuer.token(|_| {});
    let mut parts: Vec<_> = good.split('.').collect();
    let more = encode(json!({"sub": "crm", "scope": "admin"}).to_string());
    parts[1] = &more;
    assert_eq!(refused(&tokens, &parts.join(".")), BadToken::Signature);
    for bad in ["", "..", "a.b.c", &good[..good.len() - 1], &format!("{good}.x"), &good.replace('.', " ")] {
        assert_eq!(refused(&tokens, bad), BadToken::Signature, "{bad}");
    }
}

#[test]
fn every_claim_is_checked() {
    let issuer = Issuer::new();
    let tokens = issuer.tokens();
    let with =
        |name: &'static str, value: Value| refused(&tokens, &issuer.token(|claims| claims[name] = value));
    let without = |name: &str| {
        refused(&tokens, &issuer.token(|claims| drop(claims.as_object_mut().unwrap().remove(name))))
    };
    assert_eq!(with("exp", json!(now() - 60)), BadToken::Expired);
    assert_eq!(with("nbf", json!(now() + 90)), BadToken::Early);
    assert_eq!(with("iss", json!("https://evil.example.com")), BadToken::Claim("iss"));
    assert_eq!(with("aud", json!("another-service")), BadToken::Claim("aud"));
    assert_eq!(with("aud", json!([])), BadToken::Claim("aud"));
    assert_eq!(with("sub", json!("a\nb")), BadToken::Claim("sub"));
    assert_eq!(with("sub", json!("")), BadToken::Claim("sub"));
    for name in ["iss", "aud"] {
        assert_eq!(without(name), BadToken::Claim(if name == "iss" { "iss" } else { "aud" }));
    }
    for (name, bad) in [("exp", json!("soon")), ("exp", json!(-1)), ("exp", json!(1e300)), ("sub", json!(7))]
    {
        assert!(matches!(with(name, bad.clone()), BadToken::Claim(_)), "{name} {bad}");
    }
    for name in ["exp", "sub"] {
        assert!(matches!(without(name), BadToken::Claim(_)), "{name}");
    }
    // Clocks differ by a little.
    for near in [("exp", json!(now() - 10)), ("nbf", json!(now() + 10))] {
        assert!(
            tokens.verify(issuer.token(|claims| claims[near.0] = near.1).as_bytes()).is_ok(),
            "{}",
            near.0
        );
    }
}

#[test]
fn a_set_of_keys_that_is_of_no_use_or_has_a_secret_is_refused() {
    let read = |text: &str| Tokens::read(text, ISSUER, AUDIENCE).unwrap_err().to_string();
    assert!(read("{").starts_with("not a JWK set"));
    assert!(read("{}").starts_with("not a JWK set"));
    assert!(read(r#"{"keys": []}"#).starts_with("no key for"));
    assert!(
        read(r#"{"keys": [{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}]}"#).starts_with("no key for")
    );
    let mut private = Issuer::new().key_set();
    private["keys"][1]["d"] = json!("AAAA");
    let fault = read(&private.to_string());
    assert!(fault.starts_with("key 1 is a private") && !fault.contains("AAAA"), "{fault}");
    assert!(read(r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#).starts_with("key 0 is"));
    let many = json!({"keys": vec![json!({"kty": "new"}); 101]});
    assert_eq!(read(&many.to_string()), "more than 100 keys");
    for (member, other) in [("use", "enc"), ("alg", "RS512")] {
        let mut set = Issuer::new().key_set();
        set["keys"].as_array_mut().unwrap().truncate(1);
        set["keys"][0][member] = json!(other);
        assert!(read(&set.to_string()).starts_with("no key for"), "{set}");
    }
}

//! What is secret is in none of the forms.

use super::*;

/// How a message stands in a timeline.
fn shown(more: &str, body: &str) -> String {
    let (timelines, event) = begun();
    let sent = message(INVITE, ["b", ""], more, body);
    receive(&timelines, sent.clone());
    let story = timelines.story(event.call, &[]);
    let StoryEntry::Sip(sip) = &story.entries[0] else { panic!() };
    assert_eq!(sip.message.len(), sent.len(), "lengths stay true");
    sip.message.clone()
}

#[test]
fn secrets_are_covered_and_lengths_stay_true() {
    let (timelines, event) = begun();
    let more = "Authorization: Digest username=\"u\",\r\n response=\"deadbeef\"\r\nproxy-authorization : hunter2\r\n\
                X-Ref: <sip:u:hunter2@host>, sip:host:5060;x=a\r\n";
    let body = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:hunter2\r\na=ice-pwd:hunter2\r\nk=clear:hunter2\r\na=sendrecv\r\n";
    let sent = message(INVITE, ["b", ""], more, body);
    receive(&timelines, sent.clone());
    let story = timelines.story(event.call, &[]);
    let StoryEntry::Sip(sip) = &story.entries[0] else { panic!() };
    for secret in ["hunter2", "deadbeef", "username", "inline"] {
        assert!(!sip.message.contains(secret), "{}", sip.message);
    }
    assert!(
        sip.message.contains("sip:host:5060;x=a") && sip.message.contains("a=sendrecv"),
        "{}",
        sip.message
    );
    assert!(sip.message.contains("<sip:u:*******@host>"), "{}", sip.message);
    assert_eq!(sip.bytes.len(), sent.len());
    for text in [text(&story), mermaid(&story), String::from_utf8_lossy(&pcapng(&story)).into_owned()] {
        assert!(!text.contains("hunter2") && !text.contains("deadbeef"), "{text}");
    }
}

#[test]
fn answers_to_challenges_are_covered_however_they_are_written() {
    for header in [
        "AUTHORIZATION:Digest response=\"hunter2\"\r\n",
        "Authorization\t:\r\n Digest\r\n\tresponse=\"hunter2\"\r\n",
        // Blanks alone are a fold, and do not end the head.
        "Subject: a\r\n \t\r\n b\r\nProxy-Authorization: hunter2\r\n",
        "Proxy-Authorization: Digest a=b,\r\n \r\n response=\"hunter2\"\r\n",
        "Authentication-Info: rspauth=\"hunter2\"\r\n",
    ] {
        let shown = shown(header, "");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn passwords_in_addresses_are_covered_and_other_colons_are_not() {
    for address in [
        "<SIP:u:hunter2@host>",
        "sips:u:hunter2@host:5061",
        "<sip:u:a:hunter2@x@host>",
        "<https://u:hunter2@host/>",
    ] {
        let shown = shown(&format!("X-Ref: {address}\r\n"), "");
        assert!(!shown.contains("hunter2") && shown.contains("host"), "{shown}");
    }
    let shown = shown("X-Ref: <sip:host:5060>, <sip:u@host:5060>, a:b:c@d\r\n", "");
    assert!(shown.contains("<sip:host:5060>, <sip:u@host:5060>, a:b:c@d"), "{shown}");
    let invite = message("INVITE sip:u:hunter2@host SIP/2.0", ["b", ""], "", "");
    let (timelines, event) = begun();
    receive(&timelines, invite);
    let named = named(event.clone(), Way::Inbound, "e040", ["a", "b"]);
    let mut call = Call::clone(&named.call);
    call.from = Arc::new(crate::agent::event::Party { uri: "sip:u:hunter2@host".into(), display_name: None });
    let story = timelines.story(call.into(), &[]);
    assert_eq!(story.entries.len(), 1);
    for text in [text(&story), mermaid(&story), serde_json::to_string(&story).unwrap()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn keys_of_media_are_covered_however_they_are_written() {
    for line in [
        "a=CRYPTO:1 AES inline:hunter2",
        "A=crypto:1 AES inline:hunter2",
        "a=acap:1 crypto:1 AES inline:hunter2",
        "a=key-mgmt:mikey hunter2",
        "K=base64:hunter2",
    ] {
        for end in ["\r\n", "\n", "\r"] {
            let shown = shown("", &format!("v=0{end}{line}{end}a=sendrecv{end}"));
            assert!(!shown.contains("hunter2") && shown.contains("a=sendrecv"), "{shown}");
        }
    }
}

#[test]
fn digits_that_were_dialled_are_covered() {
    for (kind, body) in [
        ("Content-Type: application/dtmf-relay", "Signal=7\r\nDuration=160\r\n"),
        ("c: APPLICATION/DTMF", "7"),
        ("Content-Type:\r\n application/vnd.nortelnetworks.digits", "p=Digit-Collection\r\nd=7\r\n"),
    ] {
        let shown = shown(&format!("{kind}\r\n"), body);
        let (_, body) = shown.split_once("\r\n\r\n").unwrap();
        assert!(!body.contains('7'), "{body}");
    }
    assert!(
        shown("Content-Type: application/dtmf-relay\r\n", "Signal=7\r\nDuration=160\r\n")
            .contains("Duration=160")
    );
    assert!(shown("Content-Type: text/plain\r\n", "Signal=7\r\n").contains("Signal=7"));
}

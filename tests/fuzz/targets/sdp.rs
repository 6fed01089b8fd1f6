//! Offer and answer: whatever is offered, at first and again, there is an answer that fits it, or a reason why not.
#![no_main]

use std::borrow::Cow;
use std::net::IpAddr;

use call_agent::sip::sdp::{self, InUse, Local, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // A first offer, and behind a NUL what is offered later.
    let mut offers = data.split(|byte| *byte == 0);
    let (Some(first), later) = (offers.next(), offers.next()) else { return };
    let _ = sdp::direction(first);
    for local in locals() {
        let Ok(answer) = sdp::answer(first, &local) else { continue };
        assert_fits(&answer, first);
        // Media lines that have been refused are offered no more, and what has not changed is not written anew.
        let in_use = InUse {
            local: &answer,
            remote: first,
            source: Source::Generated,
            media: local.media,
            codecs: &local.codecs,
        };
        let again = sdp::reanswer(&in_use, first).expect("what was answered once is answered again");
        assert_eq!(again, answer);
        assert_eq!(sdp::check(&sdp::reoffer(&in_use), None), Ok(()));
        if let Some(later) = later
            && let Ok(answer) = sdp::reanswer(&in_use, later)
        {
            assert_fits(&answer, later);
        }
    }
    let text = String::from_utf8_lossy(first);
    if sdp::check(&text, later).is_ok() {
        // A description of a client's, in use: it is offered again and answers what comes.
        let in_use = InUse {
            local: &text,
            remote: later.unwrap_or_default(),
            source: Source::given(&text, later),
            media: None,
            codecs: &[],
        };
        assert_eq!(sdp::check(&sdp::reoffer(&in_use), None), Ok(()));
        if let Some(later) = later
            && let Ok(answer) = sdp::reanswer(&in_use, later)
        {
            assert_fits(&answer, later);
        }
    }
});

fn assert_fits(answer: &str, offer: &[u8]) {
    assert_eq!(sdp::check(answer, Some(offer)), Ok(()), "{answer}");
}

fn locals() -> [Local<'static>; 2] {
    let media: IpAddr = [192, 0, 2, 9].into();
    let codecs = |names: &[&str]| Cow::Owned(names.iter().map(|name| (*name).to_owned()).collect());
    let fallback = "2001:db8::1".parse().expect("an address");
    [
        Local {
            media: Some((media, 40_000)),
            fallback,
            codecs: codecs(&["opus", "G722", "PCMA", "PCMU", "telephone-event"]),
            session_id: u64::MAX,
            version: u64::MAX,
        },
        Local { media: None, fallback, codecs: codecs(&["PCMU", "CN"]), session_id: 1, version: 1 },
    ]
}

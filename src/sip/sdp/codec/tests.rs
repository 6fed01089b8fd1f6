//! Parameters of codecs.

use super::super::tests::{lines, local, offer_of};
use super::super::{Local, answer};

#[test]
fn the_parameters_of_the_offer_are_answered_as_they_say_what_the_format_is() {
    let names = ["AMR", "AMR-WB", "G729", "opus", "telephone-event"].map(str::to_owned).to_vec().into();
    let local = Local { codecs: names, ..local() };
    let offer = offer_of(
        "96 97 18 98 99",
        &[
            "a=rtpmap:96 AMR/8000",
            "a=fmtp:96 octet-align=1",
            "a=rtpmap:97 AMR-WB/16000",
            "a=rtpmap:98 opus/48000/2",
            "a=fmtp:98 useinbandfec=1",
            "a=fmtp:18 annexb=no",
            "a=rtpmap:99 telephone-event/8000",
            "a=fmtp:99 0-11",
        ],
    );
    let answered = answer(offer.as_bytes(), &local).unwrap();
    assert_eq!(lines(&answered, "m="), ["m=audio 21000 RTP/AVP 96 97 18 98 99"]);
    assert_eq!(
        lines(&answered, "a=fmtp"),
        ["a=fmtp:96 octet-align=1", "a=fmtp:18 annexb=no", "a=fmtp:99 0-11"]
    );
}

//! What secures a stream and finds its way: SRTP by RFC 4568 or RFC 5763, ICE by RFC 8839. The agent has no part in it.

use super::description::{Line, Media, Session, attributes};

const CRYPTO: &str = "crypto";

/// The attributes whose change only who gave our description can answer, beside the one that shows that ours has to do with them.
const KINDS: [(&str, &[&str]); 3] =
    [(CRYPTO, &[CRYPTO]), ("ice-ufrag", &["ice-ufrag", "ice-pwd"]), ("fingerprint", &["fingerprint"])];

/// Whether an offer has other keys than the peer's description before it, on a stream on which ours has some.
pub(super) fn are_new(ours: &Session<'_>, before: Option<&Session<'_>>, offer: &Session<'_>) -> bool {
    let streams = ours.medias.iter().zip(&offer.medias).enumerate();
    let mut in_use = streams.filter(|(_, (our, offered))| our.port != 0 && offered.port != 0);
    in_use.any(|(place, (our, offered))| {
        let before = before.and_then(|before| Some((before, before.medias.get(place)?)));
        let has = |name| values(ours, our, name);
        let is_new = |name: &&str| {
            let known = before.map(|(before, media)| values(before, media, name)).unwrap_or_default();
            let offered = values(offer, offered, name);
            match *name {
                CRYPTO => has(CRYPTO).into_iter().any(|our| answered(&offered, our) != answered(&known, our)),
                _ => offered != known,
            }
        };
        // Two of the same role never meet (RFC 4145 §4.1); any other that is offered goes with ours, whatever it was before.
        let roles = ["active", "passive"].map(|role| vec![role]);
        KINDS.iter().any(|(kind, names)| !has(kind).is_empty() && names.iter().any(is_new))
            || (roles.contains(&has("setup")) && values(offer, offered, "setup") == has("setup"))
    })
}

/// The key that ours answers: of several that are offered it is the one with its tag (RFC 4568 §5.1.2).
fn answered<'a>(offered: &[&'a str], our: &str) -> Option<&'a str> {
    let tag = |key: &str| key.split_ascii_whitespace().next().map(str::to_owned);
    offered.iter().copied().find(|key| tag(key) == tag(our))
}

/// The values of an attribute of a stream, else of the session.
fn values<'s>(session: &'s Session<'_>, media: &'s Media<'_>, name: &str) -> Vec<&'s str> {
    let among = |lines: &'s [Line<'_>]| -> Vec<&'s str> {
        attributes(lines).filter(|(attribute, _)| *attribute == name).map(|(_, value)| value).collect()
    };
    let of_stream = among(&media.lines);
    if of_stream.is_empty() { among(&session.lines) } else { of_stream }
}

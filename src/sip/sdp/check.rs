//! The check of a description that a client gives.

use super::description::{self, Line, Session, addresses};

/// Checks a description that a client gives: it parses; as an answer, its media lines match the offer's (RFC 3264 §6).
/// The error says what is wrong.
pub fn check(sdp: &str, offer: Option<&[u8]>) -> Result<(), &'static str> {
    let answer = Session::read(sdp)?;
    for (kind, fault) in [('o', "no o= line"), ('s', "no s= line"), ('t', "no t= line")] {
        if !answer.lines.iter().any(|line| line.kind == kind) {
            return Err(fault);
        }
    }
    let repeated = |kinds: &str, lines: &[Line<'_>]| {
        kinds.chars().any(|kind| lines.iter().filter(|line| line.kind == kind).count() > 1)
    };
    let lines = || answer.medias.iter().map(|media| &media.lines);
    if repeated("osiuczk", &answer.lines) || lines().any(|lines| repeated("ik", lines)) {
        return Err("a line twice that stands once");
    }
    if !lines().chain([&answer.lines]).flatten().all(is_bandwidth) {
        return Err("a bad b= line");
    }
    if !answer.lines.iter().filter(|line| line.kind == 'o').all(is_origin) {
        return Err("a bad o= line");
    }
    let is_connected = addresses(&answer.lines).next().is_some();
    if !is_connected && answer.medias.iter().any(|media| addresses(&media.lines).next().is_none()) {
        return Err("no c= line");
    }
    let Some(offer) = offer else {
        return Ok(());
    };
    let offer = description::text(offer);
    let offer = Session::read(&offer).map_err(|_| "the offer itself cannot be read")?;
    if answer.medias.len() != offer.medias.len() {
        return Err("not as many media lines as the offer has");
    }
    for (answered, offered) in answer.medias.iter().zip(&offer.medias) {
        if answered.media != offered.media {
            return Err("a media line of another type than the offer's");
        }
        if answered.proto != offered.proto {
            return Err("a media line of another protocol than the offer's");
        }
        if offered.port == 0 && answered.port != 0 {
            return Err("a media line that the offer has disabled is in use");
        }
    }
    Ok(())
}

/// `<type>:<kilobits a second>` (RFC 8866 §5.8), if it is a `b=` line.
fn is_bandwidth(line: &Line<'_>) -> bool {
    let number = || line.value.split_once(':').map(|(_, number)| number);
    line.kind != 'b' || number().is_some_and(|number| number.parse::<u64>().is_ok())
}

/// An `o=` line has six words, the third of them a number that can be raised (RFC 8866 §5.2).
fn is_origin(line: &Line<'_>) -> bool {
    let words: Vec<_> = line.value.split_ascii_whitespace().collect();
    matches!(words[..], [_, _, version, _, _, _] if version.parse::<u64>().is_ok())
}

//! The check of a description that a client gives.

use super::description;

/// Checks a description that a client gives: it parses; as an answer, its media lines match the offer's (RFC 3264 §6).
/// The error says what is wrong.
pub fn check(sdp: &str, offer: Option<&[u8]>) -> Result<(), &'static str> {
    // RFC 8866 §9: byte-string has none.
    if sdp.contains('\0') {
        return Err("a NUL in it");
    }
    let answer = description::read(sdp.as_bytes())?;
    for (start, fault) in [("o=", "no o= line"), ("s=", "no s= line"), ("t=", "no t= line")] {
        if !sdp.lines().any(|line| line.starts_with(start)) {
            return Err(fault);
        }
    }
    if answer.medias.iter().any(|media| media.connections.is_empty()) && answer.connection.is_none() {
        return Err("no c= line");
    }
    let Some(offer) = offer else {
        return Ok(());
    };
    let offer = description::read(offer).map_err(|_| "the offer itself cannot be read")?;
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

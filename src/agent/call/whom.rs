//! Whom a client wants to call: a URI, or what an account makes one of.

use crate::agent::contact::bracketed;
use crate::agent::settings::AccountSettings;
use crate::agent::{Refusal, check};
use crate::sip::{Transport, Uri};

/// The Request-URI of a call to `text`: a SIP URI as it is; a number or a user as one of the account's domain.
pub(super) fn uri_of(text: &str, account: Option<&AccountSettings>) -> Result<Uri, Refusal> {
    check::text("to", text)?;
    let invalid = |fault| check::field("to", fault);
    let uri = match (text.split_once(':'), account) {
        (Some((scheme, number)), Some(account)) if scheme.eq_ignore_ascii_case("tel") => {
            let user = subscriber(number).map_err(invalid)?;
            format!("sip:{user}@{};user=phone", bracketed(&account.domain))
        }
        (Some((scheme, _)), None) if scheme.eq_ignore_ascii_case("tel") => {
            return Err(invalid("a number needs an account whose domain it is called in"));
        }
        (Some(_), _) => text.to_owned(),
        (None, _) if text.is_empty() => return Err(invalid("must not be empty")),
        (None, _) if text.contains('@') => return Err(invalid("needs a scheme: sip:, sips: or tel:")),
        (None, None) => return Err(invalid("a user alone needs an account whose domain it is called in")),
        (None, Some(account)) => format!("sip:{}@{}", escaped(text), bracketed(&account.domain)),
    };
    let uri = Uri::parse(uri.into()).map_err(invalid)?;
    if !uri.is_sip() {
        return Err(invalid("must be a sip:, sips: or tel: URI"));
    }
    if uri.has_headers() {
        return Err(invalid("must have no headers"));
    }
    if uri.param("transport").is_some() && !is_transport(uri.transport(), account) {
        return Err(invalid("transport is one of udp, tcp, tls"));
    }
    Ok(uri)
}

/// Whether requests can go by what a `transport` says. An account's PBX may know one more than we do, but none that is no word
/// for one: we would take it for UDP.
fn is_transport(said: Option<Transport>, account: Option<&AccountSettings>) -> bool {
    match said {
        None => false,
        Some(Transport::Udp | Transport::Tcp | Transport::Tls) => true,
        Some(_) => account.is_some(),
    }
}

/// The user part that stands for a telephone number (§19.1.6): its parameters stay, what only pleases the eye goes.
fn subscriber(text: &str) -> Result<String, &'static str> {
    let (number, params) = text.split_at(text.find(';').unwrap_or(text.len()));
    let digits: String = number.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
    let local = digits.strip_prefix('+').unwrap_or(&digits);
    let is_number =
        !local.is_empty() && local.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '*' | '#'));
    if is_number { Ok(escaped(&(digits + params))) } else { Err("not a telephone number") }
}

/// What stands unescaped in a user part beside letters and digits (§25.1: mark, user-unreserved).
const PLAIN: &[u8] = b"-_.!~*'()&=+$,;?/";

/// Text as the user part of a SIP URI.
fn escaped(text: &str) -> String {
    let mut user = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            true => user.push(char::from(byte)),
            false => user += &format!("%{byte:02X}"),
        }
    }
    user
}

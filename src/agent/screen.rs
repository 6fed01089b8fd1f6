//! What every request is asked before it reaches a call (RFC 3261 §8.2).

use bytes::Bytes;

use super::calls::Calls;
use super::respond::{self, ACCEPT, ACCEPTED, ALLOW};
use super::stack::{Intake, Stack};
use super::transaction::MergeKey;
use crate::sip::{Known, Name, Part, Request, sdp};

/// A refusal: its status and the whole response.
pub type Refused = (u16, Bytes);

/// Methods that the RFCs know and this agent does not serve get 405, others 501 (§8.2.1). MESSAGE is served within calls only.
pub fn method(request: &Request, tag: &str) -> Option<Refused> {
    use Known::{Ack, Bye, Cancel, Info, Invite, Message, Options, Update};
    match request.method.known() {
        Some(Ack | Bye | Cancel | Info | Invite | Options | Update) => None,
        Some(Message) if request.to.tag().is_some() => None,
        Some(_) => Some((405, begin(request, 405, tag).header("Allow", ALLOW).finish())),
        None => Some((501, begin(request, 501, tag).header("Allow", ALLOW).finish())),
    }
}

/// What can be asked of any request outside a dialog: its address, whether it is a copy, how far it came, and what it
/// requires (§8.2.2).
pub fn headers(stack: &Stack, request: &Request, tag: &str) -> Option<Refused> {
    if !request.uri.is_sip() {
        return Some((416, respond::plain(request, 416, None, tag)));
    }
    if MergeKey::of(request).is_some_and(|key| stack.transactions.is_known(&key)) {
        return Some((482, respond::plain(request, 482, None, tag)));
    }
    if request.method.known() == Some(Known::Invite) && request.max_forwards == Some(0) {
        return Some((483, respond::plain(request, 483, None, tag)));
    }
    contact(request, tag).or_else(|| require(request, tag))
}

/// An INVITE says where its dialog's requests go: by a SIP or SIPS URI (§8.1.1.8). One that says nothing is of RFC 2543, or of a lenient peer:
/// they go to who it is from.
fn contact(request: &Request, tag: &str) -> Option<Refused> {
    let fault = match &request.contact {
        _ if request.method.known() != Some(Known::Invite) => return None,
        Some(contact) if contact.uri.is_sip() => return None,
        None if request.headers.first(Name::Contact).is_none() => return None,
        None => "Bad Contact: no address",
        Some(_) => "Bad Contact: not a SIP URI",
    };
    Some((400, respond::plain(request, 400, Some(fault), tag)))
}

/// Extensions that we have not (§8.2.2.3).
pub fn require(request: &Request, tag: &str) -> Option<Refused> {
    let unsupported: Vec<String> =
        request.headers.items(Name::Require).map(|option| option.to_string()).collect();
    if unsupported.is_empty() {
        return None;
    }
    Some((420, begin(request, 420, tag).header("Unsupported", unsupported.join(", ")).finish()))
}

/// A new INVITE, or the question what one would get (§11.2): whether there is room for it, and whether we can read what it
/// offers and write what it accepts (§8.2.3).
pub fn offer(stack: &Stack, calls: &Calls, request: &Request, tag: &str) -> Option<Refused> {
    let policies = &stack.settings.policies;
    let later = |status| {
        let writer = begin(request, status, tag).header("Retry-After", respond::RETRY_AFTER);
        Some((status, writer.finish()))
    };
    if stack.intake != Intake::Open || stack.transactions.is_full() {
        return later(503);
    }
    if calls.load().is_full(stack.settings.max_calls) {
        return later(policies.max_calls_status);
    }
    if !stack.has_audience {
        return later(policies.no_listener_status);
    }
    if calls.are_busy_for(request) {
        return Some((policies.busy_status, respond::plain(request, policies.busy_status, None, tag)));
    }
    // A question carries no description, and its answer none either: what it accepts is for INVITEs to ask.
    if request.method.known() != Some(Known::Invite) {
        return None;
    }
    if !request.headers.accepts(ACCEPT) {
        return Some((406, begin(request, 406, tag).header("Accept", ACCEPT).finish()));
    }
    unreadable_body(request, tag).or_else(|| unreadable_offer(request, tag))
}

/// The reason phrase for an offer that cannot be read.
pub const BAD_DESCRIPTION: &str = "Bad Session Description";

/// An offer that says nothing: nobody could answer it.
fn unreadable_offer(request: &Request, tag: &str) -> Option<Refused> {
    if request.body.is_empty() || sdp::is_readable(&request.body) {
        return None;
    }
    Some((400, respond::plain(request, 400, Some(BAD_DESCRIPTION), tag)))
}

/// Takes the session description out of a body of several parts (RFC 5621), where one is looked for.
pub fn open_body(request: &mut Request) {
    let is_offer = matches!(request.method.known(), Some(Known::Invite | Known::Update));
    if is_offer && let Some(Part { headers, body }) = request.headers.description_part(&request.body, ACCEPT)
    {
        (request.body, request.part) = (body, Some(Box::new(headers)));
    }
}

/// Takes a body away that offer/answer cannot read and that may be ignored (§8.2.3, §20.11): from here on there is none.
pub fn ignore_optional_body(request: &mut Request) {
    let headers = request.content();
    let is_offer = matches!(request.method.known(), Some(Known::Invite | Known::Update));
    let is_read = headers.content_is(ACCEPT) && headers.is_of_session() && !is_encoded(request);
    if is_offer && !is_read && headers.has_optional_body() {
        request.body = Bytes::new();
    }
}

/// A body that offer/answer cannot read (§8.2.3): 415, with what can be.
pub fn unreadable_body(request: &Request, tag: &str) -> Option<Refused> {
    if request.body.is_empty() {
        return None;
    }
    if is_encoded(request) {
        let writer =
            begin(request, 415, tag).header("Accept", ACCEPTED).header("Accept-Encoding", "identity");
        return Some((415, writer.finish()));
    }
    if request.content().content_is(ACCEPT) {
        return None;
    }
    Some((415, begin(request, 415, tag).header("Accept", ACCEPTED).finish()))
}

fn is_encoded(request: &Request) -> bool {
    let encoding = request.headers.first(Name::ContentEncoding).map(|header| header.text());
    encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
}

fn begin(request: &Request, status: u16, tag: &str) -> crate::sip::Writer {
    respond::respond(&request.headers, status, None, Some(tag))
}

//! What the peer has to say in the dialog: INFO (RFC 6086 and the legacy use that PBXs make of it), with digits and whatever else, and
//! MESSAGE (RFC 3428).

use bytestring::ByteString;

use super::{Call, Phase};
use crate::agent::event::{Detail, Dtmf, EventKind, Info};
use crate::agent::letter::MAX_BODY;
use crate::agent::stack::Stack;
use crate::agent::{Flow, respond};
use crate::sip::{Known, Name, Request, body_text};

impl Call {
    /// Shows an INFO or a MESSAGE to the clients and answers 200; a body that is too large gets 413, and an Info Package, none of which we
    /// have asked for, 469 (RFC 6086 §4.2.2).
    pub(super) fn handle_letter(&mut self, stack: &mut Stack, flow: &Flow, info: &Request) {
        if matches!(self.phase, Phase::Closing(_) | Phase::Gone) {
            return self.disown(stack, flow, info);
        }
        if info.headers.first(Name::InfoPackage).is_some() {
            let writer = respond::respond(&info.headers, 469, None, Some(&self.dialog.local_tag));
            return stack.answer(info, flow, writer.header("Recv-Info", "").finish());
        }
        let status = if info.body.len() > MAX_BODY { 413 } else { 200 };
        if status == 200 {
            let (kind, detail) = read(info);
            self.tell_with(stack, kind, Some(detail), |_| {});
        }
        stack.answer(info, flow, respond::plain(info, status, None, &self.dialog.local_tag));
    }
}

fn read(info: &Request) -> (EventKind, Detail) {
    // A copy: what is kept of an INFO must not hold its whole head.
    let content_type = info.headers.first(Name::ContentType).map(|header| ByteString::from(&*header.text()));
    let body = body_text(&info.body);
    if info.method.known() == Some(Known::Message) {
        return (EventKind::Message, Detail::Message(Info { content_type, body }));
    }
    let dtmf = if info.headers.content_is("application/dtmf-relay") {
        relayed(&body)
    } else if info.headers.content_is("application/dtmf") {
        digits_of(&body).map(|digits| (digits, None))
    } else {
        None
    };
    match dtmf {
        Some((digits, duration_ms)) => {
            (EventKind::Dtmf, Detail::Dtmf(Dtmf { digits, duration_ms, via: "info" }))
        }
        None => (EventKind::Info, Detail::Info(Info { content_type, body })),
    }
}

/// `Signal=5` and `Duration=160`, a line each.
fn relayed(body: &str) -> Option<(String, Option<u32>)> {
    let value = |name: &str| {
        let pairs = body.lines().filter_map(|line| line.split_once('='));
        pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    };
    Some((signal_of(value("Signal")?)?, value("Duration").and_then(|duration| duration.parse().ok())))
}

/// One key, by its sign or by its event number (RFC 4733 §3.2), which gateways write for those that are no digits.
fn signal_of(text: &str) -> Option<String> {
    let sign = match text {
        "10" => "*",
        "11" => "#",
        "12" => "A",
        "13" => "B",
        "14" => "C",
        "15" => "D",
        sign => sign,
    };
    digits_of(sign).filter(|digits| digits.len() == 1)
}

fn digits_of(text: &str) -> Option<String> {
    let digits = text.trim().to_ascii_uppercase();
    let is_digit = |digit: char| matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D');
    Some(digits).filter(|digits| !digits.is_empty() && digits.chars().all(is_digit))
}

//! What transactions are found by.

use std::borrow::Cow;

use bytestring::ByteString;

use crate::sip::{Known, Request, Response, Via};

/// Matches a request to its server transaction (RFC 3261 §17.2.3): by branch, sent-by and method, and by the Call-ID,
/// because there are peers whose branches are not unique. The text is a copy: a key may outlive its message by far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerKey(Box<str>);

impl ServerKey {
    /// The transaction that a request begins or repeats.
    pub fn of(request: &Request) -> Self {
        Self::with_method(request, request.method.as_str())
    }

    /// The INVITE transaction that an ACK or a CANCEL is about (§9.2, §17.2.3).
    pub fn of_invite(request: &Request) -> Self {
        Self::with_method(request, "INVITE")
    }

    fn with_method(request: &Request, method: &str) -> Self {
        let Via { branch, host, port, .. } = &request.via;
        let named = match branch {
            Some(branch) => Cow::Borrowed(&**branch),
            None => Self::of_2543(request).into(),
        };
        // A port that is not written is not the one that it stands for.
        Self(joined(port.map_or(0, |port| u32::from(port) + 1), [method, host, &request.call_id, &named]))
    }

    /// An RFC 2543 element has no unique branch: its requests are matched by what names the request (§17.2.3). The To tag
    /// is left out, because the ACK carries the one that the response added.
    fn of_2543(request: &Request) -> String {
        let from_tag = request.from.tag().map_or("", |tag| tag);
        format!("2543 {} {} {}", request.uri.as_str(), from_tag, request.cseq)
    }
}

/// Finds a request that came twice by different ways (§8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MergeKey(Box<str>);

impl MergeKey {
    /// The key of a request outside any dialog; a request with a To tag cannot be merged.
    pub fn of(request: &Request) -> Option<Self> {
        if request.to.tag().is_some() {
            return None;
        }
        let Request { method, cseq, call_id, .. } = request;
        Some(Self(joined(*cseq, [method.as_str(), call_id, request.from.tag()?])))
    }
}

/// Matches a response to its client transaction (§17.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey {
    branch: ByteString,
    method: ByteString,
}

impl ClientKey {
    /// The transaction of a request with this branch in its Via.
    pub fn new(branch: ByteString, method: Known) -> Self {
        Self { branch, method: method.to_string().into() }
    }

    /// The transaction that a response belongs to; none if its Via has no branch of ours.
    pub fn of(response: &Response) -> Option<Self> {
        let branch = response.via.branch.clone()?;
        Some(Self { branch, method: response.cseq.method.as_str().into() })
    }
}

/// A number and parts with a space between them, which none but the last has inside.
fn joined<const N: usize>(number: u32, parts: [&str; N]) -> Box<str> {
    let mut digits = itoa::Buffer::new();
    let number = digits.format(number);
    // With all the room that it needs, so that it need not be moved.
    let mut text =
        String::with_capacity(number.len() + parts.iter().map(|part| part.len() + 1).sum::<usize>());
    text.push_str(number);
    parts.iter().for_each(|part| text.extend([" ", part]));
    text.into_boxed_str()
}

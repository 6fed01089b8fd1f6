//! What transactions are found by.

use bytestring::ByteString;

use crate::sip::{Known, Request, Response};

/// Matches a request to its server transaction (RFC 3261 §17.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerKey {
    branch: ByteString,
    host: ByteString,
    port: Option<u16>,
    method: ByteString,
}

impl ServerKey {
    /// The transaction that a request begins or repeats.
    pub fn of(request: &Request) -> Self {
        Self::with_method(request, ByteString::from(request.method.as_str()))
    }

    /// The INVITE transaction that an ACK or a CANCEL is about (§9.2, §17.2.3).
    pub fn of_invite(request: &Request) -> Self {
        Self::with_method(request, ByteString::from_static("INVITE"))
    }

    fn with_method(request: &Request, method: ByteString) -> Self {
        let via = &request.via;
        let branch = via.branch.clone().unwrap_or_else(|| Self::of_2543(request));
        Self { branch, host: via.host.clone(), port: via.port, method }
    }

    /// An RFC 2543 element has no unique branch: its requests are matched by what names the request (§17.2.3). The To tag
    /// is left out, because the ACK carries the one that the response added.
    fn of_2543(request: &Request) -> ByteString {
        let from_tag = request.from.tag().map_or("", |tag| tag);
        format!("2543 {} {} {} {}", request.uri.as_str(), from_tag, request.call_id, request.cseq).into()
    }
}

/// Finds a request that came twice by different ways (§8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MergeKey {
    call_id: ByteString,
    from_tag: ByteString,
    cseq: u32,
    method: ByteString,
}

impl MergeKey {
    /// The key of a request outside any dialog; a request with a To tag cannot be merged.
    pub fn of(request: &Request) -> Option<Self> {
        if request.to.tag().is_some() {
            return None;
        }
        Some(Self {
            call_id: request.call_id.clone(),
            from_tag: request.from.tag()?.clone(),
            cseq: request.cseq,
            method: request.method.as_str().into(),
        })
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

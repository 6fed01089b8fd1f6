//! The topmost Via: where a request came from and where its response goes (§18.2, §20.42, RFC 3581).

use bytes::Bytes;
use bytestring::ByteString;
use std::net::SocketAddr;

/// One Via value.
#[derive(Clone, Debug)]
pub struct Via {
    /// Upper case as a rule; any token (`TCP`, `UDP`, `TLS`, …).
    pub transport: ByteString,
    /// Host without brackets.
    pub host: ByteString,
    pub port: Option<u16>,
    /// The branch with its cookie `z9hG4bK`; `None` if there is none or the cookie is missing or alone
    /// (an RFC 2543 element: §17.2.3's second matching rule).
    pub branch: Option<ByteString>,
    /// Whether `rport` is there, with or without a value.
    pub rport: bool,
}

impl Via {
    /// The value of the topmost Via with `received` and `rport` filled in as §18.2.1 and RFC 3581 §4 ask for a
    /// request that came from `peer`: `None` if nothing has to change.
    pub fn stamped(&self, raw: &Bytes, peer: SocketAddr) -> Option<Bytes> {
        todo!()
    }
}

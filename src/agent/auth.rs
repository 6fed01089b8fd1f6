//! Answering challenges (RFC 3261 §22, RFC 7616): who we are to a realm, and what it has asked.

use bytes::Bytes;

use super::stack::Stack;
use crate::sip::digest::Credentials;
use crate::sip::{Known, Response};

/// The challenges that are known, by realm, with how often each nonce was used.
#[derive(Debug, Default)]
pub struct Authorizations {}

impl Authorizations {
    /// Whether a 401 or 407 asks something that has not been answered wrongly before.
    pub fn can_answer(&self, _response: &Response) -> bool {
        false
    }

    /// Takes the challenges of a 401 or 407.
    pub fn learn(&mut self, _response: &Response) {}

    /// The headers that answer the known challenges, for the next sending of a request.
    pub fn headers(
        &mut self,
        _stack: &mut Stack,
        _request: (Known, &str),
        _credentials: &Credentials,
    ) -> Vec<(&'static str, Bytes)> {
        Vec::new()
    }
}

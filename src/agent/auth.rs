//! Answering challenges (RFC 3261 §22, RFC 7616): who we are to a realm, and what it has asked.

use super::stack::Stack;
use crate::sip::{Known, Password, Response};

/// Who we are where we are challenged.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The digest's username.
    pub user: String,
    /// Its password.
    pub password: Password,
}

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
    ) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

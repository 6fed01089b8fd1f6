//! What the owner of a request is told of it.

use std::ops::Deref;

use crate::sip::Response;

/// What the owner of a request is told.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// Nothing yet.
    Waits,
    /// It is with the kernel.
    Sent,
    /// A provisional response.
    Provisional(&'a Response),
    /// The final response; an earlier one, if the addresses behind it cannot be reached.
    Final(Reply<'a>),
    /// A 2xx of another dialog, to an INVITE that has had its final response.
    Forked(&'a Response),
    /// No more 2xx can come to an INVITE that was answered with one.
    Over,
    /// None came in time.
    TimedOut,
    /// There is no way to its next hop.
    Unreachable,
}

/// A final response.
#[derive(Clone, Debug)]
pub enum Reply<'a> {
    /// It has just come.
    New(&'a Response),
    /// It came before other addresses were tried.
    Kept(Box<Response>),
}

impl Deref for Reply<'_> {
    type Target = Response;

    fn deref(&self) -> &Response {
        match self {
            Self::New(response) => response,
            Self::Kept(response) => response,
        }
    }
}

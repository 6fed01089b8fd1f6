//! What the owner of a request is told of it.

use std::ops::Deref;

use super::{Asking, Stage};
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

/// Why the next address is tried.
#[derive(Debug)]
pub(super) enum Fallen {
    /// 503.
    Refused(Box<Response>),
    /// No response in time.
    Silent,
}

impl Asking {
    /// There is no other way: what an earlier address has made of it is its end.
    pub(super) fn fall(&mut self) -> Progress<'static> {
        self.stage = Stage::Over;
        match self.fallen.take() {
            Some(Fallen::Refused(response)) => Progress::Final(Reply::Kept(response)),
            Some(Fallen::Silent) => Progress::TimedOut,
            None => Progress::Unreachable,
        }
    }
}

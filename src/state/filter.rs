//! Which calls and events a client wants to see.

use super::log::{Entry, Subject};
use super::{Topic, Topics};
use crate::agent::Call;
use crate::agent::event::{CallState, Direction, Party};

/// What a listing or a stream is narrowed to; the default lets everything through.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these; empty: all.
    pub states: Vec<CallState>,
    /// Who placed the call.
    pub direction: Option<Direction>,
    /// The account: that a call goes by, or that a registration is of.
    pub account: Option<String>,
    /// From: the whole URI, or its user part.
    pub from: Option<String>,
    /// To: the whole URI, or its user part.
    pub to: Option<String>,
    /// Headers that the INVITE must have: a name, compared without case, and the exact value. Call-ID is one of them.
    pub headers: Vec<(String, String)>,
    /// Labels that the call must have.
    pub labels: Vec<(String, String)>,
    /// Streams only: the events wanted.
    pub topics: Topics,
}

impl Filter {
    /// Whether the call is wanted.
    pub fn lets_call(&self, call: &Call) -> bool {
        let is = |wanted: &Option<String>, has: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| has == Some(wanted.as_str()))
        };
        let party = |wanted: &Option<String>, party: &Party| {
            wanted.as_ref().is_none_or(|wanted| *party.uri == **wanted || user(&party.uri) == Some(wanted))
        };
        (self.states.is_empty() || self.states.contains(&call.state))
            && self.direction.is_none_or(|direction| direction == call.direction)
            && is(&self.account, call.account.as_deref())
            && party(&self.from, &call.from)
            && party(&self.to, &call.to)
            && self.headers.iter().all(|(name, value)| has_header(call, name, value))
            && self.labels.iter().all(|(name, value)| call.labels.get(name) == Some(value))
    }

    /// Whether the event is wanted. What concerns the stream is not narrowed by what calls are wanted.
    pub(super) fn lets_event(&self, entry: &Entry) -> bool {
        self.lets_topic(entry.topic)
            && match &entry.subject {
                Subject::Stream => true,
                Subject::Call(call) => self.lets_call(call),
                Subject::Account(id) => self.lets_account(id),
            }
    }

    /// Whether the account is wanted. Who asks for calls by what only calls have wants no accounts.
    fn lets_account(&self, id: &str) -> bool {
        let is_of_calls = !self.states.is_empty()
            || self.direction.is_some()
            || self.from.is_some()
            || self.to.is_some()
            || !self.headers.is_empty()
            || !self.labels.is_empty();
        !is_of_calls && self.account.as_ref().is_none_or(|wanted| wanted == id)
    }

    /// Whether events of this topic are wanted.
    pub(super) fn lets_topic(&self, topic: Topic) -> bool {
        self.topics.contains(topic)
    }
}

fn has_header(call: &Call, name: &str, value: &str) -> bool {
    // It is shown elsewhere, and not among the headers.
    if name.eq_ignore_ascii_case("Call-ID") {
        return *call.sip.call_id == *value;
    }
    call.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name) && *header.value == *value)
}

/// The user part of a `sip:`, `sips:` or `tel:` URI, without password and parameters.
fn user(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    if scheme.eq_ignore_ascii_case("tel") {
        return rest.split(';').next();
    }
    let (user, _) = rest.split_once('@')?;
    user.split([':', ';']).next()
}

//! A message finds what it belongs to: a transaction, a dialog, or nothing yet (RFC 3261 §8.2, §9.2, §12.2.2, §17.2.3).

use super::call::Call;
use super::gate::Shut;
use super::screen::{self, Refused};
use super::stack::Owner;
use super::transaction::{ClientKey, ServerKey};
use super::{Agent, CallId, Flow, respond};
use crate::sip::{Headers, Known, Name, Request, Response, Unreadable};

impl Agent {
    pub(super) fn handle_request(&mut self, flow: Flow, mut request: Box<Request>) {
        request.stamp(flow.peer);
        if request.method.known() == Some(Known::Ack) {
            return self.handle_ack(flow, &request);
        }
        if let Some(transaction) = self.stack.transactions.server(&ServerKey::of(&request)) {
            self.stack.reroute(transaction, flow.id);
            return self.stack.transactions.repeated(&mut self.stack.fx, transaction);
        }
        if request.method.known() == Some(Known::Cancel) {
            return self.handle_cancel(&flow, &request);
        }
        let tag = self.stateless_tag(&request.headers);
        let call = self.calls.of_dialog(&request);
        if call.is_none()
            && let Err(shut) = self.enter(&flow, &request, &tag)
        {
            return self.shut(&flow, &request, shut);
        }
        if let Some(refused) = screen::method(&request, &tag) {
            return self.refuse(&flow, &request, refused);
        }
        screen::open_body(&mut request);
        screen::ignore_optional_body(&mut request);
        match call {
            Some(call) => self.handle_in_dialog(flow, call, &request, &tag),
            None if request.to.tag().is_some() => {
                self.refuse(&flow, &request, (481, respond::plain(&request, 481, None, &tag)));
            }
            None => self.handle_outside_dialog(flow, request, &tag),
        }
    }

    /// Whether a request outside dialogs is looked at.
    fn enter(&mut self, flow: &Flow, request: &Request, tag: &str) -> Result<(), Shut> {
        self.gate.enter(&self.stack, flow, request, tag)
    }

    /// Whether an INVITE may become a call.
    fn may_call(&mut self, flow: &Flow, invite: &Request, tag: &str) -> Result<(), Shut> {
        self.gate.call((&self.stack, self.calls.callers()), flow, invite, tag)
    }

    fn shut(&mut self, flow: &Flow, request: &Request, shut: Shut) {
        match shut {
            Shut::Answer(response) => self.stack.respond_statelessly(&request.via, flow, response),
            Shut::Silence => {}
        }
    }

    /// An ACK belongs to a refused INVITE by its branch, or to a dialog by its tags; else to nothing, and is dropped.
    fn handle_ack(&mut self, flow: Flow, ack: &Request) {
        let Self { stack, calls, .. } = self;
        if let Some(transaction) = stack.transactions.server(&ServerKey::of_invite(ack)) {
            stack.transactions.acknowledged(&mut stack.fx, transaction);
        }
        if let Some(id) = calls.of_dialog(ack) {
            calls.with(id, |call| call.handle_ack(stack, flow, ack));
        }
    }

    /// A CANCEL belongs to the INVITE with its branch (§9.2).
    fn handle_cancel(&mut self, flow: &Flow, cancel: &Request) {
        let Self { stack, calls, .. } = self;
        let invite = stack.transactions.server(&ServerKey::of_invite(cancel));
        if let Some(invite) = invite {
            stack.reroute(invite, flow.id);
        }
        let owner = invite.and_then(|invite| stack.transactions.owner(invite)).and_then(Owner::call);
        if owner.and_then(|id| calls.with(id, |call| call.handle_cancel(stack, flow, cancel))).is_some() {
            return;
        }
        let status = if invite.is_some() { 200 } else { 481 };
        let tag = match invite.and_then(|invite| stack.transactions.tag(invite)) {
            Some(tag) => tag.to_string(),
            None => self.stateless_tag(&cancel.headers),
        };
        self.stack.answer(cancel, flow, respond::plain(cancel, status, None, &tag));
    }

    fn handle_in_dialog(&mut self, flow: Flow, id: CallId, request: &Request, tag: &str) {
        let Self { stack, calls, .. } = self;
        if let Some(refused) = screen::require(request, tag) {
            return self.refuse(&flow, request, refused);
        }
        calls.with(id, |call| call.handle_request(stack, flow, request));
    }

    fn handle_outside_dialog(&mut self, flow: Flow, request: Box<Request>, tag: &str) {
        if let Some(refused) = screen::headers(&self.stack, &request, tag) {
            return self.refuse(&flow, &request, refused);
        }
        let method = request.method.known();
        if !matches!(method, Some(Known::Invite | Known::Options)) {
            return self.refuse(&flow, &request, (481, respond::plain(&request, 481, None, tag)));
        }
        if method == Some(Known::Invite)
            && let Err(shut) = self.may_call(&flow, &request, tag)
        {
            return self.shut(&flow, &request, shut);
        }
        if let Some(refused) = screen::offer(&self.stack, &self.calls, &request, tag) {
            return self.refuse(&flow, &request, refused);
        }
        if method == Some(Known::Invite) {
            let call = Call::offered(&mut self.stack, flow, request);
            return self.calls.add(call);
        }
        let writer = respond::respond(&request.headers, 200, None, Some(tag));
        let ok = respond::acceptance(respond::capabilities(writer)).finish();
        self.stack.answer(&request, &flow, ok);
    }

    fn refuse(&mut self, flow: &Flow, request: &Request, (status, response): Refused) {
        self.stack.refuse(request, flow, status, response);
    }

    /// A response to a request of ours; one with a second Via has strayed to us (§8.1.3.3).
    pub(super) fn handle_response(&mut self, response: &Response) {
        if response.headers.items(Name::Via).count() > 1 {
            return;
        }
        let Some(key) = ClientKey::of(response) else { return };
        let told = self.stack.transactions.handle_response(&mut self.stack.fx, &key, response);
        if told.is_none() {
            return self.acknowledge_again(response);
        }
        self.tell_owner(told);
    }

    /// A 2xx to an INVITE that was sent before a crash comes again until it has its ACK (§13.2.2.4).
    fn acknowledge_again(&mut self, ok: &Response) {
        let Self { stack, calls, .. } = self;
        if ok.cseq.method.known() == Some(Known::Invite)
            && (200..300).contains(&ok.status)
            && let Some(id) = calls.of_answer(ok)
        {
            calls.with(id, |call| call.acknowledge_again(stack, ok));
        }
    }

    /// What cannot be read is answered without a transaction where it can be answered (§8.2.7), else dropped.
    pub(super) fn handle_unreadable(&mut self, flow: &Flow, mut unreadable: Unreadable) {
        unreadable.stamp(flow.peer);
        let Unreadable::Answerable { status, phrase, headers, peer_via, .. } = unreadable else { return };
        let tag = self.stateless_tag(&headers);
        let bytes = respond::respond(&headers, status, Some(&phrase), Some(&tag)).finish();
        self.stack.respond_statelessly(&peer_via, flow, bytes);
    }

    /// A tag of the Call-ID and the number of the CSeq: an INVITE and its CANCEL have the same (§9.2).
    fn stateless_tag(&self, headers: &Headers) -> String {
        let value = |name| headers.first(name).map(|header| header.value).unwrap_or_default();
        let number = value(Name::CSeq).split(|byte| !byte.is_ascii_digit()).next().unwrap_or_default();
        self.stack.ids.stateless_tag(value(Name::CallId), number).to_string()
    }
}

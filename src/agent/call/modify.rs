//! The peer changes the session: re-INVITE (RFC 3261 §14.2) and UPDATE (RFC 3311).

use bytes::Bytes;
use bytestring::ByteString;

use super::answer::{Accepted, description};
use super::confirm::Confirming;
use super::{Call, Established, Phase, Picture};
use crate::agent::event::{EventKind, Hold, Sdp};
use crate::agent::stack::Stack;
use crate::agent::{Flow, respond, screen};
use crate::sip::{Request, body_text, sdp};

/// What the session is after a request of the peer.
struct Session {
    local: ByteString,
    /// The peer's new description, if it sent one.
    remote: Option<ByteString>,
}

impl Call {
    /// A re-INVITE is answered at once: an offer with an answer, none with the description in use as our offer.
    pub(super) fn handle_reinvite(&mut self, stack: &mut Stack, flow: &Flow, invite: &Request) {
        match &self.phase {
            Phase::Established(Established { confirming: None, .. }) => {}
            Phase::Pending(_) => return self.ask_again(stack, flow, invite),
            Phase::Dialing(_) | Phase::Accepted(_) | Phase::Established(_) => {
                return self.reject_glare(stack, flow, invite);
            }
            Phase::Closing(_) | Phase::Gone => return self.disown(stack, flow, invite),
        }
        if stack.transactions.is_full() {
            return self.ask_again(stack, flow, invite);
        }
        let Some(session) = self.renegotiate(stack, flow, invite) else { return };
        let ok = self.ok(invite, Some(&session.local));
        let owner = (self.picture.id, self.dialog.local_tag.clone());
        let transaction = stack.serve_invite(invite, flow, owner, None);
        let confirming = Confirming::new(invite, transaction, ok.clone());
        if let Phase::Established(established) = &mut self.phase {
            established.confirming = Some(confirming);
        }
        self.show(stack, session);
        self.save(stack);
        stack.respond(transaction, 200, ok);
        Confirming::arm(stack, self.picture.id);
    }

    /// The ACK to a re-INVITE's 200.
    pub(super) fn handle_later_ack(&mut self, stack: &mut Stack, ack: &Request) {
        let Phase::Established(established) = &mut self.phase else { return };
        let Some(confirming) = established.confirming.take_if(|confirming| confirming.is_for(ack)) else {
            return;
        };
        Confirming::disarm(stack, self.picture.id);
        let Some(local) = self.picture.sdp.local.clone().filter(|_| confirming.carries_offer) else { return };
        // Without a readable answer the offer is as if it had not been made.
        if let Some(answer) = description(&ack.headers, &ack.body) {
            self.show(stack, Session { local, remote: Some(answer) });
        }
    }

    /// UPDATE: the same without an ACK; before the answer only without an offer (RFC 3311 §5.2). Once the 200 has carried the answer its offer
    /// need not wait for the ACK (RFC 5407 §3.1.4).
    pub(super) fn handle_update(&mut self, stack: &mut Stack, flow: &Flow, update: &Request) {
        let has_offer = !update.body.is_empty();
        match &self.phase {
            Phase::Pending(_) if has_offer => return self.ask_again(stack, flow, update),
            Phase::Dialing(_) if has_offer => return self.reject_glare(stack, flow, update),
            Phase::Accepted(Accepted { confirming, .. })
            | Phase::Established(Established { confirming: Some(confirming), .. })
                if has_offer && confirming.carries_offer =>
            {
                return self.reject_glare(stack, flow, update);
            }
            Phase::Closing(_) | Phase::Gone => return self.disown(stack, flow, update),
            _ => {}
        }
        if !has_offer {
            self.dialog_of(update).refresh_target(&update.contact);
            self.save(stack);
            return stack.answer(update, flow, self.ok(update, None));
        }
        let Some(session) = self.renegotiate(stack, flow, update) else { return };
        let ok = self.ok(update, Some(&session.local));
        self.show(stack, session);
        self.save(stack);
        stack.answer(update, flow, ok);
    }

    /// The session that a request asks for; `None` if it has been refused, and the session stays as it was.
    fn renegotiate(&mut self, stack: &mut Stack, flow: &Flow, request: &Request) -> Option<Session> {
        if let Some((status, response)) = screen::unreadable_body(request, &self.dialog.local_tag) {
            stack.refuse(request, flow, status, response);
            return None;
        }
        let Sdp { local, remote } = &self.picture.sdp;
        let in_use = sdp::InUse {
            local: local.as_deref().unwrap_or_default(),
            remote: remote.as_deref().unwrap_or_default().as_bytes(),
            source: self.source,
            media: stack.settings.media,
            codecs: &stack.settings.codecs,
        };
        let session = if request.body.is_empty() {
            Ok(Session { local: sdp::reoffer(&in_use).into(), remote: None })
        } else {
            sdp::reanswer(&in_use, &request.body)
                .map(|answer| Session { local: answer.into(), remote: Some(body_text(&request.body)) })
        };
        match session {
            Ok(session) => {
                self.dialog.refresh_target(&request.contact);
                Some(session)
            }
            Err(fault) => {
                let (status, phrase) = match fault {
                    sdp::NoAnswer::Malformed => (400, Some(screen::BAD_DESCRIPTION)),
                    sdp::NoAnswer::NoCommonCodec | sdp::NoAnswer::NewKeys => (488, None),
                };
                let response = respond::plain(request, status, phrase, &self.dialog.local_tag);
                stack.refuse(request, flow, status, response);
                None
            }
        }
    }

    /// Tells what has changed, if anything has.
    fn show(&mut self, stack: &mut Stack, session: Session) {
        let before = self.picture.hold;
        let hold = match &session.remote {
            Some(remote) => hold_of(remote.as_bytes(), Some(&session.local), before),
            None => before,
        };
        let Sdp { local, remote } = &self.picture.sdp;
        let is_same =
            local.as_ref() == Some(&session.local) && (session.remote.is_none() || session.remote == *remote);
        let kind = match (before, hold) {
            (Hold::None, Hold::Remote) => EventKind::Held,
            (Hold::Remote, Hold::None) => EventKind::Resumed,
            _ if is_same => return,
            _ => EventKind::Updated,
        };
        self.tell(stack, kind, |picture| {
            picture.hold = hold;
            picture.sdp.local = Some(session.local);
            if session.remote.is_some() {
                picture.sdp.remote = session.remote;
            }
        });
    }

    fn ok(&self, request: &Request, sdp: Option<&str>) -> Bytes {
        let writer = respond::in_dialog(request, 200, None, &self.dialog.local_tag, &self.dialog.contact);
        respond::with_body(writer, sdp)
    }

    /// 491: an offer is under way already (§14.2).
    fn reject_glare(&self, stack: &mut Stack, flow: &Flow, request: &Request) {
        let response = respond::plain(request, 491, None, &self.dialog.local_tag);
        stack.refuse(request, flow, 491, response);
    }

    /// 481: we have said BYE.
    pub(super) fn disown(&self, stack: &mut Stack, flow: &Flow, request: &Request) {
        let response = respond::plain(request, 481, None, &self.dialog.local_tag);
        stack.refuse(request, flow, 481, response);
    }
}

/// Shows a first description of the peer's, and whether it holds us by it.
pub(super) fn show_remote(picture: &mut Picture, remote: ByteString) {
    picture.hold = hold_of(remote.as_bytes(), picture.sdp.local.as_deref(), picture.hold);
    picture.sdp.remote = Some(remote);
}

/// Shows a first description of ours, and whether the peer holds us on the streams that it takes.
pub(super) fn show_local(picture: &mut Picture, local: ByteString) {
    if let Some(remote) = &picture.sdp.remote {
        picture.hold = hold_of(remote.as_bytes(), Some(&local), picture.hold);
    }
    picture.sdp.local = Some(local);
}

/// The peer holds us if it will not hear us (RFC 3264 §8.4) on any stream that we have not refused; a description without a direction changes
/// nothing.
pub(super) fn hold_of(remote: &[u8], local: Option<&str>, before: Hold) -> Hold {
    if before == Hold::None && !sdp::may_hold(remote) {
        return before;
    }
    match sdp::direction_between(remote, local) {
        Some(sdp::Direction::SendOnly | sdp::Direction::Inactive) => Hold::Remote,
        Some(sdp::Direction::SendRecv | sdp::Direction::RecvOnly) => Hold::None,
        None => before,
    }
}

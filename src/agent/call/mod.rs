//! A call: one INVITE, the dialog it makes, and what both sides and the clients do with it.
//!
//! ```text
//!  theirs         2xx            ACK
//!     Pending ────────► Accepted ────────► Established
//!        │ final           │ BYE, no ACK     ▲  │ BYE          our BYE is answered
//!        ▼                 ▼                 │  ▼              or given up
//!       Gone            Gone or Closing      │ Gone or Closing ───────────────────► Gone
//!        ▲ final, no answer, given up        │
//!        │                                   │
//!     Dialing ───────────────────────────────┘
//!  ours                2xx: ACK
//! ```
//! Each thing that a call does is a file; this one holds the phases and sends what comes to the file that deals with it.

mod answer;
mod claim;
mod close;
mod confirm;
mod connect;
mod dialog;
mod duration;
mod early;
mod established;
mod forks;
mod give_up;
mod info;
mod invitation;
mod letters;
mod modify;
mod offer;
mod order;
mod ours;
mod picture;
mod recover;
mod refresh;
mod refuse;
mod ring;
mod whom;
mod whose;

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use super::alarms::CallAlarm;
use super::asking::Asking;
use super::auth::Authorizations;
use super::command::Claimant;
use super::effects::Awaited;
use super::event::{Call as Picture, EndBy};
use super::respond;
use super::stack::Stack;
use super::transaction::TransactionId;
use super::{AccountNumber, Action, CallCommand, CallId, Flow, Receipt, Refusal, Ticket};
use crate::sip::{Known, Request, sdp};
use answer::Accepted;
use close::Closing;
use confirm::Confirming;
use connect::Dialing;
pub use dialog::Saved;
use dialog::{Dialog, Order};
use forks::Forks;
use letters::Letters;
use ring::Provisional;

/// A call, from its INVITE until nothing of it is left on the wire.
#[derive(Debug)]
pub struct Call {
    /// The dialog; before our INVITE is answered, the one that it asks for.
    dialog: Dialog,
    /// The account that it came in on or goes out by.
    account: Option<AccountNumber>,
    /// What realms have asked of our requests.
    authorizations: Authorizations,
    picture: Arc<Picture>,
    phase: Phase,
    /// Who made our description, once it is in use.
    source: sdp::Source,
    /// What our INVITE leaves behind, whatever has become of the call.
    forks: Forks,
    /// The fence of its last lease; 0: it had none.
    last_fence: u64,
}

#[derive(Debug)]
enum Phase {
    /// Our INVITE has no final response yet.
    Dialing(Dialing),
    /// The INVITE has no final response yet.
    Pending(Pending),
    /// The 2xx is out, its ACK is not here.
    Accepted(Accepted),
    /// Both sides know.
    Established(Established),
    /// Clients have seen the end; our BYE waits for its answer.
    Closing(Closing),
    /// Nothing is left.
    Gone,
}

/// When a command is answered.
enum Answer {
    /// At once: nothing had to be sent.
    Now,
    /// When its message is on the wire.
    WhenSent(Receipt),
    /// When what it waits for has come; the call keeps its ticket.
    Later,
}

/// An INVITE that waits for its final response.
#[derive(Debug)]
struct Pending {
    invite: Box<Request>,
    transaction: TransactionId,
    ringing: Option<Provisional>,
}

impl Pending {
    /// The session description of the INVITE, if it brought one.
    fn offer(&self) -> Option<&Bytes> {
        Some(&self.invite.body).filter(|body| !body.is_empty())
    }

    /// The answer that a provisional response gave already (§13.2.1).
    fn given_answer(&self) -> Option<&Description> {
        self.ringing.as_ref().and_then(|ringing| ringing.sdp.as_ref())
    }
}

/// A description of ours.
#[derive(Clone, Debug)]
struct Description {
    text: ByteString,
    source: sdp::Source,
}

/// A confirmed dialog.
#[derive(Debug)]
struct Established {
    /// The 2xx to a re-INVITE, until its ACK.
    confirming: Option<Confirming>,
    /// The UPDATE that tells the peer where we are now, until its final response.
    refreshing: Option<Box<Asking>>,
    /// How often the peer has put it off.
    put_off: u32,
    /// What clients have to say to the peer.
    letters: Letters,
}

impl Established {
    /// Nothing is under way.
    fn new() -> Self {
        Self { confirming: None, refreshing: None, put_off: 0, letters: Letters::default() }
    }
}

impl Call {
    /// The call's name for clients.
    pub fn id(&self) -> CallId {
        self.picture.id
    }

    /// Our tag, by which requests in the dialog find the call.
    pub fn local_tag(&self) -> &ByteString {
        &self.dialog.local_tag
    }

    /// The call as clients see it.
    pub fn picture(&self) -> &Arc<Picture> {
        &self.picture
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone) && self.forks.are_over()
    }

    /// Whether clients have not seen its end.
    pub fn is_open(&self) -> bool {
        self.picture.end.is_none()
    }

    /// Whether nothing has to be waited for: it is over, but for forks that might still answer.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Gone) && !self.forks.are_busy()
    }

    /// A client asks for something; the answer goes out by the ticket, now or later.
    pub fn handle_command(&mut self, stack: &mut Stack, command: CallCommand, ticket: Ticket) {
        let by = command.by.as_ref();
        let is_of_claim =
            matches!(command.action, Action::Claim(_) | Action::RenewClaim(_) | Action::ReleaseClaim);
        let admitted = self.admit(command.if_version, by, is_of_claim);
        let answer = admitted.and_then(|()| match command.action {
            Action::Label(labels) => self.label(stack, labels),
            Action::Ring(ring) => self.ring(stack, ring),
            Action::Accept(accept) => self.accept(stack, accept, ticket),
            Action::Reject(reject) => self.reject(stack, reject, EndBy::Api),
            Action::Cancel(cancel) => self.cancel(stack, cancel, ticket),
            Action::Hangup(hangup) => self.hang_up(stack, hangup, ticket),
            Action::Info(letter) => self.write(stack, (Known::Info, letter), ticket),
            Action::Message(letter) => self.write(stack, (Known::Message, letter), ticket),
            Action::Dtmf(digits) => self.press(stack, &digits, ticket),
            Action::Claim(take) => self.claim(stack, &take),
            Action::RenewClaim(renew) => self.renew_claim(stack, &renew),
            Action::ReleaseClaim => self.release_claim(stack, by),
        });
        if answer.is_ok() && !is_of_claim {
            self.claim_by_command(stack, by);
        }
        match answer {
            Ok(Answer::Now) => stack.fx.answer(ticket, Ok(self.picture.clone())),
            Ok(Answer::WhenSent(receipt)) => {
                stack.fx.wait_for(receipt, Awaited::Command(ticket, self.picture.clone()));
            }
            Ok(Answer::Later) => {}
            Err(refusal) => stack.fx.answer(ticket, Err(refusal)),
        }
    }

    fn admit(
        &self,
        if_version: Option<u64>,
        by: Option<&Claimant>,
        is_of_claim: bool,
    ) -> Result<(), Refusal> {
        if self.picture.end.is_some() {
            return Err(Refusal::CallEnded(self.picture.clone()));
        }
        if !is_of_claim {
            self.heed_claim(by)?;
        }
        match if_version {
            Some(version) if version != self.picture.version => {
                Err(Refusal::VersionMismatch(self.picture.clone()))
            }
            _ => Ok(()),
        }
    }

    /// A request of the dialog came, other than ACK and CANCEL.
    pub fn handle_request(&mut self, stack: &mut Stack, flow: Flow, request: &Request) {
        if self.forks.have(request) {
            return self.handle_unwanted(stack, &flow, request);
        }
        if self.dialog_of(request).note(flow, request) == Order::Old {
            return self.ask_again(stack, &flow, request);
        }
        self.reroute(stack, flow.id);
        match request.method.known() {
            Some(Known::Bye) => self.handle_bye(stack, &flow, request),
            Some(Known::Invite) => self.handle_reinvite(stack, &flow, request),
            Some(Known::Update) => self.handle_update(stack, &flow, request),
            Some(Known::Info | Known::Message) => self.handle_letter(stack, &flow, request),
            _ => self.handle_options(stack, &flow, request),
        }
    }

    /// An ACK of the dialog came.
    pub fn handle_ack(&mut self, stack: &mut Stack, flow: Flow, ack: &Request) {
        match &self.phase {
            Phase::Accepted(_) => self.handle_first_ack(stack, flow, ack),
            Phase::Established(_) => self.handle_later_ack(stack, ack),
            Phase::Dialing(_) | Phase::Pending(_) | Phase::Closing(_) | Phase::Gone => {}
        }
    }

    /// What the call waited for has come.
    pub fn handle_alarm(&mut self, stack: &mut Stack, alarm: CallAlarm) {
        match alarm {
            CallAlarm::RingTimeout => self.handle_ring_timeout(stack),
            CallAlarm::Expires => self.handle_expires(stack),
            CallAlarm::Remind => self.remind(stack),
            CallAlarm::RepeatOk => self.repeat_ok(stack),
            CallAlarm::NoAck => self.handle_no_ack(stack),
            CallAlarm::NoVerdict => self.handle_no_verdict(stack),
            CallAlarm::Patience => self.handle_patience(stack),
            CallAlarm::Lapse => self.handle_lapse(stack),
            CallAlarm::MaxDuration => self.handle_max_duration(stack),
            CallAlarm::Letters => self.handle_late_letters(stack),
            CallAlarm::Refresh => self.refresh_again(stack),
        }
    }

    fn handle_options(&self, stack: &mut Stack, flow: &Flow, request: &Request) {
        let writer = respond::in_dialog(request, 200, None, &self.dialog.local_tag, &self.dialog.contact);
        stack.answer(request, flow, respond::acceptance(writer).finish());
    }

    /// 500 with Retry-After: what came is out of order (§12.2.2, §14.2).
    fn ask_again(&self, stack: &mut Stack, flow: &Flow, request: &Request) {
        let seconds = stack.ids.below(11).to_string();
        let writer = respond::respond(&request.headers, 500, None, Some(&self.dialog.local_tag));
        stack.refuse(request, flow, 500, writer.header("Retry-After", seconds).finish());
    }
}

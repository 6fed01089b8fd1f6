//! What an INVITE of ours leaves behind: further 2xx, each of a dialog that nobody wants (RFC 3261 §13.2.2.4), also when the
//! call is over.

use bytes::Bytes;

use super::close::headers_of;
use super::connect::Dialing;
use super::established::acknowledge;
use super::give_up::Intent;
use super::{Call, Dialog};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::asking::{Asking, Means, Progress};
use crate::agent::command::NewHeader;
use crate::agent::request::Way;
use crate::agent::stack::{Owner, Stack};
use crate::agent::transaction::{Outcome, TransactionId};
use crate::agent::{Flow, ReachId, respond};
use crate::sip::{Known, Request, Response, Writer};

/// The INVITE that more may come of, and the dialogs that it has made too many. The transaction bounds their number.
#[derive(Debug, Default)]
pub struct Forks {
    invite: Invite,
    unwanted: Vec<Unwanted>,
}

#[derive(Debug, Default)]
enum Invite {
    /// Nothing more can come of it.
    #[default]
    Over,
    /// It was sent by an earlier process with this CSeq, and answered. Nothing more can come of it but that answer again.
    Past(u32),
    /// It was answered; other forks may be, until timer M.
    Answered(Box<Late>),
    /// The agent has no time to wait for its final response; the CANCEL is held back until the peer has said anything.
    HeldBack(Box<Late>),
    /// The same, and the CANCEL is out.
    Cancelled(Box<Late>),
}

/// An INVITE, and the dialog that it asked for.
#[derive(Debug)]
struct Late {
    invite: Box<Asking>,
    to_be: Dialog,
    /// What its CANCEL says.
    headers: Vec<NewHeader>,
}

/// A dialog that is being ended.
#[derive(Debug)]
struct Unwanted {
    dialog: Dialog,
    bye: Box<Asking>,
}

impl Forks {
    /// Those of a call that an earlier process has left, with the CSeq of its INVITE if that was ours.
    pub fn of_the_past(invite: Option<u32>) -> Self {
        Self { invite: invite.map_or(Invite::Over, Invite::Past), unwanted: Vec::new() }
    }

    /// Whether a response has the CSeq of the INVITE that an earlier process sent.
    pub fn are_past(&self, response: &Response) -> bool {
        matches!(self.invite, Invite::Past(cseq) if cseq == response.cseq.number)
    }

    /// The INVITE, which asked for that dialog, has its 2xx.
    pub fn expect(&mut self, invite: Box<Asking>, to_be: Dialog) {
        self.invite = Invite::Answered(Box::new(Late { invite, to_be, headers: Vec::new() }));
    }

    /// The INVITE, which asked for that dialog, has no final response, and the call no time to wait for it.
    pub fn abandon(&mut self, Dialing { invite, intent, .. }: Dialing, to_be: Dialog) {
        let is_cancelled = matches!(intent, Intent::Cancelled(_));
        let headers = intent.parting().and_then(|parting| headers_of(&parting.hangup).ok());
        let late = Box::new(Late { invite, to_be, headers: headers.unwrap_or_default() });
        self.invite = if is_cancelled { Invite::Cancelled(late) } else { Invite::HeldBack(late) };
    }

    /// No final response will come.
    pub fn forget(&mut self, stack: &mut Stack) {
        if let Invite::HeldBack(late) | Invite::Cancelled(late) = &mut self.invite {
            late.invite.forget(stack);
            self.invite = Invite::Over;
        }
    }

    /// Whether nothing can come any more.
    pub fn are_over(&self) -> bool {
        matches!(self.invite, Invite::Over | Invite::Past(_)) && self.unwanted.is_empty()
    }

    /// Whether an answer is waited for that must come; not a fork that might.
    pub fn are_busy(&self) -> bool {
        matches!(self.invite, Invite::HeldBack(_) | Invite::Cancelled(_)) || !self.unwanted.is_empty()
    }

    /// Whether a request with our tag is of a dialog that is being ended.
    pub fn have(&self, request: &Request) -> bool {
        self.unwanted.iter().any(|unwanted| unwanted.dialog.is_of(request))
    }

    /// The dialog whose BYE looks for that way.
    pub fn waiting_for(&self, id: ReachId) -> Option<usize> {
        self.unwanted.iter().position(|unwanted| unwanted.bye.waits_for(id))
    }

    fn late(&mut self) -> Option<&mut Late> {
        match &mut self.invite {
            Invite::Over | Invite::Past(_) => None,
            Invite::Answered(late) | Invite::HeldBack(late) | Invite::Cancelled(late) => Some(late),
        }
    }

    fn send_cancel(&mut self, stack: &mut Stack) {
        self.invite = match std::mem::take(&mut self.invite) {
            Invite::HeldBack(late) if late.invite.cancel(stack, &late.headers) => Invite::Cancelled(late),
            other => other,
        };
    }

    fn answered(&mut self) {
        self.invite = match std::mem::take(&mut self.invite) {
            Invite::HeldBack(late) | Invite::Cancelled(late) => Invite::Answered(late),
            other => other,
        };
    }
}

impl Call {
    /// A request of the peer in a dialog that is being ended: a BYE that crosses ours is answered, anything else is too late.
    pub(super) fn handle_unwanted(&self, stack: &mut Stack, flow: &Flow, request: &Request) {
        let status = if request.method.known() == Some(Known::Bye) { 200 } else { 481 };
        let response = respond::plain(request, status, None, &self.dialog.local_tag);
        stack.refuse(request, flow, status, response);
    }

    /// What became of the answered INVITE, or of the BYE to a fork; whether it was one of them.
    pub(super) fn hear_of_fork(
        &mut self,
        stack: &mut Stack,
        id: TransactionId,
        outcome: Outcome<'_>,
    ) -> bool {
        if self.forks.late().is_some_and(|late| late.invite.runs_in(id)) {
            self.handle_late(stack, id, outcome);
            return true;
        }
        let place = self.forks.unwanted.iter().position(|unwanted| unwanted.bye.runs_in(id));
        place.is_some_and(|place| {
            self.part(stack, place, |bye, stack, means| bye.handle_outcome(stack, id, outcome, means));
            true
        })
    }

    fn handle_late(&mut self, stack: &mut Stack, id: TransactionId, outcome: Outcome<'_>) {
        let Self { authorizations, forks, .. } = self;
        let Some(late) = forks.late() else { return };
        // It is sent no more, so nothing is filled in.
        let means = Means { credentials: None, authorizations, fill: &ended };
        match late.invite.handle_outcome(stack, id, outcome, means) {
            Progress::Waits | Progress::Sent => {}
            Progress::Provisional(_) => forks.send_cancel(stack),
            Progress::Forked(ok) => self.end_fork(stack, ok),
            Progress::Final(ok) if ok.status < 300 => {
                forks.answered();
                self.end_fork(stack, &ok);
            }
            Progress::Final(_) | Progress::Over | Progress::TimedOut | Progress::Unreachable => {
                forks.invite = Invite::Over;
                stack.fx.disarm(Alarm::Call(self.picture.id, CallAlarm::NoVerdict));
            }
        }
    }

    /// A 2xx that nobody wants: ACK, then BYE.
    fn end_fork(&mut self, stack: &mut Stack, ok: &Response) {
        let credentials = stack.credentials(self.account);
        let Self { authorizations, forks, .. } = self;
        let Some(Late { invite, to_be, .. }) = forks.late() else { return };
        let mut dialog = to_be.of_response(ok);
        acknowledge(stack, invite, &dialog, ok);
        let means = Means { credentials: credentials.as_ref(), authorizations, fill: &ended };
        // The INVITE's connection leads to the fork that was first.
        let way = Way { otherwise: None, ..dialog.way(stack) };
        let owner = Owner::Call(self.picture.id);
        let bye = Asking::begin(stack, owner, (Known::Bye, dialog.next()), way, means).into();
        forks.unwanted.push(Unwanted { dialog, bye });
    }

    /// What becomes of the BYE to a fork.
    pub(super) fn part<'a>(
        &mut self,
        stack: &mut Stack,
        place: usize,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) {
        let credentials = stack.credentials(self.account);
        let Self { authorizations, forks, .. } = self;
        let Some(Unwanted { bye, .. }) = forks.unwanted.get_mut(place) else { return };
        let means = Means { credentials: credentials.as_ref(), authorizations, fill: &ended };
        match act(bye, stack, means) {
            Progress::Waits | Progress::Sent | Progress::Provisional(_) | Progress::Forked(_) => {}
            Progress::Final(_) | Progress::Over | Progress::TimedOut | Progress::Unreachable => {
                forks.unwanted.swap_remove(place);
            }
        }
    }
}

fn ended(_: &Stack, _: &Flow, writer: Writer) -> Bytes {
    writer.finish()
}

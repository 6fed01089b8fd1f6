//! A call of ours: its INVITE, from the command that places it to its final response (RFC 3261 §13.2).

use std::sync::Arc;

use super::early::Early;
use super::forks::Forks;
use super::give_up::Intent;
use super::invitation::Invitation;
use super::order::Order;
use super::{Call, Dialog, Phase};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::asking::{Asking, Means, Progress};
use crate::agent::auth::Authorizations;
use crate::agent::command::Originate;
use crate::agent::event::{End, EndBy, EndCause, Event, EventKind};
use crate::agent::load::Load;
use crate::agent::stack::{Intake, Owner, Stack, transport_word};
use crate::agent::transaction::TransactionId;
use crate::agent::{FlowId, Refusal};
use crate::sip::{Known, Response};

/// An INVITE of ours that waits for its final response.
#[derive(Debug)]
pub struct Dialing {
    pub invite: Box<Asking>,
    invitation: Invitation,
    /// The transaction that it was sent in last.
    sent_in: Option<(TransactionId, FlowId)>,
    /// The dialogs that provisional responses to it have made.
    pub early: Vec<Early>,
    pub intent: Intent,
}

impl Call {
    /// Places a call, if it can be: there is room beside those that there are.
    pub fn originate(stack: &mut Stack, calls: Load, originate: Originate) -> Result<Self, Refusal> {
        if stack.intake == Intake::Draining {
            return Err(Refusal::Draining);
        }
        if stack.intake == Intake::Unrecorded {
            return Err(Refusal::Unrecorded);
        }
        if calls.is_full(stack.settings.max_calls) {
            return Err(Refusal::TooManyCalls(stack.settings.max_calls));
        }
        if stack.transactions.is_full() {
            return Err(Refusal::Overloaded);
        }
        let order = Order::read(stack, originate)?;
        Ok(Self::dial(stack, order))
    }

    /// Shows the call and sends the INVITE, or looks for a way first.
    fn dial(stack: &mut Stack, order: Order) -> Self {
        let id = stack.ids.call(stack.fx.now.wall.milliseconds());
        let (routes, way) = stack.way_out(order.account, &order.uri);
        let call_id = format!("{}{}", stack.ids.tag(), stack.ids.tag()).into();
        let invitation = Invitation::new(stack, &order, &routes, way.hop.clone());
        let mut dialog = Dialog::to_be(
            call_id,
            stack.ids.tag(),
            order.caller(),
            &order.uri,
            routes,
            invitation.contact().clone(),
        );
        let picture = Arc::new(order.picture(stack, id, &dialog, &way, invitation.offer().cloned()));
        stack.fx.tell(Event {
            kind: EventKind::Dialing,
            time: stack.fx.now.wall,
            call: picture.clone(),
            renegotiated: false,
            detail: None,
        });
        stack.fx.arm(Alarm::Call(id, CallAlarm::RingTimeout), order.patience);
        let mut authorizations = Authorizations::default();
        let credentials = stack.credentials(order.account);
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations: &mut authorizations,
            fill: &|stack, flow, writer| invitation.fill(stack, flow, writer),
        };
        let invite = (Known::Invite, dialog.next());
        let invite = Asking::begin(stack, Owner::Call(id), invite, way, means).into();
        let dialing =
            Dialing { invite, invitation, sent_in: None, early: Vec::new(), intent: Intent::Connect };
        let mut call = Self {
            dialog,
            account: order.account,
            authorizations,
            picture,
            phase: Phase::Dialing(dialing),
            source: order.source(),
            forks: Forks::default(),
            last_fence: 0,
        };
        call.note_sending(stack);
        call
    }

    /// What becomes of the INVITE; `why` there is no way for it, if there is none.
    pub(super) fn pursue_invite<'a>(
        &mut self,
        stack: &mut Stack,
        why: Option<String>,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) {
        let credentials = stack.credentials(self.account);
        let Self { authorizations, phase: Phase::Dialing(dialing), .. } = self else { return };
        let Dialing { invite, invitation, .. } = dialing;
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations,
            fill: &|stack, flow, writer| invitation.fill(stack, flow, writer),
        };
        let progress = act(invite, stack, means);
        self.note_sending(stack);
        match progress {
            Progress::Waits | Progress::Sent | Progress::Forked(_) | Progress::Over => {}
            Progress::Provisional(response) => self.handle_provisional(stack, response),
            Progress::Final(response) if response.status < 300 => self.handle_ok(stack, &response),
            Progress::Final(response) => self.handle_refusal(stack, &response),
            Progress::TimedOut => self.fail(stack, End::new(EndCause::Timeout, EndBy::System, None)),
            Progress::Unreachable => {
                self.fail(
                    stack,
                    End::unreachable(why.unwrap_or_else(|| "the connection was lost".to_owned())),
                );
            }
        }
    }

    /// Takes note of the connection that the INVITE went by. Clients see it with what comes next.
    fn note_sending(&mut self, stack: &Stack) {
        let Phase::Dialing(dialing) = &mut self.phase else { return };
        let Some((transaction, flow)) = dialing.invite.sent() else { return };
        let before = dialing.sent_in.replace((transaction, flow.id));
        if before.is_some_and(|(sent, _)| sent == transaction) {
            if before != dialing.sent_in {
                // As it was, by a new connection.
                self.dialog.flow = Some(flow);
            }
            return;
        }
        dialing.early.clear();
        let (contact, offer) = dialing.invitation.settle(stack, &flow);
        self.dialog.sent_by(flow, dialing.invitation.sought().cloned(), contact);
        let picture = Arc::make_mut(&mut self.picture);
        picture.sdp.local = Some(offer);
        let sip = Arc::make_mut(&mut picture.sip);
        sip.transport = transport_word(flow.transport);
        sip.peer = flow.peer.to_string().into();
    }

    /// 300–699. That a call which we gave up is cancelled, or refused for want of credentials that we kept back, is our doing.
    fn handle_refusal(&mut self, stack: &mut Stack, response: &Response) {
        let status = Some(response.status);
        let ours = matches!(response.status, 401 | 407 | 487);
        let end = match self.parting().filter(|_| ours) {
            Some(parting) => parting.end(status),
            None => End::by_remote(EndCause::Rejected, status, &response.headers),
        };
        self.finish(stack, end, Phase::Gone);
    }

    /// Nobody answered, or could be asked; that is no failure of a call that we gave up.
    fn fail(&mut self, stack: &mut Stack, end: End) {
        let end = self.parting().map_or(end, |parting| parting.end(None));
        self.finish(stack, end, Phase::Gone);
    }
}

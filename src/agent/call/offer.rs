//! An INVITE becomes a call (RFC 3261 §13.3.1).

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::dialog::Dialog;
use super::forks::Forks;
use super::modify::hold_of;
use super::{Answer, Call, Pending, Phase, Picture};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::auth::Authorizations;
use crate::agent::command::Reject;
use crate::agent::event::{
    CallState, Direction, EndBy, Event, EventKind, HeaderField, Hold, Party, Sdp, SipFacts, actions_of,
};
use crate::agent::stack::{Stack, transport_word};
use crate::agent::{AccountNumber, CallId, Flow, OnOffer, respond};
use crate::sip::{Header, Name, NameAddr, Request, body_text, host_port, sdp};

impl Call {
    /// Sends the 100, shows the call, and does what the policy says before anybody is asked.
    pub fn offered(stack: &mut Stack, flow: Flow, invite: Box<Request>) -> Self {
        let id = stack.ids.call(stack.fx.now.wall.milliseconds());
        let local_tag = stack.ids.tag();
        let owner = (id, local_tag.clone());
        let transaction = stack.serve_invite(&invite, &flow, owner, Some(respond::trying(&invite)));
        let account = stack.account_of(&flow, &invite);
        let picture = Arc::new(picture_of(stack, id, &flow, &invite, (&local_tag, account)));
        let dialog = Dialog::of_invite(stack, flow, &invite, local_tag, account);
        arm(stack, id, &invite);
        stack.fx.tell(Event {
            kind: EventKind::Offered,
            time: stack.fx.now.wall,
            call: picture.clone(),
            renegotiated: false,
            detail: None,
        });
        let phase = Phase::Pending(Pending { invite, transaction, ringing: None });
        let mut call = Self {
            dialog,
            account,
            authorizations: Authorizations::default(),
            picture,
            phase,
            source: sdp::Source::default(),
            forks: Forks::default(),
            last_fence: 0,
        };
        call.apply_policy(stack);
        call
    }

    /// What fails here has ended the call or leaves it to the clients; both have been told by its events.
    fn apply_policy(&mut self, stack: &mut Stack) {
        let _told = match stack.settings.on_offer {
            OnOffer::None => Ok(Answer::Now),
            OnOffer::Ring => self.ring(stack, Default::default()),
            OnOffer::Accept => self.answer(stack, Default::default()).map(Answer::WhenSent),
            OnOffer::Reject => {
                let status = stack.settings.policies.reject_status;
                self.reject(stack, Reject { status, ..Reject::default() }, EndBy::Policy)
            }
        };
    }
}

fn arm(stack: &mut Stack, id: CallId, invite: &Request) {
    stack.fx.arm(Alarm::Call(id, CallAlarm::RingTimeout), stack.settings.ring_timeout);
    if let Some(seconds) = invite.headers.number(Name::Expires) {
        stack.fx.arm(Alarm::Call(id, CallAlarm::Expires), Duration::from_secs(u64::from(seconds)));
    }
}

fn picture_of(
    stack: &Stack,
    id: CallId,
    flow: &Flow,
    invite: &Request,
    (local_tag, account): (&ByteString, Option<AccountNumber>),
) -> Picture {
    let (direction, state) = (Direction::Inbound, CallState::Offered);
    Picture {
        id,
        direction,
        state,
        version: 1,
        from: party_of(&invite.from),
        to: party_of(&invite.to),
        request_uri: invite.uri.text().clone(),
        account: stack.account(account).map(|account| account.id.clone()),
        headers: fields_of(invite),
        sdp: Sdp { remote: Some(&invite.body).filter(|body| !body.is_empty()).map(body_text), local: None },
        sip: Arc::new(SipFacts {
            call_id: invite.call_id.clone(),
            local_tag: local_tag.clone(),
            remote_tag: invite.from.tag().cloned(),
            transport: transport_word(flow.transport),
            peer: host_port(flow.peer).into(),
        }),
        labels: Arc::default(),
        hold: hold_of(&invite.body, None, Hold::None),
        claim: None,
        created_at: stack.fx.now.wall,
        ringing_at: None,
        accepted_at: None,
        established_at: None,
        ended_at: None,
        end: None,
        actions: actions_of(direction, state),
    }
}

/// The headers as they came: the topmost Via without what was filled in for the responses.
fn fields_of(invite: &Request) -> Arc<[HeaderField]> {
    let mut topmost = Some(&invite.via.raw);
    let shown = invite.headers.iter().filter(|header| is_shown(header));
    let field = |header: Header<'_>| {
        let received = topmost.take_if(|_| header.name == Name::Via);
        let value = received.map_or_else(|| header.text(), body_text);
        HeaderField { name: header.kept_name(), value }
    };
    shown.map(field).collect()
}

/// From, To and Call-ID have their own places in the picture; answers to challenges are for nobody else.
fn is_shown(header: &Header<'_>) -> bool {
    let is_elsewhere = matches!(header.name, Name::From | Name::To | Name::CallId);
    !is_elsewhere && !matches!(header.name, Name::Authorization | Name::ProxyAuthorization)
}

fn party_of(address: &NameAddr) -> Arc<Party> {
    Arc::new(Party { uri: address.uri.text().clone(), display_name: address.display_name.clone() })
}

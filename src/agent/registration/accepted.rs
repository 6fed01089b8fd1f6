//! The registrar has our Contact (RFC 3261 §10.2.4).

use std::time::Duration;

use super::binding::{granted, refresh_after};
use super::keep_alive::KeepAlive;
use super::{Link, Phase, Registration};
use crate::agent::alarms::AccountAlarm;
use crate::agent::command::AccountAction;
use crate::agent::event::{RegistrationFailure, RegistrationState};
use crate::agent::stack::Stack;
use crate::agent::{AccountNumber, Flow};
use crate::sip::{Name, Response};

/// How many routes of a Service-Route are followed; of a longer one none is.
const MOST_ROUTES: usize = 16;

impl Registration {
    /// The registrar has our Contact.
    pub(super) fn handle_accepted(&mut self, stack: &mut Stack, flow: Flow, response: &Response) {
        let contact = self.identity.contact(stack, &flow);
        let uri = contact.trim_matches(['<', '>']);
        let granted = granted(response, uri, self.expires);
        if granted == 0 {
            let wait = self.retry.after_failure(&mut stack.ids, None);
            let detail = "the registrar did not keep the Contact".to_owned();
            let failure = RegistrationFailure { sip_status: Some(response.status), detail };
            return self.fail(stack, failure, wait);
        }
        self.retry.reset();
        self.link(stack, flow);
        settle(stack, self.identity.number, flow, response);
        let now = stack.fx.now.wall;
        let expires_at = self.arm(stack, AccountAlarm::Lapse, Duration::from_secs(granted.into()));
        let refresh = refresh_after(&mut stack.ids, granted);
        let next_attempt_at = self.arm(stack, AccountAlarm::Attempt, refresh);
        self.show(stack, |account| {
            account.state = RegistrationState::Registered;
            account.contact = Some(uri.into());
            account.registered_at = Some(now);
            account.expires_at = Some(expires_at);
            account.next_attempt_at = Some(next_attempt_at);
            account.failure = None;
        });
        self.contacts = vec![contact];
        self.answer(stack, AccountAction::Register, &Ok(self.picture.clone()));
        self.go_on(stack, AccountAction::Register);
    }

    /// The registration is held by this connection; keep-alives go on if it is the same as before.
    fn link(&mut self, stack: &mut Stack, flow: Flow) {
        let link = match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Refreshing(link, _) if link.flow.id == flow.id => link,
            _ => {
                KeepAlive::end(stack, self.identity.number);
                Link { flow, keep_alive: KeepAlive::begin(stack, self.identity.number, &flow) }
            }
        };
        self.phase = Phase::Registered(link);
    }
}

/// What calls learn of a registration.
fn settle(stack: &mut Stack, number: AccountNumber, flow: Flow, response: &Response) {
    let routes = response.headers.addresses(Name::ServiceRoute);
    let is_short = routes.len() <= MOST_ROUTES;
    let bound = stack.bound(&flow);
    let mut has_moved = false;
    if let Some(link) = stack.link_mut(number) {
        link.flow = Some(flow);
        link.peer = Some(flow.peer.ip());
        has_moved = link.bound.as_ref() != Some(&bound);
        link.bound = Some(bound);
        link.service_route = routes.into_iter().filter(|_| is_short).map(|route| route.uri).collect();
    }
    if has_moved {
        stack.moved.push(number);
    }
}

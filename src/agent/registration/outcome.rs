//! What becomes of a REGISTER (RFC 3261 §10.2.4, §10.2.7, §10.2.8).

use std::sync::Arc;
use std::time::Duration;

use super::identity::Purpose;
use super::keep_alive::KeepAlive;
use super::{Phase, Registration};
use crate::agent::alarms::AccountAlarm;
use crate::agent::asking::Progress;
use crate::agent::command::AccountAction;
use crate::agent::event::{Account, RegistrationFailure, RegistrationState};
use crate::agent::stack::{Stack, is_reliable};
use crate::agent::{Flow, Refusal};
use crate::sip::{Name, Response, reason_phrase};

/// The longest Min-Expires that is followed, seconds: a week.
const LONGEST: u32 = 7 * 24 * 3600;
/// Why a registration is down whose connection is gone.
pub const LOST: &str = "the connection was lost";

impl Registration {
    /// Deals with what came of the REGISTER under way; `flow` is what it had been sent by, `why` says why there is no way.
    pub(super) fn handle_progress(
        &mut self,
        stack: &mut Stack,
        progress: Progress<'_>,
        flow: Option<Flow>,
        why: Option<String>,
    ) {
        let silence = match progress {
            Progress::Waits
            | Progress::Sent
            | Progress::Provisional(_)
            | Progress::Forked(_)
            | Progress::Over => return,
            Progress::Final(response) => return self.handle_final(stack, flow, &response),
            Progress::TimedOut => {
                // A connection that takes requests and brings no answer is of no more use; unless it is that of other
                // accounts, and this one alone is not answered.
                let shared = |flow: &Flow| {
                    !self.is_held_by(flow) && stack.is_held_by_others(self.identity.number, flow)
                };
                if let Some(flow) = flow.filter(|flow| is_reliable(flow.transport) && !shared(flow)) {
                    stack.fx.close(flow.id);
                }
                "no answer in time".to_owned()
            }
            Progress::Unreachable => why.unwrap_or_else(|| "it cannot be reached".to_owned()),
        };
        let failure = RegistrationFailure { sip_status: None, detail: silence };
        match self.phase {
            Phase::Unregistering(_) => self.end(stack, Some(failure)),
            _ => {
                let wait = self.retry.after_failure(&mut stack.ids, None);
                self.fail(stack, failure, wait);
            }
        }
    }

    /// Whether the account is registered by that connection.
    fn is_held_by(&self, flow: &Flow) -> bool {
        matches!(&self.phase, Phase::Registered(link) | Phase::Refreshing(link, _) if link.flow.id == flow.id)
    }

    fn handle_final(&mut self, stack: &mut Stack, flow: Option<Flow>, response: &Response) {
        let accepted = (200..300).contains(&response.status);
        if let Phase::Unregistering(_) = self.phase {
            return self.end(stack, (!accepted).then(|| failure_of(response)));
        }
        if let Some(refused) = self.fresh.take().filter(|_| !accepted) {
            self.contacts.retain(|contact| *contact != refused);
        }
        match flow {
            Some(flow) if accepted => self.handle_accepted(stack, flow, response),
            _ if response.status == 423 && self.lengthen(response) => self.ask_for_longer(stack, flow),
            _ => {
                let wait =
                    self.retry.after_failure(&mut stack.ids, response.headers.number(Name::RetryAfter));
                self.expires = self.identity.expires();
                self.fail(stack, failure_of(response), wait);
            }
        }
    }

    /// Asks for as long as the registrar wants; whether that is longer than before (§10.2.8). Once for each success: it might
    /// want more each time.
    fn lengthen(&mut self, response: &Response) -> bool {
        let wanted = response.headers.number(Name::MinExpires).filter(|wanted| *wanted <= LONGEST);
        let longer =
            wanted.filter(|wanted| *wanted > self.expires && self.expires == self.identity.expires());
        self.expires = longer.unwrap_or(self.expires);
        longer.is_some()
    }

    fn ask_for_longer(&mut self, stack: &mut Stack, flow: Option<Flow>) {
        let asking = self.begin(stack, Purpose::Bind(self.expires), flow);
        self.phase = match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Refreshing(link, _) => Phase::Refreshing(link, asking),
            _ => Phase::Registering(asking),
        };
    }

    /// The connection that it was held by, or asked for on, is gone.
    pub(super) fn handle_lost(&mut self, stack: &mut Stack) {
        if let Phase::Registering(asking) | Phase::Refreshing(_, asking) = &mut self.phase {
            asking.forget(stack);
        }
        let wait = self.retry.after_loss(stack);
        self.fail(stack, RegistrationFailure { sip_status: None, detail: LOST.to_owned() }, wait);
    }

    /// The connection that it was held by is gone, while a refresh is on its way by another.
    pub(super) fn go_on_unlinked(&mut self, stack: &mut Stack) {
        if let Phase::Refreshing(_, asking) = std::mem::replace(&mut self.phase, Phase::Failed) {
            self.phase = Phase::Registering(asking);
        }
        KeepAlive::end(stack, self.identity.number);
        self.unlink(stack);
        self.show(stack, |account| {
            account.state = RegistrationState::Registering;
            account.next_attempt_at = None;
        });
    }

    /// A try has failed; another one follows.
    pub(super) fn fail(&mut self, stack: &mut Stack, failure: RegistrationFailure, wait: Duration) {
        self.phase = Phase::Failed;
        KeepAlive::end(stack, self.identity.number);
        self.unlink(stack);
        let next_attempt_at = self.arm(stack, AccountAlarm::Attempt, wait);
        self.show(stack, |account| {
            account.state = RegistrationState::Failed;
            account.next_attempt_at = Some(next_attempt_at);
            account.failure = Some(failure);
        });
        self.answer(stack, AccountAction::Register, &Err(refusal(&self.picture)));
        self.go_on(stack, AccountAction::Register);
    }

    /// It is over: nothing is bound, or what is bound could not be unbound and is left to lapse.
    pub(super) fn end(&mut self, stack: &mut Stack, failure: Option<RegistrationFailure>) {
        let before = std::mem::replace(&mut self.phase, Phase::Unregistered);
        KeepAlive::end(stack, self.identity.number);
        self.disarm(stack, &[AccountAlarm::Attempt]);
        if let Some(link) = stack.link_mut(self.identity.number) {
            link.clear();
        }
        if failure.is_none() {
            self.contacts.clear();
            self.disarm(stack, &[AccountAlarm::Lapse]);
        }
        let change = |account: &mut Account| {
            account.state = RegistrationState::Unregistered;
            account.next_attempt_at = None;
            if failure.is_none() {
                account.contact = None;
                account.expires_at = None;
            }
            account.failure = failure.clone();
        };
        match before {
            Phase::Unregistered => change(Arc::make_mut(&mut self.picture)),
            _ => self.show(stack, change),
        }
        let answer = if failure.is_none() { Ok(self.picture.clone()) } else { Err(refusal(&self.picture)) };
        self.answer(stack, AccountAction::Unregister, &answer);
        self.go_on(stack, AccountAction::Unregister);
    }

    /// The time that the registrar granted is over.
    pub(super) fn handle_lapse(&mut self, stack: &mut Stack) {
        // What a REGISTER under way binds or unbinds stays named: without a Contact it would only ask (§10.2.3).
        if matches!(self.phase, Phase::Unregistered | Phase::Registered(_) | Phase::Failed) {
            let lapsed = self.picture.contact.as_ref().map(|contact| format!("<{contact}>"));
            self.contacts.retain(|contact| Some(contact) != lapsed.as_ref());
        }
        if let Some(link) = stack.link_mut(self.identity.number) {
            link.clear();
        }
        let change = |account: &mut Account| {
            account.contact = None;
            account.expires_at = None;
        };
        change(Arc::make_mut(&mut self.picture));
        match &self.phase {
            Phase::Refreshing(..) => self.go_on_unlinked(stack),
            _ => self.show(stack, |_| {}),
        }
    }

    /// Calls no longer go by the connection that it was held by.
    pub(super) fn unlink(&self, stack: &mut Stack) {
        if let Some(link) = stack.link_mut(self.identity.number) {
            link.flow = None;
        }
    }
}

fn refusal(account: &Arc<Account>) -> Refusal {
    match account.failure.as_ref().and_then(|failure| failure.sip_status) {
        Some(status) => Refusal::RegistrationRejected(account.clone(), status),
        None => Refusal::RegistrationTimeout(account.clone()),
    }
}

/// The registrar's status and phrase; a long one is cut.
fn failure_of(response: &Response) -> RegistrationFailure {
    const LONGEST: usize = 128;
    let status = response.status;
    let phrase = match &*response.reason_phrase {
        "" => reason_phrase(status),
        phrase => phrase,
    };
    let phrase: String = phrase.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    RegistrationFailure { sip_status: Some(status), detail: format!("{status} {phrase}") }
}

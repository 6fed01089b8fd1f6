//! A REGISTER on its way: how it is begun and written, and what is known once it is sent.

use std::sync::Arc;

use super::identity::Purpose;
use super::{Phase, Registration};
use crate::agent::Flow;
use crate::agent::asking::{Asking, Means, Progress};
use crate::agent::request::Way;
use crate::agent::stack::{Owner, Stack, transport_word};
use crate::sip::Known;

/// How many Contacts are remembered that the registrar may still have; beyond it the oldest is left to lapse.
const MOST_CONTACTS: usize = 4;

impl Registration {
    /// Begins a REGISTER, by a connection that is open if there is one.
    pub(super) fn begin(&mut self, stack: &mut Stack, purpose: Purpose, flow: Option<Flow>) -> Box<Asking> {
        let Self { identity, authorizations, contacts, .. } = self;
        self.cseq += 1;
        self.fresh = None;
        let flow = flow.filter(|flow| stack.flows.contains(&flow.id));
        let way = Way { flow, hop: Some(identity.hop.clone()), otherwise: None };
        let request = (Known::Register, identity.head(self.cseq));
        let means = Means {
            credentials: identity.credentials.as_ref(),
            authorizations,
            fill: &|stack, flow, writer| identity.fill((purpose, contacts), stack, flow, writer),
        };
        let asking = Asking::begin(stack, Owner::Account(identity.number), request, way, means);
        self.note(stack, purpose, asking.sent().map(|(_, flow)| flow));
        Box::new(asking)
    }

    /// Lets the REGISTER that is under way act, and deals with what came of it; `why` there is no way, if there is none.
    pub(super) fn pursue<'a>(
        &mut self,
        stack: &mut Stack,
        why: Option<String>,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) {
        if let Some((progress, flow)) = self.ask(stack, act) {
            self.handle_progress(stack, progress, flow, why);
        }
    }

    /// Lets the REGISTER that is under way act: what came of it, and the connection that it had been sent by before.
    pub(super) fn ask<'a>(
        &mut self,
        stack: &mut Stack,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) -> Option<(Progress<'a>, Option<Flow>)> {
        let Self { identity, authorizations, contacts, phase, .. } = self;
        let (asking, purpose) = match phase {
            Phase::Registering(asking) | Phase::Refreshing(_, asking) => {
                (asking, Purpose::Bind(self.expires))
            }
            Phase::Unregistering(asking) => (asking, Purpose::Unbind),
            Phase::Unregistered | Phase::Registered(_) | Phase::Failed => return None,
        };
        let before = asking.sent().map(|(_, flow)| flow);
        let means = Means {
            credentials: identity.credentials.as_ref(),
            authorizations,
            fill: &|stack, flow, writer| identity.fill((purpose, contacts), stack, flow, writer),
        };
        let progress = act(asking, stack, means);
        self.cseq = asking.head().cseq;
        let after = asking.sent().map(|(_, flow)| flow);
        self.note(stack, purpose, after);
        Some((progress, before))
    }

    /// Takes note of where a REGISTER went: the registrar may have that Contact from now on.
    fn note(&mut self, stack: &Stack, purpose: Purpose, flow: Option<Flow>) {
        let Some(flow) = flow else { return };
        let picture = Arc::make_mut(&mut self.picture);
        picture.transport = Some(transport_word(flow.transport));
        picture.peer = Some(flow.peer.to_string().into());
        if let Purpose::Bind(_) = purpose {
            let contact = self.identity.contact(stack, &flow);
            let count = self.contacts.len();
            self.contacts.retain(|other| *other != contact);
            if self.contacts.len() == count {
                self.fresh = Some(contact.clone());
            }
            if self.contacts.len() >= MOST_CONTACTS {
                self.contacts.remove(0);
            }
            self.contacts.push(contact);
        }
    }
}

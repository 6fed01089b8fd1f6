//! A request is written for the connection that it goes by, and sent.

use bytes::Bytes;

use super::invite::Proofs;
use super::{Asking, Means, Stage};
use crate::agent::network::Flow;
use crate::agent::request::via;
use crate::agent::stack::{Stack, is_reliable, peer_hop};
use crate::agent::transaction::{ClientKey, Path, Refusable};
use crate::sip::Known;

impl Asking {
    /// Sends it by this connection, with what answers the challenges that are known.
    pub(super) fn send(&mut self, stack: &mut Stack, flow: Flow, means: Means<'_>) {
        let branch = stack.ids.branch();
        let begin = |stack: &Stack| self.head.begin(self.method, &via(stack, &flow, &branch));
        let mut writer = begin(stack);
        let mut proofs = Proofs::default();
        if let Some(credentials) = means.credentials {
            let covered = means.authorizations.cover_bodies();
            let whole = if covered { (means.fill)(stack, &flow, begin(stack)) } else { Bytes::new() };
            let request = (self.method, self.head.uri.as_str(), body_of(&whole));
            proofs = Proofs(means.authorizations.headers(stack, request, credentials));
            writer = proofs.written(writer);
        }
        let bytes = (means.fill)(stack, &flow, writer);
        if self.is_too_large(stack, &flow, &bytes) {
            means.authorizations.take_back(&proofs.0);
            return self.seek_stream(stack, &flow);
        }
        let path = Path { flow: Some(flow.id), otherwise: None, reliable: is_reliable(flow.transport) };
        let key = ClientKey::new(branch.clone(), self.method);
        let transaction = match self.method {
            Known::Invite => {
                let (head, via) = (self.head.clone(), via(stack, &flow, &branch));
                let refusable = Refusable { head, via, peer: peer_hop(&flow, self.name.clone()) };
                stack.invite(self.owner, key, path, (bytes, refusable))
            }
            _ => stack.request(self.owner, key, path, bytes),
        };
        self.stage = Stage::Sent { transaction, flow, branch, proofs };
    }
}

/// What stands behind the head of a message of ours.
fn body_of(message: &[u8]) -> &[u8] {
    const END: &[u8] = b"\r\n\r\n";
    let head = message.windows(END.len()).position(|bytes| bytes == END);
    head.and_then(|head| message.get(head + END.len()..)).unwrap_or_default()
}

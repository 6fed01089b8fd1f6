//! The end of the agent's process, and the beginning of the next one with what is on record.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::{Happening, Life, secret};
use crate::agent::tests::random::caller::Do;
use crate::agent::{Agent, Call, CallId, Output, Saved};
use crate::sip::Request;

impl Life {
    pub fn crash_later(&mut self, after: Duration, at_once: bool) {
        self.later(after, Happening::Crashes { at_once });
    }

    /// It dies over a batch: nothing of it is on record and nothing is sent; or all of it is on record, and some is sent.
    pub(super) fn die_over(&mut self, first: Output) {
        let agent = &mut self.agent;
        let mut batch: Vec<_> = iter::once(first).chain(iter::from_fn(|| agent.poll_output())).collect();
        if self.chance.percent(50) {
            batch.clear();
        }
        let is_record =
            |output: &Output| matches!(output, Output::Event(_) | Output::Save(..) | Output::Forget(_));
        let (record, wire): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_record);
        let sent = usize::try_from(self.chance.below(wire.len() as u64 + 1)).expect("few");
        let wire = wire.into_iter().filter(|output| matches!(output, Output::Send(_))).take(sent);
        record.into_iter().chain(wire).for_each(|output| self.perform(output));
        self.die();
    }

    /// It dies, and the next one takes its place. What it has sent is on its way; what was on the way to it is lost.
    pub(super) fn die(&mut self) {
        self.is_dying = false;
        self.deaths += 1;
        self.cseqs_before.clone_from(&self.cseqs);
        self.unanswered = self.asked - self.answers.len() as u64;
        self.agent = Agent::new(self.settings.clone(), secret(self.seed, self.deaths), self.now);
        let latest: BTreeMap<CallId, &Arc<Call>> =
            self.events.iter().map(|event| (event.call.id, &event.call)).collect();
        let is_open = |id: &CallId, call: &Call| call.end.is_none() || self.saves.contains_key(id);
        for (id, call) in latest.into_iter().filter(|(id, call)| is_open(id, call)) {
            let saved: Option<Saved> = self.saves.get(&id).map(|saved| {
                let json = serde_json::to_vec(&**saved).expect("JSON");
                serde_json::from_slice(&json).expect("what was saved")
            });
            let written = serde_json::to_vec(&**call).expect("JSON");
            self.agent.recover(self.now, Arc::new(Call::read(&written).expect("a call")), saved);
        }
        self.agenda.retain(|_, happening| !matches!(happening, Happening::Arrives(_) | Happening::Finds(_)));
        self.flow.id.0 += 1;
        for (number, caller) in self.callers.iter_mut().enumerate() {
            caller.has_lost_agent = true;
            self.entries += 1;
            let at = (self.now.instant + Duration::from_millis(200), self.entries);
            self.agenda.insert(at, Happening::Does(number, Do::Reconnect));
        }
        self.drain();
    }

    /// What is asked in a dialog goes on behind what was asked in it, and by its INVITE, before the crash (RFC 3261 §12.2.1.1).
    pub(super) fn check_cseq(&mut self, request: &Request) {
        if matches!(request.method.as_str(), "ACK" | "CANCEL") {
            return;
        }
        let name = |tag: Option<&ByteString>| tag.map(ToString::to_string).unwrap_or_default();
        let early = [request.call_id.to_string(), name(request.from.tag()), String::new()];
        let mut dialog = early.clone();
        dialog[2] = name(request.to.tag());
        let before = [&early, &dialog].into_iter().filter_map(|names| self.cseqs_before.get(names)).max();
        let (seed, cseq, method) = (self.seed, request.cseq, request.method.as_str());
        assert!(before.is_none_or(|before| cseq > *before), "seed {seed}: {cseq} {method} after {before:?}");
        let highest = self.cseqs.entry(dialog).or_default();
        *highest = cseq.max(*highest);
    }
}

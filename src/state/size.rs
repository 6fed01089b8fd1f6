//! About how many bytes what is told takes: by that, what is kept is bounded. Every text that a peer, a client or the settings can
//! make long counts.

use super::Told;
use crate::agent::event::{AccountEvent, Detail, End, Event, Extent, HeaderField, Party, Reason};
use crate::agent::{Call, News};
use crate::json;

/// What stands around the data of an encoded event.
const ENVELOPE: usize = 240;
/// What stands around the texts of an account.
const ACCOUNT: usize = 340;

/// An event when it is encoded.
pub(super) fn encoded(told: &Told) -> usize {
    ENVELOPE
        + match told {
            Told::News(News::Call(event)) => {
                ENCODED.call(&event.call, event.extent()) + ENCODED.detail(event)
            }
            Told::News(News::Account(event)) => account(event),
            Told::Draining(_) => 0,
        }
}

/// What an event holds besides its call.
pub(super) fn held(told: &Told) -> usize {
    size_of::<Told>()
        + match told {
            Told::News(News::Call(event)) => HELD.detail(event),
            Told::News(News::Account(_)) | Told::Draining(_) => 0,
        }
}

/// A call.
pub(super) fn of_call(call: &Call) -> usize {
    HELD.call(call, Extent::Whole)
}

fn account(AccountEvent { account, .. }: &AccountEvent) -> usize {
    let (contact, peer) = (account.contact.as_deref(), account.peer.as_deref());
    let given =
        [Some(&*account.id), Some(&account.aor), Some(&account.registrar), account.outbound_proxy.as_deref()];
    let failure = account.failure.as_ref().map(|failure| &*failure.detail);
    ACCOUNT + given.into_iter().chain([contact, peer, failure]).flatten().map(json::length).sum::<usize>()
}

/// How long a text is, and what each of a kind takes beside its texts.
struct Measure {
    text: fn(&str) -> usize,
    call: usize,
    header: usize,
    label: usize,
    end: usize,
    reason: usize,
}

/// In memory.
const HELD: Measure = Measure {
    text: str::len,
    call: size_of::<Call>(),
    header: size_of::<HeaderField>(),
    label: size_of::<(String, String)>(),
    end: size_of::<End>(),
    reason: size_of::<Reason>(),
};

/// As JSON.
const ENCODED: Measure = Measure {
    text: json::length,
    call: 570,
    header: r#"{"name":"","value":""},"#.len(),
    label: r#""":"","#.len(),
    end: 100,
    reason: r#"{"protocol":"","cause":null,"text":null},"#.len(),
};

impl Measure {
    fn call(&self, call: &Call, extent: Extent) -> usize {
        let Call { from, to, request_uri, account, headers, sdp, sip, labels, claim, end, .. } = call;
        let optional = |text: Option<&str>| text.map_or(0, self.text);
        let party = |party: &Party| (self.text)(&party.uri) + optional(party.display_name.as_deref());
        let header =
            |header: &HeaderField| self.header + (self.text)(&header.name) + (self.text)(&header.value);
        let label = |(name, value): (&String, &String)| self.label + (self.text)(name) + (self.text)(value);
        let reason =
            |reason: &Reason| self.reason + (self.text)(&reason.protocol) + optional(reason.text.as_deref());
        let remote = || optional(sdp.remote.as_deref());
        let sip =
            [&sip.call_id, &sip.local_tag, &sip.peer].map(|text| (self.text)(text)).iter().sum::<usize>()
                + optional(sip.remote_tag.as_deref());
        let end = end.as_ref().map_or(0, |end| {
            let texts = optional(end.reason.as_deref()) + optional(end.detail.as_deref());
            self.end + texts + end.reasons.iter().map(reason).sum::<usize>()
        });
        let seldom_new =
            party(from) + party(to) + (self.text)(request_uri) + optional(account.as_deref()) + sip;
        let often_new = optional(sdp.local.as_deref())
            + labels.iter().map(label).sum::<usize>()
            + optional(claim.as_ref().map(|claim| &*claim.owner))
            + end;
        let told_once = match extent {
            Extent::Whole => headers.iter().map(header).sum::<usize>() + remote(),
            Extent::Changes { remote_sdp: true } => remote(),
            Extent::Changes { remote_sdp: false } => 0,
        };
        self.call + seldom_new + often_new + told_once
    }

    fn detail(&self, event: &Event) -> usize {
        match &event.detail {
            None => 0,
            Some(Detail::Dtmf(dtmf)) => (self.text)(&dtmf.digits),
            Some(Detail::Info(info) | Detail::Message(info)) => {
                (self.text)(&info.body) + info.content_type.as_ref().map_or(0, |text| (self.text)(text))
            }
            Some(Detail::Release(release)) => (self.text)(&release.owner),
        }
    }
}

#[cfg(test)]
mod tests;

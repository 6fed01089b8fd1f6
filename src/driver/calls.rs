//! Calls in the log, for operators: one line when a call begins and one when it ends, without anybody's number; with the
//! numbers, and every event between, for those who ask for `debug`.

use tracing::{debug, info};

use crate::agent::event::EventKind;
use crate::agent::{Call, Event, News};

/// Says what is new.
pub(super) fn say<'a>(news: impl Iterator<Item = &'a News>) {
    for news in news {
        if let News::Call(event) = news {
            say_event(event);
        }
    }
}

fn say_event(event: &Event) {
    let (kind, call) = (event.kind, &*event.call);
    let (id, sip) = (call.id, &*call.sip);
    match kind {
        EventKind::Offered | EventKind::Dialing | EventKind::Recovered => {
            let (account, did) = (call.account.as_deref(), words(kind));
            info!(call = %id, sip_call_id = %sip.call_id, transport = sip.transport, peer = %sip.peer, account, "{did}");
        }
        EventKind::Ended => say_end(call),
        _ => {}
    }
    let (from, to) = (&call.from.uri, &call.to.uri);
    debug!(call = %id, sip_call_id = %sip.call_id, %from, %to, version = call.version, "{}", kind.name());
}

fn say_end(call: &Call) {
    let Some(end) = &call.end else { return };
    let seconds = |from: Option<i64>| call.ended_at.zip(from).map(|(to, from)| (to.0 - from) as f64 / 1e6);
    let (lasted, talked) =
        (seconds(Some(call.created_at.0)), seconds(call.established_at.map(|established| established.0)));
    let (cause, by, status) = (end.cause.name(), end.by.name(), end.sip_status);
    info!(
        call = %call.id, sip_call_id = %call.sip.call_id, cause, by, status, lasted, talked,
        "call ended"
    );
}

fn words(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Offered => "call offered",
        EventKind::Dialing => "call dialing",
        _ => "call recovered",
    }
}

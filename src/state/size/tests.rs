use std::sync::Arc;

use super::*;
use crate::agent::event::{
    Account, CallState, Claim, Direction, End, EndBy, EndCause, EventKind, Hold, Info, RegistrationFailure,
    RegistrationState, Sdp, SipFacts, actions_of,
};
use crate::agent::{CallId, Timestamp};
use crate::state::frame::Press;
use crate::state::tests::settings;
use crate::state::{Frame, Settings};

const NOW: Timestamp = Timestamp(1_795_713_835_000_000);

/// A call of which every text is this one.
fn call(text: &str) -> Call {
    let shared = || text.to_owned().into();
    let party = || Arc::new(Party { uri: shared(), display_name: Some(shared()) });
    let reason = || Reason { protocol: text.to_owned(), cause: Some(16), text: Some(text.to_owned()) };
    let end = End {
        cause: EndCause::Hangup,
        by: EndBy::Remote,
        sip_status: None,
        reason: Some(shared()),
        reasons: vec![reason(), reason()],
        detail: Some(text.to_owned()),
    };
    let sip = SipFacts {
        call_id: shared(),
        local_tag: shared(),
        remote_tag: Some(shared()),
        transport: "tcp",
        peer: shared(),
    };
    Call {
        id: CallId::new(1, 0),
        direction: Direction::Inbound,
        state: CallState::Ended,
        version: 5,
        from: party(),
        to: party(),
        request_uri: shared(),
        account: Some(shared()),
        headers: (0..20).map(|_| HeaderField { name: shared(), value: shared() }).collect(),
        sdp: Sdp { remote: Some(shared()), local: Some(shared()) },
        sip: Arc::new(sip),
        labels: Arc::new([(text.to_owned(), text.to_owned())].into()),
        hold: Hold::None,
        claim: Some(Claim { owner: text.to_owned(), fence: 1, expires_at: NOW }),
        created_at: NOW,
        ringing_at: Some(NOW),
        accepted_at: Some(NOW),
        established_at: Some(NOW),
        ended_at: Some(NOW),
        end: Some(Arc::new(end)),
        actions: actions_of(Direction::Inbound, CallState::Ended),
    }
}

fn account(text: &str) -> AccountEvent {
    let shared = || text.to_owned().into();
    let account = Account {
        id: shared(),
        aor: shared(),
        registrar: shared(),
        outbound_proxy: Some(shared()),
        state: RegistrationState::Failed,
        contact: Some(shared()),
        transport: Some("tcp"),
        peer: Some(shared()),
        registered_at: Some(NOW),
        expires_at: Some(NOW),
        next_attempt_at: Some(NOW),
        failure: Some(RegistrationFailure { sip_status: Some(403), detail: text.to_owned() }),
    };
    AccountEvent { time: NOW, account: Arc::new(account) }
}

fn told(text: &str) -> Vec<Told> {
    let shared = || text.to_owned().into();
    let info = Detail::Info(Info { content_type: Some(shared()), body: shared() });
    let event = |kind, renegotiated, detail| {
        Told::from(Event { kind, time: NOW, call: Arc::new(call(text)), renegotiated, detail })
    };
    vec![
        event(EventKind::Offered, false, None),
        event(EventKind::Ringing, false, None),
        event(EventKind::Updated, true, None),
        event(EventKind::Info, false, Some(info)),
        Told::from(account(text)),
        Told::Draining(NOW),
    ]
}

#[test]
fn an_event_is_counted_for_about_as_much_as_it_takes_whichever_text_is_long_and_whatever_is_in_it() {
    let mut press = Press::new(&Settings { epochs: "7f3a".into(), ..settings() });
    for text in ["", "sip:1001@pbx.example.com", "\u{1}", "\r\n\"\\", "é"]
        .map(|text| text.repeat(200))
        .iter()
        .chain(&["x".to_owned()])
    {
        for told in told(text) {
            let counted = encoded(&told);
            let taken = Frame::from(press.number(told, false)).sse().len();
            // Line ends count for more than they take.
            let most = if text.contains('\n') { taken * 3 } else { taken * 5 / 4 };
            assert!(counted * 5 > taken * 4 && counted < most, "{counted} bytes for {taken}");
        }
    }
}

#[test]
fn a_call_counts_with_every_text_that_it_holds() {
    let (empty, long) = (of_call(&call("")), of_call(&call(&"x".repeat(1000))));
    // Four of the parties, the Request-URI, the account, forty of the headers, two descriptions, four of SIP, two of the label, the
    // claim's, six of the end.
    assert_eq!(long - empty, 61_000);
}

//! Examples for the document. Answers are real values, written by the code that writes real answers.

mod accounts;
mod diagnostics;
mod problems;
mod stream;
mod timeline;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::example::{Example, ExampleBuilder};

use crate::agent::event::{
    ActionName, Actions, Call, CallState, Claim, Direction, End, EndBy, EndCause, HeaderField, Hold, Party,
    Sdp, SipFacts,
};
use crate::agent::{CallId, Timestamp};
use crate::http::calls::CallPage;
use crate::http::letters::Heard;
use crate::http::records::{self, Record, RecordPage};
use crate::state::EventId;

pub use accounts::{account_list, accounts, failed, registered};
pub use diagnostics::{METRICS, diagnostics};
pub use problems::{no_such_account, no_such_webhook, peer_refused, problem, registrar_silent};
pub use stream::stream;
pub use timeline::timeline;
pub use webhooks::{added_webhook, dead_letters, redelivering, webhook, webhook_list};

/// 2026-11-22 10:15:30 UTC.
const START: i64 = 1_795_342_530_000_125;
/// The offer of the example calls.
pub const OFFER: &str = "v=0\r\no=FreeSWITCH 1718762975 1718762976 IN IP4 10.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 10.0.0.1\r\n\
                     t=0 0\r\nm=audio 16776 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
/// An answer to the offer of the example calls.
pub const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 21000 RTP/AVP 8 101\r\n\
                      a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
/// The offer of a call that we place.
pub const OFFER_OF_OURS: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 21000 RTP/AVP 8 101\r\n\
                             a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
const UNANSWERED: &[ActionName] =
    &[ActionName::Ring, ActionName::Accept, ActionName::Reject, ActionName::Cancel, ActionName::Hangup];

fn after(seconds: i64) -> Timestamp {
    Timestamp(START + seconds * 1_000_000)
}

fn offered() -> Call {
    let party = |uri: &'static str, name: Option<&'static str>| {
        Arc::new(Party { uri: uri.into(), display_name: name.map(Into::into) })
    };
    let header =
        |name: &'static str, value: &'static str| HeaderField { name: name.into(), value: value.into() };
    let to = "sip:1000@10.0.0.1:10000;transport=tcp";
    Call {
        id: CallId::new(after(0).milliseconds(), 0x4711_0815),
        direction: Direction::Inbound,
        state: CallState::Offered,
        version: 1,
        from: party("sip:1001@172.17.0.1", Some("Extension 1001")),
        to: party(to, None),
        request_uri: to.into(),
        account: None,
        headers: [header("X-voice_call_number", "18300000000"), header("X-empolyee_id", "1001")].into(),
        sdp: Sdp { remote: Some(OFFER.into()), local: None },
        sip: Arc::new(SipFacts {
            call_id: "e040d830-a8aa-123d-0a8e-11111111111b".into(),
            local_tag: "ec6c9cb5b93df28e".into(),
            remote_tag: Some("Q79QQcg41UBpe".into()),
            transport: "tcp",
            peer: "10.0.0.1:5060".into(),
        }),
        labels: Arc::default(),
        hold: Hold::None,
        claim: None,
        created_at: after(0),
        ringing_at: None,
        accepted_at: None,
        established_at: None,
        ended_at: None,
        end: None,
        actions: Actions(UNANSWERED),
    }
}

/// A call that was placed just now.
pub fn dialing() -> Call {
    let party = |uri: &'static str| Arc::new(Party { uri: uri.into(), display_name: None });
    let header = HeaderField { name: "X-CRM-Ticket".into(), value: "4711".into() };
    Call {
        direction: Direction::Outbound,
        state: CallState::Dialing,
        from: party("sip:1000@pbx.example.com"),
        to: party("sip:1001@pbx.example.com"),
        request_uri: "sip:1001@pbx.example.com".into(),
        account: Some("1000".into()),
        headers: [header].into(),
        sdp: Sdp::default(),
        sip: Arc::new(SipFacts {
            call_id: "0fa1c5b2e8d94a37".into(),
            local_tag: "5d7c0e91b2f4a368".into(),
            remote_tag: None,
            transport: "tcp",
            peer: "10.0.0.1:5060".into(),
        }),
        labels: Arc::new(BTreeMap::from([("ticket".to_owned(), "4711".to_owned())])),
        actions: Actions(&[ActionName::Cancel, ActionName::Hangup]),
        ..offered()
    }
}

/// A call that rings.
pub fn ringing() -> Call {
    let labels = Arc::new(BTreeMap::from([("ticket".to_owned(), "4711".to_owned())]));
    Call { state: CallState::Ringing, version: 2, ringing_at: Some(after(1)), labels, ..offered() }
}

/// A call whose ACK is here.
pub fn established() -> Call {
    Call {
        state: CallState::Established,
        version: 4,
        sdp: Sdp { local: Some(ANSWER.into()), ..offered().sdp },
        accepted_at: Some(after(5)),
        established_at: Some(after(5)),
        actions: Actions(&[ActionName::Hangup, ActionName::Dtmf, ActionName::Info, ActionName::Message]),
        ..ringing()
    }
}

/// The same, whose peer has taken what it was sent.
pub fn heard() -> Heard {
    Heard { call: Arc::new(established()), sip_status: 200 }
}

fn ended(from: Call, cause: EndCause, by: EndBy, sip_status: Option<u16>) -> Call {
    let end = End { cause, by, sip_status, reason: None, reasons: Vec::new(), detail: None };
    Call {
        state: CallState::Ended,
        version: from.version + 1,
        ended_at: Some(after(9)),
        end: Some(Arc::new(end)),
        actions: Actions(&[]),
        ..from
    }
}

/// A call that was answered 486.
pub fn rejected() -> Call {
    ended(ringing(), EndCause::Rejected, EndBy::Api, Some(486))
}

/// A call that was answered 487.
pub fn cancelled() -> Call {
    ended(ringing(), EndCause::Cancelled, EndBy::Api, Some(487))
}

/// A call that was ended by our BYE.
pub fn hung_up() -> Call {
    ended(established(), EndCause::Hangup, EndBy::Api, None)
}

/// A call that somebody has the lease on.
pub fn claimed() -> Call {
    let claim = Claim { owner: "crm-7".to_owned(), fence: 1, expires_at: after(66) };
    Call { version: 5, claim: Some(claim), ..established() }
}

/// Calls in several states, by name.
pub fn calls() -> [(&'static str, Call); 7] {
    [
        ("call-claimed", claimed()),
        ("call-dialing", dialing()),
        ("call-ringing", ringing()),
        ("call-established", established()),
        ("call-rejected", rejected()),
        ("call-cancelled", cancelled()),
        ("call-hung-up", hung_up()),
    ]
}

/// A listing of one call.
pub fn page() -> CallPage {
    let last_event_id = EventId { epoch: "7f3a".into(), sequence: 184_223 };
    CallPage { calls: vec![Arc::new(ringing())], next_cursor: None, last_event_id }
}

/// A page of records.
pub fn records() -> RecordPage {
    RecordPage { records: [hung_up(), cancelled()].iter().map(Record::of).collect(), next_cursor: None }
}

/// The same as CSV.
pub fn records_csv() -> String {
    records::csv(&records().records)
}

/// A value as an example with its summary.
pub fn shown(summary: &str, value: impl Serialize) -> RefOr<Example> {
    ExampleBuilder::new().summary(summary).value(super::json(value)).build().into()
}

//! Examples for the document. Answers are real values, written by the code that writes real answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use futures_util::FutureExt;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::example::{Example, ExampleBuilder};

use crate::agent::command::Ring;
use crate::agent::event::{
    Account, ActionName, Call, CallState, Direction, End, EndBy, EndCause, Event, EventKind, HeaderField,
    Hold, Party, RegistrationFailure, RegistrationState, Sdp, SipFacts,
};
use crate::agent::{CallId, Refusal, Timestamp};
use crate::http::calls::CallPage;
use crate::http::{Code, Problem};
use crate::http::{auth, body, error, etag, refusal};
use crate::state::{After, Board, EventId, Filter, Settings};

/// 2026-11-22 10:15:30 UTC.
const START: i64 = 1_795_342_530_000_125;
/// The offer of the example calls.
pub const OFFER: &str = "v=0\r\no=FreeSWITCH 1718762975 1718762976 IN IP4 10.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 10.0.0.1\r\n\
                     t=0 0\r\nm=audio 16776 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
/// An answer to the offer of the example calls.
pub const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 21000 RTP/AVP 8 101\r\n\
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
        actions: UNANSWERED,
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
        actions: &[ActionName::Hangup],
        ..ringing()
    }
}

fn ended(from: Call, cause: EndCause, by: EndBy, sip_status: Option<u16>) -> Call {
    let end = End { cause, by, sip_status, reason: None, reasons: Vec::new() };
    Call {
        state: CallState::Ended,
        version: from.version + 1,
        ended_at: Some(after(9)),
        end: Some(Arc::new(end)),
        actions: &[],
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

/// Calls in several states, by name.
pub fn calls() -> [(&'static str, Call); 5] {
    [
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

/// A stream as server-sent events, and some of its lines by their types.
pub fn stream() -> (String, BTreeMap<String, Value>) {
    let board =
        Board::new(Settings { node: "agent-1".to_owned(), epoch: "7f3a".to_owned(), ..Settings::default() });
    let gone = After::Event(EventId { epoch: "7f39".into(), sequence: 7 });
    let mut readers = [
        board.follow(&gone, Filter::default(), after(0)),
        board.follow(&After::Now, Filter::default(), after(0)),
    ];
    let event = |kind, time, call| Event {
        kind,
        time: after(time),
        call: Arc::new(call),
        renegotiated: false,
        detail: None,
    };
    board.publish(vec![
        event(EventKind::Offered, 0, offered()),
        event(EventKind::Ringing, 1, ringing()),
        event(EventKind::Ended, 9, cancelled()),
    ]);
    board.drain(after(20));
    let frames = readers.iter_mut().filter_map(|reader| reader.next().now_or_never().flatten()).flatten();
    let mut events = String::new();
    let mut lines = BTreeMap::new();
    for frame in frames {
        let line: Value = serde_json::from_slice(&frame.line()).unwrap_or_default();
        lines.insert(line.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(), line);
        events.push_str(&String::from_utf8_lossy(&frame.sse()));
    }
    (events, lines)
}

/// An account whose registration was refused.
pub fn account() -> Account {
    Account {
        id: "1000".into(),
        aor: "sip:1000@pbx.example.com".into(),
        registrar: "sip:pbx.example.com;transport=tcp".into(),
        outbound_proxy: None,
        state: RegistrationState::Failed,
        contact: None,
        transport: Some("tcp"),
        peer: Some("10.0.0.1:5060".into()),
        registered_at: None,
        expires_at: None,
        next_attempt_at: Some(Timestamp(1_763_800_030_000_000)),
        failure: Some(RegistrationFailure { sip_status: Some(403), detail: "403 Forbidden".to_owned() }),
    }
}

/// A problem as a real one of its kind looks: made by the code that makes real ones. What the core says of a field is
/// held against the core by a test.
pub fn problem(code: Code) -> Problem {
    let refused = match code {
        Code::InvalidState => Refusal::InvalidState(Arc::new(established())),
        Code::CallEnded => Refusal::CallEnded(Arc::new(cancelled())),
        Code::NoCommonCodec => {
            Refusal::NoCommonCodec(Arc::new(ended(ringing(), EndCause::Failed, EndBy::System, Some(488))))
        }
        Code::VersionMismatch => Refusal::VersionMismatch(Arc::new(established())),
        Code::InvalidSdp => Refusal::InvalidSdp("not as many media lines as the offer has".to_owned()),
        Code::InvalidHeader => {
            Refusal::InvalidHeader("\"Via\": the agent writes this header itself".to_owned())
        }
        Code::Overloaded => Refusal::Overloaded,
        Code::Draining => Refusal::Draining,
        Code::SipRejected => Refusal::RegistrationRejected(Arc::new(account()), 403),
        Code::AckTimeout => Refusal::AckTimeout(Arc::new(Call {
            state: CallState::Accepted,
            version: 3,
            established_at: None,
            ..established()
        })),
        Code::SipTimeout => Refusal::SipTimeout(Arc::new(hung_up())),
        Code::CallNotFound => Refusal::NotFound,
        Code::InvalidField
        | Code::Malformed
        | Code::Unauthenticated
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::TooLarge
        | Code::UnsupportedMediaType
        | Code::Internal => return of_request(code),
    };
    refusal::problem(refused, offered().id, &Board::new(Settings::default()))
}

/// A problem of a request that does not reach the core.
fn of_request(code: Code) -> Problem {
    match code {
        Code::InvalidField => {
            body::parse::<Ring>(br#"{"stauts": 183}"#).err().unwrap_or_else(error::internal)
        }
        Code::Malformed => etag::no_tag(),
        Code::Unauthenticated => Problem::new(code, auth::NO_KEY),
        Code::NotFound => error::no_resource("/v1/call"),
        Code::MethodNotAllowed => error::wrong_method(&Method::PUT),
        Code::RequestTimeout => body::too_slow(),
        Code::TooLarge => body::too_large(),
        Code::UnsupportedMediaType => body::not_json(),
        _ => error::internal(),
    }
}

/// A value as an example with its summary.
pub fn shown(summary: &str, value: impl Serialize) -> RefOr<Example> {
    ExampleBuilder::new().summary(summary).value(super::json(value)).build().into()
}

//! What can be read is written and read again as the same, answers can be read, and no value becomes more than a value.
#![no_main]

use std::net::SocketAddr;

use bytes::Bytes;
use call_agent::sip::{
    Header, Headers, Message, Name, NameAddr, Request, Response, Unreadable, Uri, Via, Writer, parse_datagram,
};
use libfuzzer_sys::fuzz_target;

/// How many headers a message may have.
const MOST_HEADERS: usize = 256;

fuzz_target!(|data: &[u8]| {
    match read(data) {
        Ok(Message::Request(request)) => {
            answer(&request.headers, 200, None, true);
            again(&request);
            stamped(*request);
        }
        Ok(Message::Response(response)) => again_response(&response),
        Err(Unreadable::Answerable { status, phrase, headers, .. }) => {
            assert!(phrase.len() < 100 && phrase.bytes().all(|byte| (b' '..0x7f).contains(&byte)));
            answer(&headers, status, Some(&phrase), false);
        }
        Err(Unreadable::Dropped { .. }) => {}
    }
    value(data);
});

fn read(data: &[u8]) -> Result<Message, Unreadable> {
    parse_datagram(Bytes::copy_from_slice(data))
}

/// The answer has what was copied and no more; to a good request it is a good response.
fn answer(headers: &Headers, status: u16, phrase: Option<&str>, is_good: bool) {
    let written = Writer::response(status, phrase).copied(headers, Some("tag")).finish();
    let count = |name| headers.all(name).count();
    let once = [Name::From, Name::To, Name::CallId, Name::CSeq].map(|name| count(name).min(1));
    let copied = count(Name::Via) + once.iter().sum::<usize>();
    assert_eq!(lines(&written), copied + 2, "a status line, what was copied, and the length");
    if is_good && copied < MOST_HEADERS {
        let Ok(Message::Response(response)) = read(&written) else { panic!("{written:?}") };
        assert_eq!((response.status, response.headers.iter().count()), (status, copied + 1));
    }
}

/// How many lines a message without a body has.
fn lines(written: &[u8]) -> usize {
    let text = written.strip_suffix(b"\r\n\r\n").expect("an empty line at the end");
    assert!(!text.windows(4).any(|four| four == b"\r\n\r\n"), "one empty line alone");
    let line_feeds = text.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(text.iter().filter(|byte| **byte == b'\r').count(), line_feeds);
    line_feeds + 1
}

/// A request written with its own headers is the same request.
fn again(request: &Request) {
    let Some(known) = request.method.known() else { return };
    let Some((first, second)) = rewritten(Writer::request(known, &request.uri), &request.headers) else {
        return;
    };
    let Ok(Message::Request(second)) = second else { panic!("{request:?} was written as {second:?}") };
    assert_eq!((&second.method, &second.uri, second.cseq), (&request.method, &request.uri, request.cseq));
    assert_eq!(second.max_forwards, request.max_forwards);
    assert_eq!(address(&second.from), address(&request.from));
    assert_eq!(address(&second.to), address(&request.to));
    assert_eq!(second.contact.as_ref().map(address), request.contact.as_ref().map(address));
    assert_eq!(format!("{:?}", second.via), format!("{:?}", request.via));
    assert_eq!(fields(&second.headers), first);
}

fn again_response(response: &Response) {
    let writer = Writer::response(response.status, Some(&response.reason_phrase));
    let Some((first, second)) = rewritten(writer, &response.headers) else { return };
    let Ok(Message::Response(second)) = second else { panic!("{response:?} was written as {second:?}") };
    assert_eq!((second.status, &second.cseq), (response.status, &response.cseq));
    assert_eq!(address(&second.from), address(&response.from));
    assert_eq!(address(&second.to), address(&response.to));
    assert_eq!(fields(&second.headers), first);
}

/// The headers as they were read, and what is read when they are written anew. What is written as something else is left
/// out: a NUL in a quoted string becomes a space.
fn rewritten(mut writer: Writer, headers: &Headers) -> Option<(Vec<Field>, Result<Message, Unreadable>)> {
    let kept = headers.iter().filter(|header| header.name != Name::ContentLength);
    if kept.clone().count() >= MOST_HEADERS || kept.clone().any(|header| header.value.contains(&0)) {
        return None;
    }
    for header in kept.clone() {
        writer = writer.header(header.raw_name(), header.value);
    }
    let mut first: Vec<_> = kept.map(field).collect();
    first.push(("Content-Length".to_owned(), b"0".to_vec()));
    Some((first, read(&writer.finish())))
}

type Field = (String, Vec<u8>);

fn fields(headers: &Headers) -> Vec<Field> {
    headers.iter().map(field).collect()
}

fn field(header: Header<'_>) -> Field {
    (header.raw_name().to_owned(), header.value.to_vec())
}

fn address(address: &NameAddr) -> String {
    format!("{address:?}")
}

/// What is written into the topmost Via leaves a good message.
fn stamped(mut request: Request) {
    let peer: SocketAddr = "[2001:db8::1]:5060".parse().expect("an address");
    request.stamp(peer);
    let via = request.headers.first(Name::Via).expect("a Via");
    let via = Via::parse(&via.kept()).expect("a Via that can be read");
    assert_eq!(
        (&via.host, via.port, &via.branch),
        (&request.via.host, request.via.port, &request.via.branch)
    );
    if request.via.rport {
        assert_eq!(via.seen_port, Some(peer.port()));
    }
    answer(&request.headers, 200, None, true);
}

/// Bytes that stand anywhere a client or a peer can put some.
fn value(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let written = Writer::response(200, Some(&text))
        .header("X-Value", data)
        .header(&text, "1")
        .header("X-Behind", "1")
        .finish();
    assert_eq!(lines(&written), 5, "{written:?}");
    let _ = Via::parse(&Bytes::copy_from_slice(data));
    let _ = NameAddr::parse(&Bytes::copy_from_slice(data));
    if let Ok(uri) = Uri::parse(text.as_ref().into()) {
        assert!(uri.is_same(&uri));
        let written = Writer::request(call_agent::sip::Known::Options, &uri).finish();
        assert_eq!(lines(&written), 2, "{written:?}");
    }
}

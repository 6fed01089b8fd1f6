//! What a peer says, in text.

use call_agent::sip::{Known, Message, Request, Writer};

use crate::program::Ask;

const METHODS: [&str; 12] = [
    "INVITE", "ACK", "BYE", "CANCEL", "INFO", "UPDATE", "OPTIONS", "PRACK", "REFER", "MESSAGE", "REGISTER",
    "FOO",
];

const BODIES: [(&str, &str); 8] = [
    ("", ""),
    (
        "application/sdp",
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
         m=audio 16776 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n",
    ),
    (
        "application/sdp",
        "v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
         m=audio 16776 RTP/AVP 8\r\na=sendonly\r\n",
    ),
    (
        "application/sdp",
        "v=0\r\no=- 1 3 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\n\
         m=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n",
    ),
    ("application/sdp", "v=0\r\n"),
    ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
    ("application/isup", "\u{1}\u{2}"),
    ("text/plain", "so long"),
];

const EXTRAS: [&str; 16] = [
    "",
    "Require: 100rel\r\n",
    "Require: timer\r\nSession-Expires: 90;refresher=uas\r\n",
    "Supported: timer, 100rel, replaces\r\nSession-Expires: 1800\r\nMin-SE: 90\r\n",
    "Expires: 3\r\n",
    "Expires: 0\r\n",
    "Max-Forwards: 0\r\n",
    "Reason: SIP;cause=487;text=\"ORIGINATOR_CANCEL\"\r\n",
    "Record-Route: <sip:edge.example.com;lr>, <sip:10.0.0.2;transport=udp>\r\n",
    "Accept: text/plain\r\n",
    "Contact: <tel:+1555>\r\n",
    "Contact: <sip:elsewhere.example.com;transport=tcp>;expires=60\r\nContact: <sip:b@10.0.0.9>\r\n",
    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nProxy-Authenticate: Digest realm=\"p\", nonce=\"m\"\r\n",
    "Retry-After: 7\r\nMin-Expires: 600\r\nExpires: 600\r\n",
    "RSeq: 1\r\nRequire: 100rel\r\n",
    "X-Busy: 1001\r\n",
];

const STATUSES: [u16; 24] = [
    100, 180, 183, 199, 200, 200, 202, 300, 302, 401, 403, 404, 407, 408, 422, 423, 480, 481, 487, 491, 500,
    503, 600, 699,
];

pub fn body(number: u8) -> (&'static str, &'static str) {
    BODIES[usize::from(number) % BODIES.len()]
}

/// A session description that a client gives, or none.
pub fn description(number: u8) -> Option<String> {
    Some(body(number)).filter(|(kind, _)| *kind == "application/sdp").map(|(_, text)| text.to_owned())
}

/// What a peer knows of the dialog that a request is for.
pub struct Dialog<'a> {
    pub transport: &'a str,
    /// Tags of ours that it has heard of in this call.
    pub tags: &'a [String],
    /// The CSeq and the branch of its last INVITE.
    pub invite: (u32, String),
    /// The last CSeq that it has used.
    pub cseq: u32,
    /// Makes branches that are new.
    pub fresh: u64,
}

/// The text of a request, its CSeq and its branch.
pub fn request(ask: &Ask, known: &Dialog<'_>) -> (String, &'static str, u32, String) {
    let method = METHODS[usize::from(ask.method) % METHODS.len()];
    let belongs = matches!(method, "ACK" | "CANCEL");
    let cseq = match ask.cseq % 8 {
        0 => known.cseq,
        1 => known.cseq.saturating_sub(1),
        2 => 0x7fff_ffff,
        _ if belongs => known.invite.0,
        _ => known.cseq.saturating_add(1).min(0x7fff_ffff),
    };
    let branch = match ask.branch % 8 {
        0 => "z9hG4bKsame".to_owned(),
        1 => String::new(),
        2 => known.invite.1.clone(),
        _ if belongs && !(method == "ACK" && ask.branch % 2 == 0) => known.invite.1.clone(),
        _ => format!("z9hG4bK{}", known.fresh),
    };
    let to_tag = match ask.to_tag % 4 {
        0 if method != "INVITE" => ";tag=wrong".to_owned(),
        1 | 2 => tag_of(known.tags, ask.to_tag / 4),
        _ => String::new(),
    };
    let call = ask.call % 4;
    let (kind, body) = body(ask.body);
    let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    let extra = EXTRAS[usize::from(ask.extra) % EXTRAS.len()];
    let contact = if extra.contains("Contact") { "" } else { "Contact: <sip:1001@10.0.0.1:5060>\r\n" };
    let forwards = if extra.contains("Max-Forwards") { "" } else { "Max-Forwards: 70\r\n" };
    let transport = known.transport;
    let text = format!(
        "{method} sip:1000@192.0.2.7 SIP/2.0\r\n\
         Via: SIP/2.0/{transport} 10.0.0.1:5060;rport;branch={branch}\r\n\
         From: \"Extension 1001\" <sip:1001@10.0.0.1>;tag=phone-{call}\r\n\
         To: <sip:1000@192.0.2.7>{to_tag}\r\n\
         Call-ID: call-{call}\r\n\
         CSeq: {cseq} {method}\r\n\
         {contact}{forwards}{extra}{kind}Content-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    (text, method, cseq, branch)
}

fn tag_of(tags: &[String], number: u8) -> String {
    match tags.len() {
        0 => String::new(),
        count => format!(";tag={}", tags[usize::from(number) % count]),
    }
}

/// The text of a response to a request of the agent.
pub fn response(request: &Request, (status, tag, number, extra): (u8, u8, u8, u8)) -> String {
    let status = STATUSES[usize::from(status) % STATUSES.len()];
    let tag = format!("callee-{}", tag % 3);
    let mut writer = Writer::response(status, None).copied(&request.headers, (status > 100).then_some(&*tag));
    let extra = EXTRAS[usize::from(extra) % EXTRAS.len()];
    for line in extra.lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        writer = writer.header(name, value);
    }
    if request.method.known() == Some(Known::Register) && status == 200 {
        for contact in request.headers.items(call_agent::sip::Name::Contact) {
            writer = writer.header("Contact", contact.as_bytes());
        }
    } else if !extra.contains("Contact") {
        writer = writer.header("Contact", "<sip:1001@10.0.0.1:5060>");
    }
    let written = match body(number) {
        ("", _) => writer.finish(),
        (kind, text) => writer.finish_with(kind, text.as_bytes()),
    };
    String::from_utf8_lossy(&written).into_owned()
}

/// The Call-ID and the To tag of a response of ours.
pub fn told(message: &Message) -> Option<(String, String)> {
    let Message::Response(response) = message else { return None };
    Some((response.call_id.to_string(), response.to.tag()?.to_string()))
}

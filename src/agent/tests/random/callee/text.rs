//! What a callee says, as it stands on the wire.

use bytes::Bytes;

use super::Callee;
use crate::sip::Writer;

impl Callee {
    pub(super) fn response(&self, phone: usize, status: u16, body: &str) -> Bytes {
        let tag = format!("phone-{phone}");
        let writer =
            Writer::response(status, None).copied(&self.invite.headers, (status > 100).then_some(&tag));
        let writer = writer.header("Contact", "<sip:1001@10.0.0.1:5060>");
        if body.is_empty() { writer.finish() } else { writer.finish_with("application/sdp", body.as_bytes()) }
    }

    pub(super) fn text(&self, method: &str, cseq: u32, branch_of: &str, body: &str) -> Bytes {
        let Self { invite, call_id, .. } = self;
        let value = |name: &str| invite.headers.named(name).map(|header| header.text()).unwrap_or_default();
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:call-agent@192.0.2.7 SIP/2.0\r\n\
             Via: SIP/2.0/{} 10.0.0.1:5060;branch=z9hG4bK-{call_id}-{cseq}-{branch_of}\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=phone-0\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:1001@10.0.0.1:5060>\r\n{content}Content-Length: {}\r\n\r\n{body}",
            invite.via.transport,
            value("To"),
            value("From"),
            body.len()
        )
        .into()
    }
}

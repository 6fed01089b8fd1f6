//! What an INVITE of ours says beside what every request does, the same however often it is sent.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use bytestring::ByteString;

use super::order::{NOBODY, Order};
use crate::agent::command::NewHeader;
use crate::agent::contact::Contact;
use crate::agent::stack::Stack;
use crate::agent::{Flow, Hop, respond};
use crate::sip::{Uri, Writer, sdp};

/// Contact, capabilities, the client's headers, and the offer.
#[derive(Debug)]
pub struct Invitation {
    contact: Contact,
    headers: Vec<NewHeader>,
    /// `None`: generated for the connection that it is first sent by.
    offer: Option<ByteString>,
    /// Of the generated offer.
    session_id: u64,
    /// Where it is to go first.
    sought: Option<Hop>,
}

impl Invitation {
    /// That of an order, by these routes.
    pub fn new(stack: &Stack, order: &Order, routes: &[Uri], sought: Option<Hop>) -> Self {
        let is_secure = order.uri.is_sips() || routes.first().is_some_and(Uri::is_sips);
        let user = order.from.uri.user().unwrap_or(NOBODY).to_owned();
        let contact = Contact { account: order.account, user, is_secure };
        let session_id = stack.fx.now.wall.milliseconds();
        let generated = || stack.settings.media.map(|(address, _)| generated(stack, session_id, address));
        let offer = order.offer.clone().or_else(generated);
        Self { contact, headers: order.headers.clone(), offer, session_id, sought }
    }

    /// Who we are in its Contact.
    pub fn contact(&self) -> &Contact {
        &self.contact
    }

    /// The offer, if no connection has to be known for it.
    pub fn offer(&self) -> Option<&ByteString> {
        self.offer.as_ref()
    }

    /// Where it is to go first.
    pub fn sought(&self) -> Option<&Hop> {
        self.sought.as_ref()
    }

    /// Ends an INVITE that goes by this flow.
    pub fn fill(&self, stack: &Stack, flow: &Flow, writer: Writer) -> Bytes {
        let writer = respond::capabilities(writer.header("Contact", self.contact.at(stack, flow)));
        respond::with_body(respond::with_headers(writer, &self.headers), Some(&self.offer_by(stack, flow)))
    }

    /// The Contact and the offer that went by this flow; the offer stays as it is from here on.
    pub fn settle(&mut self, stack: &Stack, flow: &Flow) -> (String, ByteString) {
        let offer = self.offer_by(stack, flow);
        self.offer = Some(offer.clone());
        (self.contact.at(stack, flow), offer)
    }

    fn offer_by(&self, stack: &Stack, flow: &Flow) -> ByteString {
        self.offer.clone().unwrap_or_else(|| generated(stack, self.session_id, flow.local.ip()))
    }
}

fn generated(stack: &Stack, session_id: u64, fallback: IpAddr) -> ByteString {
    let codecs = Cow::Borrowed(&stack.settings.codecs[..]);
    let media = stack.settings.media;
    sdp::offer(&sdp::Local { media, fallback, codecs, session_id, version: session_id }).into()
}

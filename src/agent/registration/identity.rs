//! What the REGISTERs of an account have in common (RFC 3261 §10.2).

use bytes::Bytes;
use bytestring::ByteString;

use crate::agent::account_link::AccountLink;
use crate::agent::contact::{bracketed, contact};
use crate::agent::event::{Account, RegistrationState};
use crate::agent::network::{Flow, Hop};
use crate::agent::request::Head;
use crate::agent::respond::ALLOW;
use crate::agent::settings::{AccountNumber, AccountSettings};
use crate::agent::stack::{Stack, transport_word};
use crate::sip::digest::Credentials;
use crate::sip::{Uri, Writer};

/// Who registers where, for the life of the agent: Call-ID and From tag stay (§10.2).
#[derive(Debug)]
pub struct Identity {
    pub number: AccountNumber,
    pub credentials: Option<Credentials>,
    /// Where REGISTER goes.
    pub hop: Hop,
    proxy: Option<Uri>,
    settings: AccountSettings,
    /// The Request-URI.
    uri: Uri,
    call_id: ByteString,
    tag: ByteString,
}

/// What a REGISTER asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Bind the Contact of the connection it goes by, for so many seconds; unbind all others of ours.
    Bind(u32),
    /// Unbind all of ours.
    Unbind,
}

impl Identity {
    pub fn new(stack: &mut Stack, number: AccountNumber, settings: AccountSettings) -> Self {
        let AccountLink { hop, proxy, .. } = AccountLink::new(&settings);
        Self {
            number,
            credentials: settings.credentials.clone(),
            hop,
            proxy,
            uri: without_user(&settings.registrar),
            call_id: stack.ids.tag(),
            tag: stack.ids.tag(),
            settings,
        }
    }

    /// How long is asked for, seconds.
    pub fn expires(&self) -> u32 {
        u32::try_from(self.settings.expires.as_secs()).unwrap_or(u32::MAX)
    }

    /// The head of one REGISTER.
    pub fn head(&self, cseq: u32) -> Head {
        let aor = self.aor();
        Head {
            uri: self.uri.clone(),
            routes: self.proxy.iter().map(|proxy| format!("<{}>", proxy.as_str())).collect(),
            from: format!("<{aor}>;tag={}", self.tag).into(),
            to: format!("<{aor}>").into(),
            call_id: self.call_id.clone(),
            cseq,
        }
    }

    /// Our Contact on a connection, in angle brackets (§8.1.1.8): where the registrar can send calls without a new one.
    pub fn contact(&self, stack: &Stack, flow: &Flow) -> String {
        let is_secure = self.uri.is_sips() || self.proxy.as_ref().is_some_and(Uri::is_sips);
        let scheme = if is_secure { "sips" } else { "sip" };
        contact(scheme, &self.settings.user, &stack.bound(flow), flow.transport)
    }

    /// What comes behind the head: the new binding first, as there are registrars that read no further.
    pub fn fill(
        &self,
        (purpose, ours): (Purpose, &[String]),
        stack: &Stack,
        flow: &Flow,
        mut writer: Writer,
    ) -> Bytes {
        let mut gone: Vec<&String> = ours.iter().collect();
        let expires = match purpose {
            Purpose::Unbind => 0,
            Purpose::Bind(seconds) => {
                let contact = self.contact(stack, flow);
                gone.retain(|other| **other != contact);
                writer = writer.header("Contact", format!("{contact};expires={seconds}"));
                seconds
            }
        };
        for contact in gone {
            writer = writer.header("Contact", format!("{contact};expires=0"));
        }
        writer
            .header("Expires", expires.to_string())
            .header("Supported", "path")
            .header("Allow", ALLOW)
            .finish()
    }

    /// The account before anything was sent.
    pub fn picture(&self, stack: &Stack) -> Account {
        let AccountSettings { id, registrar, outbound_proxy, .. } = &self.settings;
        Account {
            id: id.clone(),
            aor: self.aor().into(),
            registrar: registrar.text().clone(),
            outbound_proxy: outbound_proxy.as_ref().map(|proxy| proxy.text().clone()),
            state: RegistrationState::Unregistered,
            contact: None,
            transport: None,
            peer: None,
            registered_at: None,
            expires_at: None,
            next_attempt_at: Some(stack.fx.now.wall),
            failure: None,
        }
    }

    fn aor(&self) -> String {
        format!("sip:{}@{}", self.settings.user, bracketed(&self.settings.domain))
    }
}

/// The Request-URI of a REGISTER has no user (§10.2).
fn without_user(registrar: &Uri) -> Uri {
    let scheme = if registrar.is_sips() { "sips" } else { "sip" };
    let host = bracketed(&registrar.host());
    let port = registrar.port().map_or(String::new(), |port| format!(":{port}"));
    let transport = registrar.transport().map(transport_word);
    let transport = transport.map_or(String::new(), |word| format!(";transport={word}"));
    Uri::parse(format!("{scheme}:{host}{port}{transport}").into()).unwrap_or_else(|_| registrar.clone())
}

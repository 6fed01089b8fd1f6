//! What `originate` asks for: read, checked, and filled in from the account and the settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::{Dialog, Picture, whom};
use crate::agent::command::{Labels, NewHeader, Originate};
use crate::agent::contact::bracketed;
use crate::agent::event::{CallState, Direction, HeaderField, Hold, Party, Sdp, SipFacts, actions_of};
use crate::agent::request::Way;
use crate::agent::settings::AccountSettings;
use crate::agent::stack::{Stack, transport_word};
use crate::agent::{AccountNumber, CallId, Hop, Refusal, check};
use crate::sip::{NameAddr, Transport, Uri, quote, sdp};

/// Who calls where no account and no `from` says it.
pub(super) const NOBODY: &str = "call-agent";
/// The host of a From of ours when no setting names one: it is in no one's domain (RFC 2606 §2).
const NOWHERE: &str = "call-agent.invalid";
/// How long a call may be told to wait for an answer, seconds.
const LONGEST: u32 = 86_400;

/// A call to be placed.
#[derive(Debug)]
pub(super) struct Order {
    pub account: Option<AccountNumber>,
    /// Whom to call: the Request-URI.
    pub uri: Uri,
    /// Who calls, without parameters.
    pub from: NameAddr,
    pub headers: Vec<NewHeader>,
    /// The client's own description.
    pub offer: Option<ByteString>,
    pub labels: BTreeMap<String, String>,
    /// How long to wait for an answer.
    pub patience: Duration,
}

impl Order {
    /// Reads the command.
    pub fn read(stack: &Stack, originate: Originate) -> Result<Self, Refusal> {
        let Originate { to, from, account, headers, sdp, labels, timeout_seconds } = originate;
        let from = from.as_deref().map(given_from).transpose()?;
        let (account, by) = account_of(&stack.settings.accounts, account.as_deref(), from.as_ref())?.unzip();
        let uri = whom::uri_of(&to, by)?;
        check::headers(&headers)?;
        if let Some(sdp) = &sdp {
            sdp::check(sdp, None).map_err(|fault| Refusal::InvalidSdp(fault.into()))?;
        }
        let labels = labels.into_iter().map(|(name, value)| (name, Some(value))).collect();
        Ok(Self {
            uri,
            from: match from {
                Some(from) => from,
                None => default_from(stack, by)?,
            },
            account,
            headers: headers.0,
            offer: sdp.map(ByteString::from),
            labels: Labels { labels: Some(labels) }.merge(&BTreeMap::new())?,
            patience: patience(timeout_seconds)?.unwrap_or(stack.settings.ring_timeout),
        })
    }
}

impl Order {
    /// From, as it stands in the header, without its tag.
    pub fn caller(&self) -> String {
        let uri = self.from.uri.as_str();
        match &self.from.display_name {
            Some(name) => format!("{} <{uri}>", quote(name)),
            None => format!("<{uri}>"),
        }
    }

    /// Who makes its offer.
    pub fn source(&self) -> sdp::Source {
        self.offer.as_ref().map_or(sdp::Source::Generated, |offer| sdp::Source::given(offer, None))
    }

    /// The call as it is first shown.
    pub fn picture(
        &self,
        stack: &Stack,
        id: CallId,
        dialog: &Dialog,
        way: &Way,
        local: Option<ByteString>,
    ) -> Picture {
        let (state, direction) = (CallState::Dialing, Direction::Outbound);
        let party = |uri: &Uri, display_name| Arc::new(Party { uri: uri.text().clone(), display_name });
        Picture {
            id,
            direction,
            state,
            version: 1,
            from: party(&self.from.uri, self.from.display_name.clone()),
            to: party(&self.uri, None),
            request_uri: self.uri.text().clone(),
            account: stack.account(self.account).map(|account| account.id.clone()),
            headers: self.headers.iter().map(field_of).collect(),
            sdp: Sdp { remote: None, local },
            sip: Arc::new(facts_of(dialog, way)),
            labels: Arc::new(self.labels.clone()),
            hold: Hold::None,
            claim: None,
            created_at: stack.fx.now.wall,
            ringing_at: None,
            accepted_at: None,
            established_at: None,
            ended_at: None,
            end: None,
            actions: actions_of(direction, state),
        }
    }
}

/// Before a connection is there, the peer is what is being looked for.
fn facts_of(dialog: &Dialog, way: &Way) -> SipFacts {
    let hop = way.hop.as_ref();
    let looked_for = hop.and_then(|hop| hop.transport);
    let transport = way.flow.map(|flow| flow.transport).or(looked_for).unwrap_or(Transport::Udp);
    let place = |hop: &Hop| match hop.port {
        Some(port) => format!("{}:{port}", bracketed(&hop.host)),
        None => hop.host.to_string(),
    };
    let peer = way.flow.map(|flow| flow.peer.to_string()).or(hop.map(place)).unwrap_or_default();
    SipFacts {
        call_id: dialog.call_id.clone(),
        local_tag: dialog.local_tag.clone(),
        remote_tag: None,
        transport: transport_word(transport),
        peer: peer.into(),
    }
}

fn field_of(NewHeader { name, value }: &NewHeader) -> HeaderField {
    HeaderField { name: name.as_str().into(), value: value.as_str().into() }
}

fn patience(seconds: Option<u32>) -> Result<Option<Duration>, Refusal> {
    match seconds {
        Some(seconds) if !(1..=LONGEST).contains(&seconds) => {
            Err(check::field("timeout_seconds", &format!("must be 1–{LONGEST}, not {seconds}")))
        }
        seconds => Ok(seconds.map(u64::from).map(Duration::from_secs)),
    }
}

/// The account that is named; else the one whose address of record `from` is; without `from` the first.
fn account_of<'a>(
    accounts: &'a [AccountSettings],
    named: Option<&str>,
    from: Option<&NameAddr>,
) -> Result<Option<(AccountNumber, &'a AccountSettings)>, Refusal> {
    let mut accounts = accounts.iter().enumerate().map(|(place, account)| (AccountNumber(place), account));
    match (named, from) {
        (Some(id), _) => match accounts.find(|(_, account)| account.id == id) {
            Some(account) => Ok(Some(account)),
            None => Err(check::field("account", "there is no such account")),
        },
        (None, Some(from)) => Ok(accounts.find(|(_, account)| {
            Uri::parse(address_of_record(account).into()).is_ok_and(|aor| aor.is_same(&from.uri))
        })),
        (None, None) => Ok(accounts.next()),
    }
}

fn address_of_record(account: &AccountSettings) -> String {
    format!("sip:{}@{}", account.user, bracketed(&account.domain))
}

/// A URI, or an address with a display name. Parameters behind it would be ours (§20.20).
fn given_from(text: &str) -> Result<NameAddr, Refusal> {
    check::text("from", text)?;
    let invalid = |fault| check::field("from", fault);
    let from = match text.contains('<') {
        true => NameAddr::parse(&Bytes::copy_from_slice(text.as_bytes())).map_err(invalid)?,
        false => nameless(text).map_err(invalid)?,
    };
    if from.has_params() {
        return Err(invalid("must have no parameters behind the address"));
    }
    if from.uri.has_headers() {
        return Err(invalid("must have no headers"));
    }
    Ok(from)
}

fn default_from(stack: &Stack, account: Option<&AccountSettings>) -> Result<NameAddr, Refusal> {
    let from = match account {
        Some(account) => address_of_record(account),
        None => format!("sip:{NOBODY}@{}", stack.own_host().unwrap_or_else(|| NOWHERE.to_owned())),
    };
    nameless(&from).map_err(|fault| check::field("from", fault))
}

fn nameless(uri: &str) -> Result<NameAddr, &'static str> {
    Uri::parse(uri.into()).map(NameAddr::from)
}

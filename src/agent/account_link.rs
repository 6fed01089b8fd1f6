//! What a registration means for calls: which account one belongs to, and where an account's requests go.

use std::net::IpAddr;

use super::network::{Flow, Hop};
use super::settings::{AccountNumber, AccountSettings};
use super::stack::{Stack, hop_of, is_reliable, is_same_place, leads_to};
use crate::sip::{Request, Uri};

/// What the registration of an account has settled, for its calls.
#[derive(Clone, Debug)]
pub struct AccountLink {
    /// The outbound proxy: taken to route loosely whether its URI says so or not (§16.12), as people write it without `lr`.
    pub proxy: Option<Uri>,
    /// Where REGISTER goes.
    pub hop: Hop,
    /// The connection that the account is registered by; `None` while it is not, or the connection is gone.
    pub flow: Option<Flow>,
    /// Where we are by the last connection that the account was registered by.
    pub bound: Option<String>,
    /// Where the registrar (or proxy) was when it last confirmed the registration.
    pub peer: Option<IpAddr>,
    /// The route that the registrar wants requests to take (RFC 3608); empty without a registration.
    pub service_route: Vec<Uri>,
}

impl AccountLink {
    /// The link of an account that has not been registered yet.
    pub fn new(account: &AccountSettings) -> Self {
        let proxy = account.outbound_proxy.as_ref().map(loose);
        let hop = hop_of(proxy.as_ref().unwrap_or(&account.registrar));
        Self { proxy, hop, flow: None, bound: None, peer: None, service_route: Vec::new() }
    }

    /// The routes that a request of the account takes.
    pub fn routes(&self) -> Vec<Uri> {
        match &*self.service_route {
            [] => self.proxy.iter().cloned().collect(),
            routes => routes.to_vec(),
        }
    }

    /// The connection that the account is registered by, if it leads to this hop.
    pub fn flow_to(&self, hop: &Hop) -> Option<Flow> {
        self.flow.filter(|flow| is_same_place(&self.hop, hop) || leads_to(flow, hop))
    }

    /// The registration is over.
    pub fn clear(&mut self) {
        self.flow = None;
        self.peer = None;
        self.service_route.clear();
    }
}

fn loose(proxy: &Uri) -> Uri {
    let loose = Uri::parse(format!("{};lr", proxy.as_str()).into());
    loose.ok().filter(|_| !proxy.is_loose()).unwrap_or_else(|| proxy.clone())
}

impl Stack {
    /// The account that an INVITE is for: of those registered by the connection that it came by the one whose user it asks
    /// for or is addressed to, else the first; without such a connection the one whose user it asks for, if it came from
    /// where that is registered.
    pub fn account_of(&self, flow: &Flow, invite: &Request) -> Option<AccountNumber> {
        let user = invite.uri.user();
        let is_asked = |account: &AccountSettings| user == Some(account.user.as_str());
        let is_addressed = |account: &AccountSettings| {
            let to = &invite.to.uri;
            to.user() == Some(account.user.as_str())
                && to.host().eq_ignore_ascii_case(account.domain.trim_matches(['[', ']']))
        };
        let by_flow: Vec<_> =
            self.linked().filter(|(_, _, link)| link.flow.is_some_and(|mine| mine.id == flow.id)).collect();
        let first_of = |suits: &dyn Fn(&AccountSettings) -> bool| {
            by_flow.iter().find(|(_, account, _)| suits(account)).map(|(number, ..)| *number)
        };
        let from_there = || {
            let mut linked = self.linked();
            linked.find(|(_, account, link)| is_asked(account) && link.peer == Some(flow.peer.ip()))
        };
        first_of(&|account| is_asked(account) && is_addressed(account))
            .or_else(|| first_of(&is_asked))
            .or_else(|| first_of(&is_addressed))
            .or_else(|| first_of(&|_| true))
            .or_else(|| from_there().map(|(number, ..)| number))
    }

    /// Whether a flow is one that we have made, or that an account is registered by.
    pub fn is_reached_by(&self, flow: &Flow) -> bool {
        flow.listener.is_none() || self.is_registered_by(flow)
    }

    /// Whether an INVITE comes from where an account is registered. A connection shows where it comes from, a datagram only says
    /// so: of datagrams those count that come by the flow of the registration.
    pub fn is_of_registrar(&self, flow: &Flow, invite: &Request) -> bool {
        self.is_registered_by(flow)
            || (is_reliable(flow.transport) && self.account_of(flow, invite).is_some())
    }

    fn is_registered_by(&self, flow: &Flow) -> bool {
        self.linked().any(|(.., link)| link.flow.is_some_and(|mine| mine.id == flow.id))
    }

    /// The link of an account.
    pub fn link(&self, AccountNumber(number): AccountNumber) -> Option<&AccountLink> {
        self.accounts.get(number)
    }

    /// The same, to be changed.
    pub fn link_mut(&mut self, AccountNumber(number): AccountNumber) -> Option<&mut AccountLink> {
        self.accounts.get_mut(number)
    }

    /// Whether another account is registered by that connection.
    pub fn is_held_by_others(&self, account: AccountNumber, flow: &Flow) -> bool {
        self.linked().any(|(number, _, link)| {
            number != account && link.flow.is_some_and(|theirs| theirs.id == flow.id)
        })
    }

    /// The accounts with their links, in the settings' order.
    fn linked(&self) -> impl Iterator<Item = (AccountNumber, &AccountSettings, &AccountLink)> {
        let numbered = self.settings.accounts.iter().zip(&self.accounts).enumerate();
        numbered.map(|(number, (account, link))| (AccountNumber(number), account, link))
    }
}

//! Where a request of an account, or of nobody's, goes outside any dialog (RFC 3261 §8.1.2): by the route that the
//! registrar wants, by the account's proxy, to its registrar, or straight to whom it asks.

use super::account_link::{AccountLink, proxy_route};
use super::request::Way;
use super::settings::AccountSettings;
use super::stack::{Stack, hop_of, is_same_place, leads_to};
use super::{AccountNumber, Flow, Hop};
use crate::sip::digest::Credentials;
use crate::sip::{Transport, Uri};

impl Stack {
    /// The route set of a request to `uri`, and the way to its next hop: the connection of the registration if that leads
    /// there.
    pub fn way_out(&self, account: Option<AccountNumber>, uri: &Uri) -> (Vec<Uri>, Way) {
        let Some((account, link)) = account.and_then(|number| self.linked_account(number)) else {
            return (Vec::new(), Way { flow: None, hop: Some(hop_of(uri)) });
        };
        let routes = if link.service_route.is_empty() {
            account.outbound_proxy.iter().filter_map(loose).collect()
        } else {
            link.service_route.clone()
        };
        let hop = match routes.first() {
            Some(first) => secured(hop_of(first), uri),
            None if is_at_home(account, uri) => secured(hop_of(&account.registrar), uri),
            None => hop_of(uri),
        };
        let leads = |flow: &Flow| is_same_place(&link.hop, &hop) || leads_to(flow, &hop);
        let flow = link.flow.filter(|flow| self.flows.contains(&flow.id) && leads(flow));
        (routes, Way { flow, hop: Some(hop) })
    }

    /// What is set for an account.
    pub fn account(&self, account: Option<AccountNumber>) -> Option<&AccountSettings> {
        account.and_then(|AccountNumber(number)| self.settings.accounts.get(number))
    }

    /// Who the account is where its requests are challenged.
    pub fn credentials(&self, account: Option<AccountNumber>) -> Option<Credentials> {
        self.account(account).and_then(|account| account.credentials.clone())
    }

    fn linked_account(&self, number: AccountNumber) -> Option<(&AccountSettings, &AccountLink)> {
        let AccountNumber(place) = number;
        Some((self.settings.accounts.get(place)?, self.accounts.get(place)?))
    }
}

/// The URI of an outbound proxy's Route.
fn loose(proxy: &Uri) -> Option<Uri> {
    Uri::parse(proxy_route(proxy).trim_matches(['<', '>']).into()).ok()
}

/// Whether a URI is of the account's domain and says nothing of how to get there.
fn is_at_home(account: &AccountSettings, uri: &Uri) -> bool {
    let (host, domain) = (uri.host(), account.domain.trim_matches(['[', ']']));
    let is_home = host.eq_ignore_ascii_case(domain) || host.eq_ignore_ascii_case(&account.registrar.host());
    is_home && uri.port().is_none() && uri.param("transport").is_none() && uri.param("maddr").is_none()
}

/// What asks for a `sips:` URI goes by TLS from the first hop on (§26.2.2).
fn secured(hop: Hop, uri: &Uri) -> Hop {
    if !uri.is_sips() || hop.secure {
        return hop;
    }
    let transport = hop.transport.map(|_| Transport::Tls);
    // A port that is meant for another transport says nothing of where TLS is served.
    let port = hop.port.filter(|_| hop.transport == Some(Transport::Tls));
    Hop { transport, port, secure: true, ..hop }
}

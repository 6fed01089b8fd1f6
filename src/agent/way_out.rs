//! Where a request outside any dialog goes first (RFC 3261 §8.1.2): by the routes that the account's registrar wants, by its
//! proxy, to its registrar, or straight to whom it asks; over the connection that the account is registered by if that
//! leads there.

use super::account_link::AccountLink;
use super::request::Way;
use super::settings::AccountSettings;
use super::stack::{Stack, hop_of};
use super::{AccountNumber, Hop};
use crate::sip::digest::Credentials;
use crate::sip::{Transport, Uri};

impl Stack {
    /// The route set of a request to `uri`, and the way to its next hop.
    pub fn way_out(&self, account: Option<AccountNumber>, uri: &Uri) -> (Vec<Uri>, Way) {
        let link = account.and_then(|number| self.link(number));
        let account = self.account(account);
        let routes = link.map(AccountLink::routes).unwrap_or_default();
        let hop = match (routes.first(), account) {
            (Some(first), _) => secured(hop_of(first), uri),
            (None, Some(account)) if is_at_home(account, uri) => secured(hop_of(&account.registrar), uri),
            (None, _) => hop_of(uri),
        };
        let flow = link.and_then(|link| link.flow_to(&hop));
        (routes, Way { flow, hop: Some(hop), otherwise: None })
    }

    /// What is set for an account.
    pub fn account(&self, account: Option<AccountNumber>) -> Option<&AccountSettings> {
        account.and_then(|AccountNumber(place)| self.settings.accounts.get(place))
    }

    /// Who the account is where its requests are challenged.
    pub fn credentials(&self, account: Option<AccountNumber>) -> Option<Credentials> {
        self.account(account).and_then(|account| account.credentials.clone())
    }
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

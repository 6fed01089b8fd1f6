//! What the core has to know of the configuration.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytestring::ByteString;

use super::gate::GateSettings;
use super::policies::Policies;
use crate::sip::digest::Credentials;
use crate::sip::{Transport, Uri};

/// The core's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Written into Via and Contact instead of the local address of the connection: a host and, if given, a port.
    pub advertise: Option<(String, Option<u16>)>,
    /// Where peers can connect to us.
    pub listeners: Vec<Listener>,
    /// The extensions of PBXs that we keep registered.
    pub accounts: Vec<AccountSettings>,
    /// Where media is taken; `None`: answers are `a=inactive`.
    pub media: Option<(IpAddr, u16)>,
    /// Names of codecs that a generated answer may use, in order of preference.
    pub codecs: Vec<String>,
    /// What is done with a new call before anybody is asked.
    pub on_offer: OnOffer,
    /// How long a call may go unanswered before it is answered 480.
    pub ring_timeout: Duration,
    /// How many calls there may be at a time; a further INVITE is answered 503.
    pub max_calls: usize,
    /// Who may begin something with us, and how much of it.
    pub gate: GateSettings,
    /// What is done without asking anybody.
    pub policies: Policies,
    /// How long the lease lasts that the first command takes for who says his name; zero: none is taken.
    pub claim_on_command: Duration,
    /// Whether what brings calls back after a crash is wanted ([`Output::Save`](super::Output::Save)).
    pub keeps_calls: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            advertise: None,
            listeners: Vec::new(),
            accounts: Vec::new(),
            media: None,
            codecs: ["PCMA", "PCMU", "telephone-event"].map(str::to_owned).to_vec(),
            on_offer: OnOffer::None,
            ring_timeout: Duration::from_secs(180),
            max_calls: 100_000,
            gate: GateSettings::default(),
            policies: Policies::default(),
            claim_on_command: Duration::ZERO,
            keeps_calls: false,
        }
    }
}

/// Where peers can connect to us.
#[derive(Clone, Debug)]
pub struct Listener {
    /// By what.
    pub transport: Transport,
    /// The address that is listened on; it may be the unspecified one.
    pub local: SocketAddr,
    /// As [`Settings::advertise`], for this listener alone.
    pub advertise: Option<(String, Option<u16>)>,
}

/// An account: its place in [`Settings::accounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountNumber(pub usize);

/// An extension of a PBX.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Its name for clients.
    pub id: ByteString,
    /// Where REGISTER goes; the Request-URI is this without a user and with no parameter but `transport`.
    pub registrar: Uri,
    /// The address of record is `sip:user@domain`.
    pub user: String,
    /// The domain of the address of record.
    pub domain: String,
    /// Who we are where we are challenged.
    pub credentials: Option<Credentials>,
    /// How long a registration is asked for.
    pub expires: Duration,
    /// The first Route of every request, taken to route loosely (`lr`) whether it says so or not.
    pub outbound_proxy: Option<Uri>,
}

/// What is done with a new call before anybody is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOffer {
    /// Nothing.
    #[default]
    None,
    /// 180.
    Ring,
    /// 200 with a generated answer.
    Accept,
    /// 486.
    Reject,
}

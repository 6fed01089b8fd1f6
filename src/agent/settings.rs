//! What the core has to know of the configuration.

use std::net::IpAddr;
use std::time::Duration;

/// The core's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Written into Contact instead of the local address of the connection: a host and, if given, a port.
    pub advertise: Option<(String, Option<u16>)>,
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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            advertise: None,
            media: None,
            codecs: ["PCMA", "PCMU", "telephone-event"].map(str::to_owned).to_vec(),
            on_offer: OnOffer::None,
            ring_timeout: Duration::from_secs(180),
            max_calls: 100_000,
        }
    }
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

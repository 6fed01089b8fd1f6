//! What a domain says it is reached by (RFC 3263 §4.1, RFC 3403 §4).

use crate::sip::Transport;

/// A rule of a domain: a NAPTR record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) order: u16,
    pub(super) preference: u16,
    /// Upper case.
    pub(super) flags: String,
    /// Upper case.
    pub(super) service: String,
    pub(super) replacement: String,
}

impl Rule {
    /// By what it leads to servers, if it is one for SIP that can be followed.
    pub(super) fn leads_by(&self) -> Option<Transport> {
        let by = match &*self.service {
            "SIP+D2U" => Transport::Udp,
            "SIP+D2T" => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => return None,
        };
        matches!(&*self.flags, "S" | "A").then_some(by)
    }
}

//! The names of header fields (§20 and IANA's registry of them).

/// Declares the names: each variant, its full form and, where it has one, its compact form.
macro_rules! names {
    ($($variant:ident $full:literal $($compact:literal)?,)*) => {
        /// A header name that the agent has something to do with. Compact forms (§7.3.3) are the same name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Name {
            $(#[doc = $full] $variant,)*
            /// Any other name.
            Other,
        }

        impl Name {
            /// The full form; empty for `Other`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $full,)*
                    Self::Other => "",
                }
            }

            const fn from_compact(letter: u8) -> Self {
                match letter.to_ascii_lowercase() {
                    $($($compact => Self::$variant,)?)*
                    _ => Self::Other,
                }
            }
        }
    };
}

names! {
    Via "Via" b'v',
    From "From" b'f',
    To "To" b't',
    CallId "Call-ID" b'i',
    CSeq "CSeq",
    MaxForwards "Max-Forwards",
    Contact "Contact" b'm',
    RecordRoute "Record-Route",
    Route "Route",
    ContentLength "Content-Length" b'l',
    ContentType "Content-Type" b'c',
    ContentEncoding "Content-Encoding" b'e',
    ContentDisposition "Content-Disposition",
    ContentLanguage "Content-Language",
    Require "Require",
    ProxyRequire "Proxy-Require",
    Supported "Supported" b'k',
    Unsupported "Unsupported",
    Expires "Expires",
    Reason "Reason",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    Accept "Accept",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AcceptContact "Accept-Contact" b'a',
    RejectContact "Reject-Contact" b'j',
    RequestDisposition "Request-Disposition" b'd',
    UserAgent "User-Agent",
    Server "Server",
    RetryAfter "Retry-After",
    WwwAuthenticate "WWW-Authenticate",
    ProxyAuthenticate "Proxy-Authenticate",
    Authorization "Authorization",
    ProxyAuthorization "Proxy-Authorization",
    AuthenticationInfo "Authentication-Info",
    Event "Event" b'o',
    SubscriptionState "Subscription-State",
    SessionExpires "Session-Expires" b'x',
    MinSe "Min-SE",
    MinExpires "Min-Expires",
    Replaces "Replaces",
    ReferTo "Refer-To" b'r',
    ReferredBy "Referred-By" b'b',
    ReferSub "Refer-Sub",
    Date "Date",
    Warning "Warning",
    RSeq "RSeq",
    RAck "RAck",
    Subject "Subject" b's',
    Timestamp "Timestamp",
    Identity "Identity" b'y',
    IdentityInfo "Identity-Info" b'n',
    PAssertedIdentity "P-Asserted-Identity",
    RemotePartyId "Remote-Party-ID",
    Diversion "Diversion",
    Privacy "Privacy",
    Path "Path",
    ServiceRoute "Service-Route",
    AlertInfo "Alert-Info",
    CallInfo "Call-Info",
    InfoPackage "Info-Package",
    RecvInfo "Recv-Info",
}

impl Name {
    /// What a name means, in its full or its compact form and in any case.
    pub fn of(name: &[u8]) -> Self {
        if let [letter] = name {
            return Self::from_compact(*letter);
        }
        let of_that_length = Self::of_length(name.len()).iter().copied();
        of_that_length
            .into_iter()
            .find(|candidate| {
                let candidate = candidate.as_str().as_bytes();
                begins_as(candidate, name) && (candidate == name || candidate.eq_ignore_ascii_case(name))
            })
            .unwrap_or(Self::Other)
    }

    /// The names of one length: a name is looked for among few.
    const fn of_length(length: usize) -> &'static [Self] {
        match length {
            2 => &[Self::To],
            3 => &[Self::Via],
            4 => &[Self::From, Self::CSeq, Self::Date, Self::RSeq, Self::RAck, Self::Path],
            5 => &[Self::Route, Self::Allow, Self::Event],
            6 => &[Self::Reason, Self::Accept, Self::Server, Self::MinSe],
            7 => &[
                Self::CallId,
                Self::Contact,
                Self::Require,
                Self::Expires,
                Self::Warning,
                Self::Subject,
                Self::Privacy,
            ],
            8 => &[Self::Replaces, Self::ReferTo, Self::Identity],
            9 => &[
                Self::Supported,
                Self::ReferSub,
                Self::Timestamp,
                Self::Diversion,
                Self::CallInfo,
                Self::RecvInfo,
            ],
            10 => &[Self::UserAgent, Self::AlertInfo],
            11 => &[Self::Unsupported, Self::RetryAfter, Self::MinExpires, Self::ReferredBy],
            12 => &[
                Self::MaxForwards,
                Self::RecordRoute,
                Self::ContentType,
                Self::AllowEvents,
                Self::InfoPackage,
            ],
            13 => &[Self::ProxyRequire, Self::Authorization, Self::IdentityInfo, Self::ServiceRoute],
            14 => &[Self::ContentLength, Self::AcceptContact, Self::RejectContact],
            15 => &[Self::AcceptEncoding, Self::AcceptLanguage, Self::SessionExpires, Self::RemotePartyId],
            16 => &[Self::ContentEncoding, Self::ContentLanguage, Self::WwwAuthenticate],
            18 => &[Self::ProxyAuthenticate, Self::SubscriptionState],
            19 => &[
                Self::ContentDisposition,
                Self::RequestDisposition,
                Self::ProxyAuthorization,
                Self::AuthenticationInfo,
                Self::PAssertedIdentity,
            ],
            _ => &[],
        }
    }
}

/// Whether the first letters may be the same one: of most names no more need be looked at.
fn begins_as(one: &[u8], other: &[u8]) -> bool {
    matches!((one, other), ([one, ..], [other, ..]) if (one ^ other) & !0x20 == 0)
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn every_name_is_found_by_its_length_in_any_case() {
        let mut found = 0;
        for length in 2..64 {
            for name in Name::of_length(length) {
                assert_eq!(Name::of(name.as_str().as_bytes()), *name);
                assert_eq!(Name::of(name.as_str().to_ascii_lowercase().as_bytes()), *name);
                found += 1;
            }
        }
        assert_eq!(found, Name::Other as usize);
    }

    #[test]
    fn a_compact_form_is_its_full_name() {
        assert_eq!(Name::of(b"v"), Name::Via);
        assert_eq!(Name::of(b"I"), Name::CallId);
        assert_eq!(Name::of(b"x"), Name::SessionExpires);
        assert_eq!(Name::of(b"q"), Name::Other);
        assert_eq!(Name::of(b""), Name::Other);
    }
}

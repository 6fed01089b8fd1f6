//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, timestamp and body, with the secret that both sides know.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::BadEndpoint;

/// What a secret begins with where it is written.
const PREFIX: &str = "whsec_";
/// How many bytes one of ours has.
const OURS: usize = 32;
/// How many bytes a secret may have.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What a receiver knows our hand by. Shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = vec![0; OURS];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// As it is written; for who is to know it.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The header `webhook-signature` of a message sent at that time, seconds since 1970.
    pub fn signature(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // A key of any length is one for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl FromStr for Secret {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let fault =
            || BadEndpoint(format!("{PREFIX} and the base64 of {} to {} bytes", BYTES.start(), BYTES.end()));
        let bytes = text.strip_prefix(PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok());
        bytes.filter(|bytes| BYTES.contains(&bytes.len())).map(Self).ok_or_else(fault)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receivers_library_believes_it() {
        let secret = Secret::random().unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let signature = secret.signature("7f3a-1", i64::try_from(now).unwrap(), b"{\"a\":1}");
        let mut headers = hyper::HeaderMap::new();
        headers.insert("webhook-id", "7f3a-1".parse().unwrap());
        headers.insert("webhook-timestamp", now.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        let receiver = standardwebhooks::Webhook::new(&secret.reveal()).unwrap();
        assert!(receiver.verify(b"{\"a\":1}", &headers).is_ok());
        assert!(receiver.verify(b"{\"a\":2}", &headers).is_err());
    }

    #[test]
    fn a_secret_is_written_as_the_standard_says_and_not_shown() {
        let secret = Secret::random().unwrap();
        assert_eq!(secret.reveal().parse(), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "c2VjcmV0",
            "whsec_!",
            &format!("whsec_{}", STANDARD.encode([0; 65])),
        ] {
            assert!(text.parse::<Secret>().is_err(), "{text}");
        }
    }
}

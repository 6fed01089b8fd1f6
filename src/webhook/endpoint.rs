//! A receiver: where it is, what it wants to hear, and the secret that it knows our hand by.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use serde::{Deserialize, Serialize};

use super::sign::Secret;
use crate::state::Topics;

/// A longer URL is a mistake.
const LONGEST_URL: usize = 2048;
/// More than there are names is a mistake.
const MOST_TYPES: usize = 64;

/// A receiver as it is set.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name.
    pub id: String,
    /// Where events are sent.
    pub url: Url,
    /// What they are signed with.
    pub secret: Secret,
    /// The events that it wants.
    pub types: Types,
    /// Who has set it.
    pub source: Source,
}

/// Who has set a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The file of settings; it is changed there.
    File,
    /// A request to this API.
    Api,
}

/// What is wrong with a part of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadEndpoint(pub String);

impl From<&str> for BadEndpoint {
    fn from(fault: &str) -> Self {
        Self(fault.to_owned())
    }
}

/// Whether it is a name for a receiver: what needs no escapes in a path.
pub fn checked_id(text: &str) -> Result<String, BadEndpoint> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("1–64 characters: letters, digits and -._~".into())
}

/// Where events are sent: `http` or `https`. It may have secrets in its query, which are not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Uri);

impl Url {
    /// As a request wants it.
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// All of it, to be kept.
    pub(super) fn whole(&self) -> String {
        self.0.to_string()
    }
}

impl FromStr for Url {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        if text.len() > LONGEST_URL {
            return Err(BadEndpoint(format!("longer than {LONGEST_URL} bytes")));
        }
        if text.contains('#') {
            return Err("a URL with a fragment".into());
        }
        let uri: Uri = text.parse().map_err(|_| BadEndpoint::from("not a URL"))?;
        let authority =
            uri.authority().ok_or_else(|| BadEndpoint::from("not a whole URL: https://HOST/PATH"))?;
        if authority.as_str().contains('@') {
            return Err("a name or password in a URL is not sent; events are signed instead".into());
        }
        let host = uri.host().unwrap_or_default();
        if !authority.as_str().strip_prefix(host).is_some_and(is_port) {
            return Err("the port is a number from 1 to 65535".into());
        }
        match uri.scheme_str() {
            Some("http" | "https") if !host.is_empty() => Ok(Self(uri)),
            _ => Err("neither an http: nor an https: URL".into()),
        }
    }
}

/// Whether what stands behind a host leads to a port. `Uri` keeps any text there, and to a connection what is no number is the
/// scheme's own port. None, or an empty one, means that (RFC 3986 section 3.2.3).
fn is_port(behind: &str) -> bool {
    let Some(port) = behind.strip_prefix(':') else { return behind.is_empty() };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_empty() || is_number && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Without its query.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, authority) = (self.0.scheme_str().unwrap_or_default(), self.0.authority());
        let query = if self.0.query().is_some() { "?…" } else { "" };
        write!(
            f,
            "{scheme}://{}{}{query}",
            authority.map_or("", |authority| authority.as_str()),
            self.0.path()
        )
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The events that a receiver wants, by names and patterns such as `call.*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Types {
    names: Vec<String>,
    topics: Topics,
}

impl Types {
    /// As they were written.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What they stand for.
    pub fn topics(&self) -> Topics {
        self.topics
    }
}

/// All of them.
impl Default for Types {
    fn default() -> Self {
        Self { names: vec!["*".to_owned()], topics: Topics::default() }
    }
}

impl TryFrom<Vec<String>> for Types {
    type Error = BadEndpoint;

    fn try_from(names: Vec<String>) -> Result<Self, BadEndpoint> {
        if names.is_empty() || names.len() > MOST_TYPES {
            return Err(BadEndpoint(format!("1–{MOST_TYPES} names of events")));
        }
        let mut topics = Topics::NONE;
        match names.iter().find(|name| !topics.add(name)) {
            Some(unknown) => Err(BadEndpoint(format!("{unknown:?} is no event"))),
            None => Ok(Self { names, topics }),
        }
    }
}

impl From<Types> for Vec<String> {
    fn from(types: Types) -> Self {
        types.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_query() {
        let url: Url = "https://crm.example.com:8443/hooks?token=sesame".parse().unwrap();
        assert_eq!(url.to_string(), "https://crm.example.com:8443/hooks?…");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert_eq!(url.whole(), "https://crm.example.com:8443/hooks?token=sesame");
    }

    #[test]
    fn what_events_cannot_be_sent_to_is_no_url() {
        for text in ["", "/hooks", "ftp://a/b", "https://", "https://u:p@host/", "http://host/#top", "a b"] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
        assert!(format!("http://host/{}", "a".repeat(LONGEST_URL)).parse::<Url>().is_err());
        assert!("http://[::1]:8080".parse::<Url>().is_ok());
    }

    #[test]
    fn a_port_is_a_number_that_there_is_and_need_not_be_said() {
        for port in ["99999", "65536", "0", "00", "abc", "+80", "-1", "80x"] {
            for host in ["127.0.0.1", "crm.example.com", "[::1]"] {
                let text = format!("http://{host}:{port}/hooks");
                assert!(text.parse::<Url>().is_err(), "{text}");
            }
        }
        for rest in ["", ":", ":1", ":080", ":65535"] {
            for host in ["127.0.0.1", "crm.example.com", "[2001:db8::1]"] {
                for path in ["", "/hooks:99999", "?at=0:0"] {
                    let text = format!("https://{host}{rest}{path}");
                    assert!(text.parse::<Url>().is_ok(), "{text}");
                }
            }
        }
    }

    #[test]
    fn types_are_names_and_patterns() {
        let types =
            |names: &[&str]| Types::try_from(names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(types(&["call.*", "registration.changed"]).is_ok());
        assert_eq!(types(&["call.*", "calls"]), Err(BadEndpoint("\"calls\" is no event".to_owned())));
        assert!(types(&[]).is_err());
    }
}

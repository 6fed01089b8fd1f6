//! A call's version as its entity tag, and the conditions on it (RFC 9110 §13).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Code, Problem};

/// The entity tag of a version.
pub fn of(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// `If-Match`: the versions at which a command is wanted; `None`: at any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<u64>>);

impl IfMatch {
    /// The one version that the agent is to require. Of several it is the one that the call is at now.
    pub fn version(self, now: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let versions = self.0?;
        match versions.as_slice() {
            [version] => Some(*version),
            // Versions start at 1: no call is ever at 0.
            _ => Some(now().filter(|now| versions.contains(now)).unwrap_or(0)),
        }
    }
}

/// `If-Match` names what cannot be the tag of a call.
pub fn no_tag() -> Problem {
    Problem::new(Code::Malformed, "If-Match takes `*` or the ETag of a call, with its quotes")
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(tags) = tags(&head.headers, header::IF_MATCH) else { return Ok(Self(None)) };
        if tags == ["*"] {
            return Ok(Self(None));
        }
        if !tags.iter().all(|tag| is_tag(tag)) {
            return Err(no_tag());
        }
        // Weak tags and those of something else never match.
        Ok(Self(Some(tags.iter().filter_map(|tag| tag.trim_matches('"').parse().ok()).collect())))
    }
}

/// `If-None-Match`: the versions that the client has already.
#[derive(Clone, Debug)]
pub struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    /// Whether the client has this version.
    pub fn has(&self, version: u64) -> bool {
        let tag = format!("\"{version}\"");
        self.0.iter().any(|seen| seen == "*" || seen.strip_prefix("W/").unwrap_or(seen) == tag)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(&head.headers, header::IF_NONE_MATCH).unwrap_or_default()))
    }
}

/// The members of a list of tags; `None` without the header.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Vec<String>> {
    headers.contains_key(&name).then(|| {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let lists: Vec<_> = headers.get_all(&name).iter().map(text).collect();
        lists.iter().flat_map(|list| list.split(',')).map(|tag| tag.trim().to_owned()).collect()
    })
}

fn is_tag(text: &str) -> bool {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"')
}

//! What clients have to say to the peer within a call: INFO, MESSAGE, digits.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::command::NewHeaders;
use super::{Refusal, check, given};

/// The largest body of an INFO or a MESSAGE, bytes: ours, and one of the peer that is shown to clients.
pub const MAX_BODY: usize = 16 * 1024;
/// How many digits one command sends, each by a request of its own.
const MAX_DIGITS: usize = 32;
/// How long a key is held where a client does not say it, ms.
const HELD: u16 = 250;
/// How long a key can be held, ms.
const SHORTEST: u16 = 40;
const LONGEST: u16 = 6_000;

/// A body for the peer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// What the body is: a media type, perhaps with parameters.
    #[schema(examples("application/json"))]
    pub content_type: String,
    /// Sent as it is, in UTF-8; at most 16 KiB.
    #[schema(examples("{\"ticket\": 4711}"))]
    pub body: String,
    /// Headers to add.
    #[serde(default)]
    pub headers: NewHeaders,
}

impl Letter {
    /// Whether it can be sent.
    pub fn check(&self) -> Result<(), Refusal> {
        check::media_type("content_type", &self.content_type)?;
        check::headers(&self.headers)?;
        if self.body.len() > MAX_BODY {
            return Err(check::field("body", &format!("must be at most {MAX_BODY} bytes")));
        }
        Ok(())
    }
}

/// Keys to press.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Digits {
    /// 1–32 of `0`–`9`, `*`, `#`, `A`–`D`, in the order in which they are pressed.
    #[schema(min_length = 1, max_length = 32, pattern = "^[0-9*#A-Da-d]{1,32}$", examples("1234#"))]
    pub digits: String,
    /// How long each is held, 40–6000 ms.
    #[serde(default = "held", deserialize_with = "duration")]
    #[schema(default = 250, minimum = 40, maximum = 6000)]
    pub duration_ms: u16,
    /// How they go.
    #[serde(default, deserialize_with = "given::word")]
    pub via: DigitsVia,
}

fn held() -> u16 {
    HELD
}

fn duration<'de, D: Deserializer<'de>>(json: D) -> Result<u16, D::Error> {
    given::number(json, HELD, SHORTEST..=LONGEST)
}

/// How digits go to the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DigitsVia {
    /// By INFO, one for each, as `application/dtmf-relay`.
    #[default]
    Info,
    /// In the media (RFC 4733), which this agent does not send: refused as `invalid-field`.
    Rfc4733,
}

impl Digits {
    /// The bodies that carry them, one for each.
    pub fn bodies(&self) -> Result<VecDeque<String>, Refusal> {
        let is_digit =
            |digit: &u8| matches!(digit.to_ascii_uppercase(), b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D');
        if !(1..=MAX_DIGITS).contains(&self.digits.len()) || !self.digits.as_bytes().iter().all(is_digit) {
            return Err(check::field("digits", "must be 1 to 32 of 0–9, *, #, A–D"));
        }
        if !(SHORTEST..=LONGEST).contains(&self.duration_ms) {
            return Err(check::field("duration_ms", &format!("must be {SHORTEST}–{LONGEST}")));
        }
        if self.via == DigitsVia::Rfc4733 {
            return Err(check::field("via", "the agent sends no media, so digits go by `info`"));
        }
        let relay = |digit: char| {
            format!("Signal={}\r\nDuration={}\r\n", digit.to_ascii_uppercase(), self.duration_ms)
        };
        Ok(self.digits.chars().map(relay).collect())
    }
}

//! What the registrar says of our Contact (RFC 3261 §10.2.4, §10.3).

use std::time::Duration;

use bytestring::ByteString;

use super::retry::part;
use crate::agent::ids::Ids;
use crate::sip::{Name, Response, Uri};

/// How much time a refresh has before the registration lapses, where there is as much: 64·T1.
const MARGIN: u32 = 32;
/// However short a registration is, it is not refreshed faster.
const SHORTEST: Duration = Duration::from_millis(500);

/// How long the registrar keeps our Contact, seconds: what stands behind it in the list of all Contacts, else in Expires,
/// else, where it was rewritten on its way and only others are listed, the shortest of those, else what was asked.
pub fn granted(response: &Response, contact: &str, asked: u32) -> u32 {
    let ours = Uri::parse(ByteString::from(contact)).ok();
    let listed = response.headers.addresses(Name::Contact);
    let mine = listed.iter().find(|other| ours.as_ref().is_some_and(|ours| ours.is_same(&other.uri)));
    let expires = mine.and_then(|binding| binding.expires());
    let rewritten = || {
        let others = listed.iter().filter(|_| mine.is_none()).filter_map(|binding| binding.expires());
        others.filter(|seconds| (1..=asked).contains(seconds)).min()
    };
    expires.or_else(|| response.headers.number(Name::Expires)).or_else(rewritten).unwrap_or(asked)
}

/// When to refresh what was granted: early enough for a request that goes unanswered, and not all agents at once.
pub fn refresh_after(ids: &mut Ids, granted: u32) -> Duration {
    let granted_time = Duration::from_secs(granted.into());
    let latest = if granted > 2 * MARGIN {
        granted_time - Duration::from_secs(MARGIN.into())
    } else {
        granted_time / 2
    };
    part(ids, latest, 90).max(SHORTEST)
}

//! A registrar with a mind of its own: what RFC 3261 §10.3 has it do, and what chance has it do on top.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::chance::Chance;
use super::proof::Asker;
use crate::sip::{Name, Request, Writer};

/// The registrar of every account.
#[derive(Default)]
pub struct Registrar {
    /// It grants what is asked, once it knows who asks.
    pub is_good: bool,
    accounts: HashMap<String, Bound>,
    /// Those to REGISTERs, by Call-ID and CSeq.
    responses: HashMap<(String, u32), Bytes>,
}

/// One address of record.
struct Bound {
    /// Until when each Contact is bound.
    contacts: BTreeMap<String, Instant>,
    cseq: u32,
    asker: Asker,
    /// It wants to know who asks.
    asks: bool,
}

impl Registrar {
    /// Whether a Contact of this user is bound now, and which.
    pub fn bound(&self, user: &str, now: Instant) -> Vec<&str> {
        let Some(account) = self.accounts.get(user) else { return Vec::new() };
        account.contacts.iter().filter(|(_, until)| **until > now).map(|(contact, _)| &**contact).collect()
    }

    /// A REGISTER has come; the response, unless there is none.
    pub fn handle(&mut self, register: &Request, now: Instant, chance: &mut Chance) -> Option<Bytes> {
        let key = (register.call_id.to_string(), register.cseq);
        if let Some(response) = self.responses.get(&key) {
            return Some(response.clone());
        }
        let user = register.to.uri.user().expect("a user").to_owned();
        let account = self.accounts.entry(user.clone()).or_insert_with(|| Bound {
            contacts: BTreeMap::new(),
            cseq: 0,
            asker: Asker::server(),
            asks: chance.percent(70),
        });
        let response = match () {
            // A retransmission that was overtaken (§10.3, step 7).
            () if register.cseq < account.cseq => respond(register, 500, &[]),
            () if !self.is_good && chance.percent(10) => return None,
            () => account.judge(register, &user, now, (!self.is_good).then_some(chance)),
        };
        account.cseq = account.cseq.max(register.cseq);
        self.responses.insert(key, response.clone());
        Some(response)
    }
}

impl Bound {
    fn judge(&mut self, register: &Request, user: &str, now: Instant, whim: Option<&mut Chance>) -> Bytes {
        let is_known = self.asker.has_asked();
        if self.asks && !(is_known && self.asker.is_answered(register, user)) {
            let challenge = self.asker.ask(is_known);
            return respond(register, 401, &[challenge]);
        }
        match whim.map_or(99, |chance| chance.below(100)) {
            0..8 if self.asks => {
                let challenge = self.asker.ask(true);
                respond(register, 401, &[challenge])
            }
            8..13 => respond(register, 503, &[("Retry-After", "7".to_owned())]),
            13..18 => respond(register, 403, &[]),
            18..23 if asked(register) > 0 => {
                respond(register, 423, &[("Min-Expires", (asked(register) + 60).to_string())])
            }
            _ => self.bind(register, now),
        }
    }

    fn bind(&mut self, register: &Request, now: Instant) -> Bytes {
        for contact in register.headers.addresses(Name::Contact) {
            let (uri, expires) = (contact.uri.as_str().to_owned(), contact.expires().expect("a number"));
            match expires {
                0 => drop(self.contacts.remove(&uri)),
                seconds => drop(self.contacts.insert(uri, now + Duration::from_secs(seconds.into()))),
            }
        }
        self.contacts.retain(|_, until| *until > now);
        let left = self.contacts.iter().map(|(contact, until)| (contact, (*until - now).as_secs()));
        let listed = left.map(|(contact, seconds)| ("Contact", format!("<{contact}>;expires={seconds}")));
        respond(register, 200, &listed.collect::<Vec<_>>())
    }
}

fn respond(register: &Request, status: u16, headers: &[(&'static str, String)]) -> Bytes {
    let start = Writer::response(status, None).copied(&register.headers, Some("registrar"));
    headers.iter().fold(start, |writer, (name, value)| writer.header(name, value)).finish()
}

/// For how long it asks, seconds.
fn asked(register: &Request) -> u32 {
    register.headers.number(Name::Expires).expect("a number")
}

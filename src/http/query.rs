//! The parameters of listings and streams. A parameter that is not known is an error: a filter misspelt would show
//! everything.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as Unknown, StrDeserializer};

use super::{Code, Problem, body};
use crate::agent::event::EndCause;
use crate::agent::{CallId, Timestamp};
use crate::state::{After, Filter, Topics};

/// How many calls a page has at most, and by default.
pub const LIMIT: (usize, usize) = (1000, 100);

/// How many filters by headers and labels together there may be: each is held against each call.
pub const MAX_FILTERS: usize = 16;

/// Which parameters a resource takes.
pub trait Takes {
    /// Beside the filters of calls, where those are taken.
    const NAMES: &'static [&'static str];
    /// Whether calls can be filtered.
    const FILTERS: bool;
    /// Whether a page starts behind an event, and not behind a call.
    const PAGES_BY_EVENT: bool = false;
}

/// The listing's.
#[derive(Debug)]
pub struct OfList;
/// Those of the stream of all events.
#[derive(Debug)]
pub struct OfEvents;
/// Those of the stream of one call's events.
#[derive(Debug)]
pub struct OfCallEvents;

/// Those of the records.
#[derive(Debug)]
pub struct OfRecords;

/// Those of timelines.
#[derive(Debug)]
pub struct OfTimeline;

impl Takes for OfTimeline {
    const NAMES: &'static [&'static str] = &["format"];
    const FILTERS: bool = false;
}

/// How a timeline is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// A ladder for people.
    Text,
    /// A sequence diagram.
    Mermaid,
    /// A capture file.
    Pcapng,
}

/// Those of dead letters.
#[derive(Debug)]
pub struct OfDeadLetters;

impl Takes for OfDeadLetters {
    const NAMES: &'static [&'static str] = &["limit", "cursor"];
    const FILTERS: bool = false;
    const PAGES_BY_EVENT: bool = true;
}

impl Takes for OfList {
    const NAMES: &'static [&'static str] = &["limit", "cursor"];
    const FILTERS: bool = true;
}

impl Takes for OfEvents {
    const NAMES: &'static [&'static str] = &["types", "after"];
    const FILTERS: bool = true;
}

impl Takes for OfCallEvents {
    const NAMES: &'static [&'static str] = &["types", "after"];
    const FILTERS: bool = false;
}

impl Takes for OfRecords {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "since", "until", "cause"];
    const FILTERS: bool = true;
}

const FILTERS: [&str; 7] = ["state", "direction", "account", "from", "to", "header.NAME", "label.NAME"];

/// The parameters of a request, by what its resource takes.
#[derive(Debug)]
pub struct Query<T: Takes> {
    /// Which calls and events are wanted.
    pub filter: Filter,
    /// How many calls.
    pub limit: usize,
    /// Where the page starts.
    pub cursor: Option<CallId>,
    /// Where the stream starts, if that is said.
    pub after: Option<After>,
    /// Calls that began then or later.
    pub since: Option<Timestamp>,
    /// Calls that began before that.
    pub until: Option<Timestamp>,
    /// How the calls ended; empty: in any way.
    pub causes: Vec<EndCause>,
    /// How the answer is written.
    pub format: Format,
    takes: std::marker::PhantomData<T>,
}

impl<S: Sync, T: Takes> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(head.uri.query().unwrap_or_default())
            .map_err(|detail| Problem::new(Code::Malformed, detail))
    }
}

impl<T: Takes> Query<T> {
    fn parse(query: &str) -> Result<Self, String> {
        let mut read = Self {
            filter: Filter::default(),
            limit: LIMIT.1,
            cursor: None,
            after: None,
            since: None,
            until: None,
            causes: Vec::new(),
            format: Format::default(),
            takes: std::marker::PhantomData,
        };
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // Headers and labels may be asked for several times, of whatever name.
            if seen.contains(&name) && !name.contains('.') {
                return Err(format!("`{name}` is given twice"));
            }
            read.take(&name, &value)?;
            seen.push(name);
            if read.filter.headers.len() + read.filter.labels.len() > MAX_FILTERS {
                return Err(format!("at most {MAX_FILTERS} filters by headers and labels"));
            }
        }
        Ok(read)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        if T::FILTERS && self.take_filter(name, value)? {
            return Ok(());
        }
        match name {
            _ if !T::NAMES.contains(&name) => return Err(Self::unknown(name)),
            "limit" => self.limit = limit(value)?,
            "cursor" if T::PAGES_BY_EVENT => self.after = Some(After::Event(cursor(value)?)),
            "cursor" => self.cursor = Some(cursor(value)?),
            "since" => self.since = Some(time(name, value)?),
            "until" => self.until = Some(time(name, value)?),
            "cause" => {
                self.causes = value.split(',').map(|cause| word(name, cause)).collect::<Result<_, _>>()?
            }
            "format" => self.format = word(name, value)?,
            "types" => self.filter.topics = topics(value)?,
            _ => self.after = Some(value.parse().map_err(|error| format!("after: {error}"))?),
        }
        Ok(())
    }

    /// Whether the parameter is a filter.
    fn take_filter(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let filter = &mut self.filter;
        let text = || Some(value.to_owned());
        match name.split_once('.') {
            Some(("header" | "label", "")) => return Err(format!("`{name}` lacks the name behind the dot")),
            // They are not among the headers that calls show: nothing would ever match.
            Some(("header", name)) if ["from", "to"].iter().any(|party| name.eq_ignore_ascii_case(party)) => {
                let party = name.to_ascii_lowercase();
                return Err(format!("`header.{name}`: ask by `{party}`, for a whole URI or its user part"));
            }
            Some(("header", name)) => filter.headers.push((name.to_owned(), value.to_owned())),
            Some(("label", name)) => filter.labels.push((name.to_owned(), value.to_owned())),
            Some(_) => return Ok(false),
            None => match name {
                "state" => {
                    filter.states =
                        value.split(',').map(|state| word(name, state)).collect::<Result<_, _>>()?
                }
                "direction" => filter.direction = Some(word(name, value)?),
                "account" => filter.account = text(),
                "from" => filter.from = text(),
                "to" => filter.to = text(),
                _ => return Ok(false),
            },
        }
        Ok(true)
    }

    fn unknown(name: &str) -> String {
        let filters = if T::FILTERS { FILTERS.as_slice() } else { &[] };
        let known = [filters, T::NAMES].concat().join(", ");
        format!("`{name}` is not a parameter here; there are {known}")
    }
}

/// One word of a vocabulary.
fn word<'de, W: Deserialize<'de>>(name: &str, value: &'de str) -> Result<W, String> {
    let from: StrDeserializer<'de, Unknown> = value.into_deserializer();
    W::deserialize(from).map_err(|error| format!("{name}: {}", body::plain(&error.to_string())))
}

/// A time. One with an offset is easily written wrongly: a `+` in a query is a space.
fn time(name: &str, value: &str) -> Result<Timestamp, String> {
    word(name, value).map_err(|_| {
        format!("{name}: not a time of RFC 3339, as in 2026-11-22T10:15:30Z (`+` is written %2B)")
    })
}

fn cursor<C: FromStr>(value: &str) -> Result<C, String> {
    value.parse().map_err(|_| "cursor: not one that was given".to_owned())
}

fn limit(value: &str) -> Result<usize, String> {
    let (most, _) = LIMIT;
    let limit = value.parse().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| format!("limit: a number from 1 to {most}"))
}

fn topics(value: &str) -> Result<Topics, String> {
    value.split(',').try_fold(Topics::NONE, |mut topics, name| {
        let known = topics.add(name);
        known.then_some(topics).ok_or_else(|| {
            let names: Vec<_> = Topics::names().collect();
            format!("types: there is no `{name}`; there are {}", names.join(", "))
        })
    })
}

//! Events between their numbering and the moment in which they can be seen: on their way to the disk.

use std::sync::Arc;

use super::frame::Numbered;
use super::journal::Write;
use super::log::{Entry, Subject};
use super::{Board, Topic, Topics};
use crate::agent::{Call, CallId, News, Timestamp};

/// What clients are told, in one order.
#[derive(Clone, Debug)]
pub enum Told {
    /// Something of a call or an account.
    News(News),
    /// The agent is shutting down, since then.
    Draining(Timestamp),
}

impl<T: Into<News>> From<T> for Told {
    fn from(news: T) -> Self {
        Self::News(news.into())
    }
}

impl Told {
    /// The call, if this is of that one.
    pub fn call(&self, id: CallId) -> Option<Arc<Call>> {
        match self {
            Self::News(News::Call(event)) if event.call.id == id => Some(event.call.clone()),
            _ => None,
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        match self {
            Self::News(news) => news.time(),
            Self::Draining(time) => *time,
        }
    }

    pub(super) fn topic(&self) -> Topic {
        match self {
            Self::News(news) => Topic::of(news),
            Self::Draining(_) => Topic::Draining,
        }
    }
}

/// Events that are numbered, and cannot be seen yet. To be shown in the order in which they were sealed.
#[derive(Debug, Default)]
pub struct Sealed(Vec<Arc<Numbered>>);

impl Sealed {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|event| event.size()).sum()
    }

    /// The call as it is told of last.
    pub fn latest(&self, id: CallId) -> Option<Arc<Call>> {
        self.0.iter().rev().find_map(|event| event.told.call(id))
    }

    /// What of it are news.
    pub fn news(&self) -> impl Iterator<Item = &News> {
        self.0.iter().filter_map(|event| match &event.told {
            Told::News(news) => Some(news),
            Told::Draining(_) => None,
        })
    }

    /// What has to be written of it.
    pub fn writes(&self) -> impl Iterator<Item = Write> {
        self.0.iter().cloned().map(Write::Event)
    }
}

impl Board {
    /// Numbers events; nobody sees them before [`Board::show`].
    pub fn seal(&self, told: Vec<Told>) -> Sealed {
        let is_awaited = self.0.bells.are_heard();
        let mut press = self.press();
        let mut sealed = Vec::with_capacity(told.len());
        sealed.extend(told.into_iter().map(|told| press.number(told, is_awaited)));
        Sealed(sealed)
    }

    /// Makes sealed events visible. To be called before the SIP messages that tell the peer of them are sent.
    pub fn show(&self, sealed: Sealed) {
        let Some(latest) = sealed.0.iter().map(|event| event.told.time()).max() else { return };
        let mut topics = Topics::NONE;
        let mut shown = self.write();
        for event in sealed.0 {
            topics.insert(event.told.topic());
            let frame = event.clone().into();
            match &event.told {
                Told::News(news) => shown.add(news, frame),
                Told::Draining(_) => {
                    shown.log.push(Entry { topic: Topic::Draining, subject: Subject::Stream, frame });
                }
            }
        }
        shown.views.forget(latest);
        let (oldest, last) = (shown.log.oldest(), shown.log.last());
        drop(shown);
        self.0.bells.ring(topics, last, last + 1 - oldest);
    }

    /// Seals events and shows them at once: for a log in memory.
    pub fn publish(&self, told: Vec<impl Into<Told>>) {
        self.show(self.seal(told.into_iter().map(Into::into).collect()));
    }
}

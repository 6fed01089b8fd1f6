//! All that clients can see, under its one lock.

use std::sync::Arc;

use super::accounts::Accounts;
use super::log::{Entry, Log, Subject};
use super::views::Views;
use super::{Frame, Topic};
use crate::agent::News;

/// Views and log.
#[derive(Debug)]
pub(super) struct Shown {
    pub views: Views,
    pub accounts: Accounts,
    pub log: Log,
    pub draining: bool,
    /// Why the log cannot be written.
    pub fault: Option<Arc<str>>,
}

impl Shown {
    /// Shows an event, which was numbered as the log's next.
    pub fn add(&mut self, news: &News, frame: Frame) {
        let topic = Topic::of(news);
        let subject = match news {
            News::Call(event) => {
                self.views.apply(event, self.log.last() + 1, self.log.oldest());
                Subject::Call(event.call.clone())
            }
            News::Account(event) => {
                self.accounts.show(event.account.clone());
                Subject::Account(event.account.id.clone())
            }
        };
        self.log.push(Entry { topic, subject, frame });
    }
}

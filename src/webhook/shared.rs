//! What a worker shows of itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

use super::dead::{DeadLetters, DeliveryFailure};
use super::{Endpoint, Source};
use crate::agent::Timestamp;
use crate::state::EventId;

/// A receiver of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Its name.
    #[schema(examples("crm"))]
    pub id: String,
    /// Where events are sent; the query is not shown.
    #[schema(examples("https://crm.example.com/hooks/calls"))]
    pub url: String,
    /// The events that it wants.
    #[schema(examples(json!(["call.*", "registration.changed"])))]
    pub types: Vec<String>,
    /// Who has set it.
    pub source: Source,
    /// Whether it takes what is sent.
    pub state: WebhookState,
    /// The last event that was read for it; those up to it are delivered, but for the pending ones and the dead letters.
    #[schema(value_type = String, examples("7f3a-184223"))]
    pub position: EventId,
    /// How many events wait for another try or are on their way.
    pub pending: usize,
    /// How many were delivered since the agent was started.
    pub delivered: u64,
    /// How many tries have failed since the agent was started.
    pub failed: u64,
    /// How many were given up.
    pub dead_letters: usize,
    /// Why the last try failed; null: it did not.
    #[schema(required)]
    pub failure: Option<DeliveryFailure>,
    /// When the next try is, if none can be made now.
    #[schema(required)]
    pub next_attempt_at: Option<Timestamp>,
}

/// Whether a receiver takes what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookState {
    /// It does, or nothing says otherwise.
    Working,
    /// It has failed again and again. It is probed, and what it has not taken is kept for it.
    Failing,
}

/// What a worker and those who ask about it have in common.
#[derive(Debug)]
pub(super) struct Shared {
    status: Mutex<Status>,
    dead: Mutex<DeadLetters>,
}

#[derive(Debug)]
struct Status {
    is_working: bool,
    pending: usize,
    read: EventId,
    delivered: u64,
    failed: u64,
    failure: Option<DeliveryFailure>,
    next: Option<Timestamp>,
}

impl Shared {
    pub fn new(read: EventId, dead: DeadLetters) -> Self {
        let status =
            Status { is_working: true, pending: 0, read, delivered: 0, failed: 0, failure: None, next: None };
        Self { status: Mutex::new(status), dead: Mutex::new(dead) }
    }

    pub fn dead(&self) -> MutexGuard<'_, DeadLetters> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count_delivery(&self) {
        let mut status = self.status();
        status.delivered += 1;
        status.failure = None;
    }

    pub fn set_failure(&self, failure: DeliveryFailure) {
        let mut status = self.status();
        status.failed += 1;
        status.failure = Some(failure);
    }

    pub fn show(&self, is_working: bool, pending: usize, read: EventId, next: Option<Timestamp>) {
        let mut status = self.status();
        (status.is_working, status.pending, status.read, status.next) = (is_working, pending, read, next);
    }

    /// The receiver as clients see it.
    pub fn webhook(&self, endpoint: &Endpoint) -> Webhook {
        let status = self.status();
        Webhook {
            id: endpoint.id.clone(),
            url: endpoint.url.to_string(),
            types: endpoint.types.names().to_vec(),
            source: endpoint.source,
            state: if status.is_working { WebhookState::Working } else { WebhookState::Failing },
            position: status.read.clone(),
            pending: status.pending,
            delivered: status.delivered,
            failed: status.failed,
            dead_letters: self.dead().len(),
            failure: status.failure.clone(),
            next_attempt_at: status.next,
        }
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

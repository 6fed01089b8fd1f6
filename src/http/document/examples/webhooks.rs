//! Webhooks that work and fail.

use super::after;
use crate::http::webhook::{DeadLetterPage, Redelivering};
use crate::http::webhooks::{AddedWebhook, WebhookList};
use crate::state::EventId;
use crate::webhook::{DeadLetter, DeliveryFailure, Source, Webhook, WebhookState};

fn event_id(sequence: u64) -> EventId {
    EventId { epoch: "7f3a".into(), sequence }
}

/// One that works.
pub fn webhook() -> Webhook {
    Webhook {
        id: "crm".to_owned(),
        url: "https://crm.example.com/hooks/calls".to_owned(),
        types: vec!["call.*".to_owned(), "registration.changed".to_owned()],
        source: Source::File,
        state: WebhookState::Working,
        position: event_id(184_223),
        pending: 0,
        failed: 0,
        delivered: 5120,
        dead_letters: 0,
        failure: None,
        next_attempt_at: None,
    }
}

fn failure() -> DeliveryFailure {
    DeliveryFailure { at: after(0), status: Some(502), detail: "the receiver answered 502".to_owned() }
}

/// That one, and one that fails.
pub fn webhook_list() -> WebhookList {
    let failing = Webhook {
        id: "reports".to_owned(),
        url: "http://10.0.0.9:8080/events".to_owned(),
        types: vec!["call.ended".to_owned()],
        source: Source::Api,
        state: WebhookState::Failing,
        position: event_id(183_950),
        pending: 12,
        delivered: 0,
        failed: 48,
        dead_letters: 1,
        failure: Some(failure()),
        next_attempt_at: Some(after(60)),
    };
    WebhookList { webhooks: vec![webhook(), failing] }
}

/// One as it is when it was added.
pub fn added_webhook() -> AddedWebhook {
    let webhook = Webhook { source: Source::Api, delivered: 0, ..webhook() };
    // The secret of the standard's own example.
    AddedWebhook { webhook, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned() }
}

/// What one did not take.
pub fn dead_letters() -> DeadLetterPage {
    let letter = DeadLetter {
        event_id: event_id(170_001).to_string(),
        r#type: "call.ended".to_owned(),
        subject: Some("call_01JD8Q4V6T0000000000000000".to_owned()),
        time: after(-86_400),
        attempts: 291,
        failure: failure(),
    };
    DeadLetterPage { dead_letters: vec![letter], next_cursor: None }
}

/// What becomes of it.
pub fn redelivering() -> Redelivering {
    Redelivering { redelivering: 1, dead_letters: 0 }
}

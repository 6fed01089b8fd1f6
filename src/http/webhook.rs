//! `/v1/webhooks/{id}`: one webhook, and what it did not take.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Nothing};
use super::document::{DeadLetterParams, IdempotencyParam, WebhookParam, responses};
use super::query::{OfDeadLetters, Query};
use super::target::NamedWebhook;
use super::webhooks::refused;
use super::{Code, Context, Problem};
use crate::state::{After, EventId};
use crate::webhook::{DeadLetter, Webhook};

/// A page of dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterPage {
    /// The oldest first.
    pub dead_letters: Vec<DeadLetter>,
    /// The `cursor` of the next page; null: this was the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which dead letters are sent again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeliver {
    /// The event; all of them, if none is given.
    #[serde(default)]
    #[schema(examples("7f3a-184223"))]
    pub event_id: Option<String>,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redelivering {
    /// How many dead letters are on their way again.
    pub redelivering: usize,
    /// How many stay set aside: more than can be sent at a time, and those whose events the log no longer has.
    pub dead_letters: usize,
}

/// Read a webhook
///
/// `state` says whether it takes what is sent, `failure` why the last try failed.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    operation_id = "readWebhook",
    tag = "webhooks",
    params(WebhookParam),
    responses(responses::WebhookRead)
)]
pub async fn read(
    State(context): State<Context>,
    NamedWebhook(id): NamedWebhook,
) -> Result<Json<Webhook>, Problem> {
    context.webhooks.webhook(&id).await.map(Json).ok_or_else(Problem::webhook_not_found)
}

/// Remove a webhook
///
/// One that was added by request, with its dead letters; nothing more is sent to it. One of the settings file is removed there. Takes
/// no body: a field in one is 422.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    operation_id = "removeWebhook",
    tag = "webhooks",
    params(WebhookParam, IdempotencyParam),
    responses(responses::WebhookRemoved)
)]
pub async fn remove(
    State(context): State<Context>,
    NamedWebhook(id): NamedWebhook,
    Body(Nothing {}): Body<Nothing>,
) -> Result<StatusCode, Problem> {
    context.webhooks.remove(&id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// List dead letters
///
/// The events that were not taken within 24 hours (`--webhook-retry-seconds`), in their order; at most 10,000 are kept, the
/// oldest go first. A receiver that works but refuses 2,000 calls' events at a time has those that it has refused for an hour
/// here before their time, so that it is told of others.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/dead-letters",
    operation_id = "listDeadLetters",
    tag = "webhooks",
    params(WebhookParam, DeadLetterParams),
    responses(responses::DeadLettersListed)
)]
pub async fn dead_letters(
    State(context): State<Context>,
    NamedWebhook(id): NamedWebhook,
    query: Query<OfDeadLetters>,
) -> Result<Json<DeadLetterPage>, Problem> {
    let after = match query.after {
        Some(After::Event(id)) => id.sequence,
        _ => 0,
    };
    // One more tells whether there is a next page.
    let letters = context.webhooks.dead_letters(&id, after, query.limit + 1).await;
    let mut dead_letters = letters.ok_or_else(Problem::webhook_not_found)?;
    let more = dead_letters.len() > query.limit;
    dead_letters.truncate(query.limit);
    let next_cursor = dead_letters.last().filter(|_| more).map(|letter| letter.event_id.clone());
    Ok(Json(DeadLetterPage { dead_letters, next_cursor }))
}

/// Send dead letters again
///
/// One, or all, up to about a thousand at a time; they are tried at once and for another 24 hours, behind what waits of their call. A receiver that is only probed is
/// tried at once, too.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/redeliver", operation_id = "redeliver", tag = "webhooks",
    params(WebhookParam, IdempotencyParam), request_body = Redeliver, responses(responses::Redelivered)
)]
pub async fn redeliver(
    State(context): State<Context>,
    NamedWebhook(id): NamedWebhook,
    Body(Redeliver { event_id }): Body<Redeliver>,
) -> Result<(StatusCode, Json<Redelivering>), Problem> {
    let event = event_id.map(|id| id.parse::<EventId>()).transpose();
    let event = event.map_err(|_| Problem::new(Code::InvalidField, "event_id: not the id of an event"))?;
    let redelivering = context.webhooks.redeliver(&id, event.as_ref()).await.map_err(refused)?;
    let webhook = context.webhooks.webhook(&id).await.ok_or_else(Problem::webhook_not_found)?;
    let dead_letters = webhook.dead_letters;
    Ok((StatusCode::ACCEPTED, Json(Redelivering { redelivering, dead_letters })))
}

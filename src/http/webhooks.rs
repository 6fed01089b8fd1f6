//! `/v1/webhooks`: the receivers of events.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::document::{IdempotencyParam, responses};
use super::{Code, Context, Problem, error};
use crate::webhook::{BadEndpoint, Endpoint, Secret, Source, Types, Webhook, WebhookError, checked_id};

/// Every webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    /// By name.
    pub webhooks: Vec<Webhook>,
}

/// A webhook to be added. Without `Debug`: it holds secrets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Its name: 1–64 letters, digits and `-._~`; one is made if none is given.
    #[serde(default)]
    #[schema(examples("crm"))]
    pub id: Option<String>,
    /// Where events are sent: `http` or `https`. The query is not shown again; the path is.
    #[schema(examples("https://crm.example.com/hooks/calls"))]
    pub url: String,
    /// What they are signed with: `whsec_` and the base64 of 24 to 64 bytes; one is made if none is given.
    #[serde(default)]
    pub secret: Option<String>,
    /// The events wanted: names, and patterns as `call.*`; all, if none are given.
    #[serde(default)]
    pub types: Option<Vec<String>>,
}

/// A webhook that was added.
#[derive(Serialize, ToSchema)]
pub struct AddedWebhook {
    /// As it can be read from now on.
    pub webhook: Webhook,
    /// What its events are signed with. It is not shown again.
    #[schema(examples("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]
    pub secret: String,
}

/// List webhooks
///
/// Those of the settings file and those that were added here, with how their deliveries go.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    operation_id = "listWebhooks",
    tag = "webhooks",
    responses(responses::WebhooksListed)
)]
pub async fn list(State(context): State<Context>) -> Json<WebhookList> {
    Json(WebhookList { webhooks: context.webhooks.list().await })
}

/// Add a webhook
///
/// From now on events are sent to it by POST, each as a CloudEvents envelope in JSON as the streams have it, signed as Standard
/// Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature`). Events of one call come in order, one after the
/// other; those of different calls side by side. Any 2xx within 10 seconds is a yes; redirections are not followed. Anything
/// else is tried again, later and later, for 24 hours from the first try (`--webhook-retry-seconds`), then set aside as a dead
/// letter. `Retry-After` is heeded with 429, 502, 503 and 504, up to an hour; who answers 410 is left alone for an hour. The
/// same event may come twice, always under the same `webhook-id`.
///
/// While a receiver fails again and again it is only probed, and what happens stays in the log for it. What the log loses
/// before it is back, as `--journal-seconds` and its like say, is told as `stream.gap`, whatever `types` are wanted.
///
/// It is kept across restarts if there is a data directory. `secret` is in this answer and in no other, but for a repetition
/// by `Idempotency-Key`. Events go to any address that the agent can reach, also in its own network: give the API key to
/// those only who may send there. What `https` receivers must show is certified by the system's CAs or by `--webhook-ca`.
#[utoipa::path(
    post, path = "/v1/webhooks", operation_id = "addWebhook", tag = "webhooks",
    params(IdempotencyParam), request_body = NewWebhook, responses(responses::WebhookAdded)
)]
pub async fn add(State(context): State<Context>, Body(new): Body<NewWebhook>) -> Result<Response, Problem> {
    let endpoint = endpoint(new)?;
    let secret = endpoint.secret.reveal();
    let webhook = context.webhooks.add(endpoint).await.map_err(refused)?;
    let location = HeaderValue::from_str(&format!("/v1/webhooks/{}", webhook.id)).ok();
    let location = location.map(|location| [(header::LOCATION, location)]);
    Ok((StatusCode::CREATED, location, Json(AddedWebhook { webhook, secret })).into_response())
}

fn endpoint(new: NewWebhook) -> Result<Endpoint, Problem> {
    let bad = |field: &'static str| {
        move |fault: BadEndpoint| Problem::new(Code::InvalidField, format!("{field}: {fault}"))
    };
    let random = |_| error::internal();
    let id = match new.id {
        Some(id) => checked_id(&id).map_err(bad("id"))?,
        None => {
            format!("wh-{:08x}{:08x}", getrandom::u32().map_err(random)?, getrandom::u32().map_err(random)?)
        }
    };
    let secret = match new.secret {
        Some(secret) => secret.parse().map_err(bad("secret"))?,
        None => Secret::random().map_err(random)?,
    };
    let types = new.types.map(Types::try_from).transpose().map_err(bad("types"))?;
    let url = new.url.parse().map_err(bad("url"))?;
    Ok(Endpoint { id, url, secret, types: types.unwrap_or_default(), source: Source::Api })
}

/// Why it cannot be done.
pub fn refused(error: WebhookError) -> Problem {
    match error {
        WebhookError::NotFound => Problem::webhook_not_found(),
        WebhookError::NoDeadLetter => Problem::new(Code::NotFound, error.to_string()),
        WebhookError::Taken | WebhookError::TooMany | WebhookError::OfFile => {
            Problem::new(Code::Conflict, error.to_string())
        }
        WebhookError::Journal(error) => {
            Problem::new(Code::Overloaded, format!("it cannot be put on record: {error}"))
        }
    }
}

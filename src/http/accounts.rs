//! `GET /v1/accounts`: the extensions that the agent keeps registered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use super::document::responses;
use crate::agent::Account;
use crate::state::EventId;

/// Every account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountList {
    /// In the order of the settings.
    #[schema(value_type = Vec<Account>)]
    pub accounts: Vec<Arc<Account>>,
    /// The last event that this list has seen.
    #[schema(value_type = String, examples("7f3a-184223"))]
    pub last_event_id: EventId,
}

/// List accounts
///
/// Every `[[account]]` of the settings, in their order, with its registration as it is. To follow registrations from here on,
/// read `GET /v1/events?types=registration.changed&after=` with the `last_event_id`: list and events together miss nothing and
/// repeat nothing.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    responses(responses::AccountsListed)
)]
pub async fn list(State(context): State<Context>) -> Json<AccountList> {
    let listing = context.board.accounts();
    Json(AccountList { accounts: listing.accounts, last_event_id: listing.last_event_id })
}

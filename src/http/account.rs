//! `/v1/accounts/{id}`: one account, and the commands to it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::body::{Body, Nothing};
use super::document::{AccountParam, IdempotencyParam, responses};
use super::target::NamedAccount;
use super::{Context, Problem, refusal};
use crate::agent::Account;
use crate::agent::command::{AccountAction, AccountCommand};

/// Read an account
///
/// `state` says how far its registration is; `failure` why the last try failed, and `next_attempt_at` when the next one is.
#[utoipa::path(
    get,
    path = "/v1/accounts/{id}",
    operation_id = "readAccount",
    tag = "accounts",
    params(AccountParam),
    responses(responses::AccountRead)
)]
pub async fn read(
    State(context): State<Context>,
    NamedAccount(id): NamedAccount,
) -> Result<Json<Arc<Account>>, Problem> {
    context.board.account(&id).map(Json).ok_or_else(Problem::account_not_found)
}

/// Register an account
///
/// Registers it now and keeps it registered; one that is registered already is refreshed. The answer comes when the registrar
/// has answered: the account, `registered`, or 502 `sip-rejected` with the registrar's `sip_status`, or 504 `sip-timeout` if it
/// does not answer in 40 s or cannot be reached. After a failure the agent goes on trying by itself. Takes no body: a field in one is 422.
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/register",
    operation_id = "registerAccount",
    tag = "accounts",
    params(AccountParam, IdempotencyParam),
    responses(responses::Registered)
)]
pub async fn register(
    State(context): State<Context>,
    NamedAccount(id): NamedAccount,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Arc<Account>>, Problem> {
    command(context, id, AccountAction::Register).await
}

/// Unregister an account
///
/// Ends its registration, and leaves it unregistered until it is told to register. The answer comes when the registrar has
/// answered: the account, `unregistered`. If the registrar refuses or is silent, the answer says so, and what it has bound lapses
/// by itself. Takes no body: a field in one is 422.
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/unregister",
    operation_id = "unregisterAccount",
    tag = "accounts",
    params(AccountParam, IdempotencyParam),
    responses(responses::Unregistered)
)]
pub async fn unregister(
    State(context): State<Context>,
    NamedAccount(id): NamedAccount,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Arc<Account>>, Problem> {
    command(context, id, AccountAction::Unregister).await
}

async fn command(
    context: Context,
    account: String,
    action: AccountAction,
) -> Result<Json<Arc<Account>>, Problem> {
    let done = context.commander.account(AccountCommand { account, action }).await;
    done.map(Json).map_err(refusal::problem)
}

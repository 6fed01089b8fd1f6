//! The call, the account or the webhook that a path names.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::Problem;
use crate::agent::CallId;

/// `{id}` of the path. What is no id of a call is a call that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Target(pub CallId);

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(head, state).await;
        let id = path.ok().and_then(|Path(id)| id.parse().ok());
        id.map(Self).ok_or_else(|| Problem::call_not_found(None))
    }
}

/// `{id}` of an account's path, which need not be one that there is.
#[derive(Clone, Debug)]
pub struct NamedAccount(pub String);

impl<S: Send + Sync> FromRequestParts<S> for NamedAccount {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(head, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Problem::account_not_found())
    }
}

/// `{id}` of a webhook's path, which need not be one that there is.
#[derive(Clone, Debug)]
pub struct NamedWebhook(pub String);

impl<S: Send + Sync> FromRequestParts<S> for NamedWebhook {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(head, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Problem::webhook_not_found())
    }
}

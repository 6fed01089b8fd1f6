//! `/v1/calls/{id}/claim`: the lease that keeps other owners' commands out; and who a command says it is from.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Body;
use super::call::CallAnswer;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::IfMatch;
use super::target::Target;
use super::{Code, Context, Problem};
use crate::agent::Action;
use crate::agent::command::{Claimant, RenewClaim, TakeClaim};

/// Who a command is from: `Claim-Owner`, and the lease he believes to have, `Claim-Fence`.
#[derive(Clone, Debug)]
pub struct By(pub Option<Claimant>);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = |name: &str| {
            let value = head.headers.get(name)?;
            Some(value.to_str().map_err(|_| malformed(name)))
        };
        let fence = text("claim-fence").transpose()?;
        let fence = fence.map(|fence| fence.parse().map_err(|_| malformed("claim-fence"))).transpose()?;
        let Some(owner) = text("claim-owner").transpose()? else {
            return if fence.is_none() { Ok(Self(None)) } else { Err(ownerless()) };
        };
        if !Claimant::is_name(owner) {
            return Err(malformed("claim-owner"));
        }
        Ok(Self(Some(Claimant { owner: owner.to_owned(), fence })))
    }
}

impl By {
    /// The same, if it does not say who it is from: from this owner.
    fn or(self, owner: Option<String>) -> Result<Self, Problem> {
        let invalid = |fault: &str| Problem::new(Code::InvalidField, format!("owner: {fault}"));
        match (self.0, owner) {
            (by, None) => Ok(Self(by)),
            (_, Some(owner)) if !Claimant::is_name(&owner) => {
                Err(invalid("1 to 128 visible ASCII characters"))
            }
            (None, Some(owner)) => Ok(Self(Some(Claimant { owner, fence: None }))),
            (Some(by), Some(owner)) if by.owner == owner => Ok(Self(Some(by))),
            (Some(_), Some(_)) => Err(invalid("Claim-Owner says another one")),
        }
    }
}

fn ownerless() -> Problem {
    Problem::new(Code::Malformed, "Claim-Fence: there must be a Claim-Owner beside it")
}

fn malformed(name: &str) -> Problem {
    let detail = match name {
        "claim-owner" => "Claim-Owner: 1 to 128 visible ASCII characters",
        _ => "Claim-Fence: the number of a lease",
    };
    Problem::new(Code::Malformed, detail)
}

/// Claim a call
///
/// Takes a lease: while it lasts, commands of others are refused with 409 `claimed`, as are those that do not say in
/// `Claim-Owner` who they are from. One's own lease is renewed and keeps its `fence`; each new lease has a greater one. Another's
/// is taken with `"takeover": true` only. It is over when its time is (`call.released` with the reason `lapsed`), when it is given
/// up, or with the call.
#[utoipa::path(
    post, path = "/v1/calls/{id}/claim", operation_id = "claimCall", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam), request_body = TakeClaim, responses(responses::Claimed)
)]
pub async fn take(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    Body(take): Body<TakeClaim>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, By(None), Action::Claim(take)).await
}

/// Renew a claim
///
/// The lease of this owner lasts so long from now on. If there is none it is taken; another's is not.
#[utoipa::path(
    put, path = "/v1/calls/{id}/claim", operation_id = "renewClaim", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam), request_body = RenewClaim, responses(responses::Claimed)
)]
pub async fn renew(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    Body(renew): Body<RenewClaim>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, By(None), Action::RenewClaim(renew)).await
}

/// A lease that is given up, as it is written when it is taken.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GiveUp {
    /// Whose it is, if `Claim-Owner` does not say so.
    #[schema(min_length = 1, max_length = 128, examples("crm-7"))]
    owner: Option<String>,
    /// How long it was to last, which no longer matters.
    #[serde(rename = "ttl_seconds")]
    _ttl_seconds: Option<u32>,
}

/// Release a claim
///
/// The lease of the owner in `Claim-Owner`, or in the body, is over. Without a lease there is nothing to do.
#[utoipa::path(
    delete,
    path = "/v1/calls/{id}/claim",
    operation_id = "releaseClaim",
    tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams),
    request_body = Option<GiveUp>,
    responses(responses::Released)
)]
pub async fn release(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(GiveUp { owner, .. }): Body<GiveUp>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by.or(owner)?, Action::ReleaseClaim).await
}

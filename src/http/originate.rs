//! `POST /v1/calls`: a new call.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::body::Body;
use super::call::CallAnswer;
use super::document::{IdempotencyParam, responses};
use super::{Context, Problem, refusal};
use crate::agent::Refusal;
use crate::agent::command::Originate;

/// Call somebody
///
/// Places a call, by an account or without one. The answer is the call in `dialing`, at once: what becomes of it comes as
/// events (`call.dialing`, `call.ringing`, `call.accepted`, `call.established`, `call.ended`), and whoever does not answer, is
/// busy or cannot be reached is told by the `end` of `call.ended`. `cancel`, `hangup` and DELETE give the call up before its
/// answer.
///
/// Without `sdp` an offer is generated from the configured media address and codecs. Without an answer the call is given up
/// after `timeout_seconds`. `Location` is the call, `ETag` its version.
#[utoipa::path(
    post, path = "/v1/calls", operation_id = "createCall", tag = "calls",
    params(IdempotencyParam), request_body = Originate, responses(responses::Originated)
)]
pub async fn originate(
    State(context): State<Context>,
    Body(originate): Body<Originate>,
) -> Result<Response, Problem> {
    let call = context.commander.originate(originate).await.map_err(refused)?;
    let location = HeaderValue::from_str(&format!("/v1/calls/{}", call.id)).ok();
    let location = location.map(|location| [(header::LOCATION, location)]);
    Ok((StatusCode::CREATED, location, CallAnswer(call)).into_response())
}

/// The account stands in the body here, not in the path.
fn refused(refusal: Refusal) -> Problem {
    refusal::problem(match refusal {
        Refusal::AccountNotFound => {
            Refusal::InvalidField { field: "account", fault: "there is no such account".to_owned() }
        }
        refusal => refusal,
    })
}

//! What probes ask, without a key.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::responses;
use super::{Code, Context, Problem};

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `alive` or `ready`.
    #[schema(value_type = String, examples("ready"))]
    pub status: &'static str,
}

/// Is the process alive?
///
/// 200 for as long as it can answer at all. Needs no key.
#[utoipa::path(
    get, path = "/livez", operation_id = "livez", tag = "health",
    responses(responses::Alive), security(())
)]
pub async fn livez() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// Does it take calls?
///
/// 200, or 503 while it shuts down or its log cannot be written. Needs no key.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "health",
    responses(responses::Ready), security(())
)]
pub async fn readyz(State(context): State<Context>) -> Result<Json<Health>, Problem> {
    if context.board.is_draining() {
        return Err(Problem::new(Code::Draining, "the agent is shutting down and takes no new calls"));
    }
    if let Some(fault) = context.board.fault() {
        let detail = format!("the log cannot be written, and no new calls are taken: {fault}");
        return Err(Problem::new(Code::Overloaded, detail));
    }
    Ok(Json(Health { status: "ready" }))
}

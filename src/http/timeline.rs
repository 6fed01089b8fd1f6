//! `GET /v1/calls/{id}/timeline`: what happened to a call.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::document::{CallParam, TimelineParams, responses};
use super::query::{Format, OfTimeline, Query};
use super::target::Target;
use super::{Code, Context, Problem};
use crate::timeline::{Story, mermaid, pcapng, text};

/// How many events are shown.
const MOST_EVENTS: usize = 1000;

/// Read a call's timeline
///
/// The call's SIP messages as they were received and sent, the commands that reached it, and its events, on one clock. As JSON; as
/// `text`, a ladder for people; as a sequence diagram of `mermaid`; or as `pcapng`, which Wireshark opens as SIP: of TLS the
/// messages stand in it in the clear, as TCP.
///
/// What answers challenges, passwords in URIs and the keys of media are covered by `*`. Messages and commands are kept in
/// memory, for as long as the call is and up to 64 KiB of it, its beginning and its latest part (`dropped` says how many entries
/// between them are missing), and of all calls together up to `--timeline-bytes`: beyond it the calls that began first have only
/// their events, as have calls of an earlier run. Up to 1,000 events are shown.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/timeline",
    operation_id = "readTimeline",
    tag = "calls",
    params(CallParam, TimelineParams),
    responses(responses::TimelineRead)
)]
pub async fn read(
    State(context): State<Context>,
    Target(id): Target,
    query: Query<OfTimeline>,
) -> Result<Response, Problem> {
    let call = context.board.call(id).ok_or_else(|| Problem::call_not_found(Some(id)))?;
    let events = context.board.envelopes_of(id, MOST_EVENTS).await.map_err(|error| {
        tracing::error!(call = %call.id, sip_call_id = %call.sip.call_id, %error, "the events of a call cannot be read");
        Problem::new(Code::Internal, "the events of the call cannot be read")
    })?;
    let story = context.timelines.story(call, &events);
    Ok(match query.format {
        Format::Json => Json(story).into_response(),
        Format::Text => typed("text/plain; charset=utf-8", text(&story)),
        Format::Mermaid => typed("text/vnd.mermaid; charset=utf-8", mermaid(&story)),
        Format::Pcapng => capture(&story),
    })
}

fn typed(kind: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

fn capture(story: &Story) -> Response {
    let mut response = typed("application/x-pcapng", pcapng(story));
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{}.pcapng\"", story.call_id));
    if let Ok(name) = name {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

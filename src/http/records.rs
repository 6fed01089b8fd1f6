//! `GET /v1/records`: ended calls, for billing and reports.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytestring::ByteString;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::{PageParams, RecordParams, responses};
use super::preference::preferred;
use super::query::{OfRecords, Query};
use super::{Code, Context, Problem};
use crate::agent::event::{Direction, End, Party};
use crate::agent::{Call, CallId, Timestamp};
use crate::state::records::{Wanted, records};

/// What a page of CSV is.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordPage {
    /// Newest first.
    pub records: Vec<Record>,
    /// The `cursor` of the next page; null: this was the last. A page may have fewer records than `limit` and still not be the
    /// last, when few of many fit the filters.
    #[schema(required, value_type = Option<String>)]
    pub next_cursor: Option<CallId>,
}

/// An ended call: who, when, how long, how it ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Record {
    /// The call.
    pub call_id: CallId,
    /// Who placed it.
    pub direction: Direction,
    /// The account it came in on or went out by.
    #[schema(required, value_type = Option<String>)]
    pub account: Option<ByteString>,
    /// Who called.
    #[schema(value_type = Party)]
    pub from: Arc<Party>,
    /// Who was called.
    #[schema(value_type = Party)]
    pub to: Arc<Party>,
    /// The SIP Call-ID, for matching with a PBX's records.
    #[schema(value_type = String)]
    pub sip_call_id: ByteString,
    /// When the INVITE was received or sent.
    pub created_at: Timestamp,
    /// When it rang.
    #[schema(required)]
    pub ringing_at: Option<Timestamp>,
    /// When it was answered.
    #[schema(required)]
    pub accepted_at: Option<Timestamp>,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
    /// From the answer to the end, seconds; 0 if nobody answered.
    #[schema(examples(61.25))]
    pub duration_seconds: f64,
    /// How it ended.
    #[schema(required, value_type = Option<End>)]
    pub end: Option<Arc<End>>,
}

impl Record {
    /// Of an ended call.
    pub fn of(call: &Call) -> Self {
        Self {
            call_id: call.id,
            direction: call.direction,
            account: call.account.clone(),
            from: call.from.clone(),
            to: call.to.clone(),
            sip_call_id: call.sip.call_id.clone(),
            created_at: call.created_at,
            ringing_at: call.ringing_at,
            accepted_at: call.accepted_at,
            ended_at: call.ended_at,
            duration_seconds: duration(call),
            end: call.end.clone(),
        }
    }
}

fn duration(call: &Call) -> f64 {
    let times = call.accepted_at.zip(call.ended_at);
    times.map_or(0.0, |(answered, ended)| ended.0.saturating_sub(answered.0).max(0) as f64 / 1e6)
}

/// List records of ended calls
///
/// The newest first, for as long as the data directory keeps them (`--journal-seconds`), also across restarts; without a data
/// directory those that `GET /v1/calls` still has. `since` and `until` are times at which the calls began. With `Accept:
/// text/csv` the page comes as CSV (RFC 4180) with a head line; the `cursor` of the next page is then the header
/// `Next-Cursor`, if there is one.
#[utoipa::path(
    get,
    path = "/v1/records",
    operation_id = "listRecords",
    tag = "calls",
    params(RecordParams, PageParams),
    responses(responses::RecordsListed)
)]
pub async fn list(
    State(context): State<Context>,
    headers: HeaderMap,
    query: Query<OfRecords>,
) -> Result<Response, Problem> {
    let Query { filter, limit, cursor, since, until, causes, .. } = query;
    let wanted = Wanted { filter, causes, since, until, cursor, limit };
    let page = records(&context.board, context.journal.as_ref(), wanted).await.map_err(|error| {
        tracing::error!(%error, "the records cannot be read");
        Problem::new(Code::Internal, "the records cannot be read")
    })?;
    let next_cursor = page.next_cursor;
    let records: Vec<_> = page.calls.iter().map(|call| Record::of(call)).collect();
    if !preferred(&headers, [("application/json", false), ("text/csv", true)]).unwrap_or(false) {
        return Ok(Json(RecordPage { records, next_cursor }).into_response());
    }
    let mut response = csv(&records).into_response();
    let head = response.headers_mut();
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static(CSV));
    if let Some(next) = next_cursor.and_then(|next| HeaderValue::from_str(&next.to_string()).ok()) {
        head.insert("next-cursor", next);
    }
    Ok(response)
}

const COLUMNS: &str = "call_id,direction,account,from,to,sip_call_id,created_at,ringing_at,accepted_at,ended_at,\
                       duration_seconds,cause,by,sip_status,reason\r\n";

/// As CSV (RFC 4180), with a head line.
pub fn csv(records: &[Record]) -> String {
    let mut text = COLUMNS.to_owned();
    for record in records {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        let end = record.end.as_deref();
        let row = [
            record.call_id.to_string(),
            word(record.direction),
            record.account.as_deref().unwrap_or_default().to_owned(),
            record.from.uri.to_string(),
            record.to.uri.to_string(),
            record.sip_call_id.to_string(),
            record.created_at.to_string(),
            time(record.ringing_at),
            time(record.accepted_at),
            time(record.ended_at),
            record.duration_seconds.to_string(),
            end.map(|end| word(end.cause)).unwrap_or_default(),
            end.map(|end| word(end.by)).unwrap_or_default(),
            end.and_then(|end| end.sip_status).map(|status| status.to_string()).unwrap_or_default(),
            end.and_then(|end| end.reason.as_deref()).unwrap_or_default().to_owned(),
        ];
        text.push_str(&row.map(|field| quoted(&field)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A word of a vocabulary, as JSON has it.
fn word(word: impl Serialize) -> String {
    let json = serde_json::to_value(word).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// A field of CSV (RFC 4180 §2). What a peer has sent must be no formula to a spreadsheet: such text gets an apostrophe.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let is_plain = guard.is_empty() && !field.contains([',', '"', '\r', '\n']);
    if is_plain { field.to_owned() } else { format!("\"{guard}{}\"", field.replace('"', "\"\"")) }
}

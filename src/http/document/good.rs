//! What operations answer when it goes well.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

use super::responses::{Answers, example_of, problem};
use super::{event, examples, json};
use crate::http::Code;
use crate::http::health::Health;

/// One answer, by its status.
pub fn answer(status: u16, response: impl Into<RefOr<Response>>) -> Answers {
    Answers::from([(status.to_string(), response.into())])
}

/// A header of text.
pub fn text_header(about: &str) -> utoipa::openapi::Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new().schema(Some(text)).description(Some(about)).build()
}

/// A call, with its version.
pub fn call(about: &str, example: &str) -> Answers {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Call")))
        .examples_from_iter([(example, example_of(example))])
        .build();
    let etag = text_header("The call's version in quotes.");
    let response = ResponseBuilder::new().description(about).header("ETag", etag);
    answer(200, response.content("application/json", content).build())
}

/// A call whose peer has taken what it was sent.
pub fn heard() -> Answers {
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Heard"))).example(json(examples::heard()));
    let response = ResponseBuilder::new()
        .description("The call, and what its peer has answered")
        .header("ETag", text_header("The call's version in quotes."));
    let mut answers = answer(200, response.content("application/json", content.build()).build());
    let (code, example) = (Code::SipRejected, examples::peer_refused());
    answers.extend(answer(502, problem(502, &[(code, examples::shown(code.row().2, example))])));
    answers
}

/// A new call, with its place.
pub fn originated() -> Answers {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Call")))
        .examples_from_iter([("call-dialing", example_of("call-dialing"))])
        .build();
    let response = ResponseBuilder::new()
        .description("The call, `dialing`")
        .header("ETag", text_header("The call's version in quotes."))
        .header("Location", text_header("The call's path."));
    answer(201, response.content("application/json", content).build())
}

/// The accounts.
pub fn accounts() -> Answers {
    let list = Ref::from_schema_name("AccountList");
    let content = ContentBuilder::new().schema(Some(list)).example(json(examples::account_list())).build();
    answer(
        200,
        ResponseBuilder::new().description("The accounts").content("application/json", content).build(),
    )
}

/// An account, and that there is none.
pub fn account(about: &str, example: &str) -> Answers {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Account")))
        .examples_from_iter([(example, example_of(example))])
        .build();
    let mut answers =
        answer(200, ResponseBuilder::new().description(about).content("application/json", content).build());
    let (code, example) = (Code::NotFound, examples::no_such_account());
    answers.extend(answer(404, problem(404, &[(code, examples::shown(code.row().2, example))])));
    answers
}

/// An account, and that its registrar does not answer.
pub fn account_command(about: &str, example: &str) -> Answers {
    let mut answers = account(about, example);
    let (code, example) = (Code::SipTimeout, examples::registrar_silent());
    answers.extend(answer(504, problem(504, &[(code, examples::shown(code.row().2, example))])));
    answers
}

/// A call, or that it is at the version that the client has.
pub fn read() -> Answers {
    let mut answers = call("The call", "call-ringing");
    answers.extend(answer(304, Response::new("The call is at the version that `If-None-Match` names")));
    answers
}

/// A page of calls.
pub fn page() -> Answers {
    let page = Ref::from_schema_name("CallPage");
    let content = ContentBuilder::new().schema(Some(page)).example(json(examples::page())).build();
    answer(
        200,
        ResponseBuilder::new().description("A page of calls").content("application/json", content).build(),
    )
}

/// A page of records.
pub fn records() -> Answers {
    let page = Ref::from_schema_name("RecordPage");
    let json = ContentBuilder::new().schema(Some(page)).example(json(examples::records())).build();
    let text = ObjectBuilder::new().schema_type(Type::String);
    let csv = ContentBuilder::new().schema(Some(text)).example(Some(examples::records_csv().into())).build();
    let response = ResponseBuilder::new()
        .description("A page of records")
        .header(
            "Next-Cursor",
            text_header("Of CSV: the `cursor` of the next page. Without it this was the last."),
        )
        .content("application/json", json)
        .content(crate::http::records::CSV, csv);
    answer(200, response.build())
}

/// What happened to a call, in each of its forms.
pub fn timeline() -> Answers {
    let story = examples::timeline();
    let text = |text: String| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        ContentBuilder::new().schema(Some(schema)).example(Some(text.into())).build()
    };
    let timeline = Ref::from_schema_name("Timeline");
    let content = ContentBuilder::new().schema(Some(timeline)).example(json(&story)).build();
    let response = ResponseBuilder::new()
        .description("The timeline")
        .content("application/json", content)
        .content("text/plain; charset=utf-8", text(crate::timeline::text(&story)))
        .content("text/vnd.mermaid; charset=utf-8", text(crate::timeline::mermaid(&story)))
        .content("application/x-pcapng", text("(a capture file)".to_owned()));
    answer(200, response.build())
}

/// The stream of one call.
pub fn call_events() -> Answers {
    let mut answers = event::stream("The call's events; the stream closes after `call.ended`");
    answers.extend(answer(204, Response::new("The call has ended, and nothing is left behind the position")));
    answers
}

/// What is counted and measured.
pub fn metrics() -> Answers {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let content = ContentBuilder::new().schema(Some(text)).example(Some(examples::METRICS.into())).build();
    let response = ResponseBuilder::new().description("The metrics");
    answer(200, response.content(crate::http::metrics::CONTENT_TYPE, content).build())
}

/// How the service is.
pub fn health(status: &'static str) -> Answers {
    let health = Ref::from_schema_name("Health");
    let content = ContentBuilder::new().schema(Some(health)).example(json(Health { status })).build();
    answer(200, ResponseBuilder::new().description("Yes").content("application/json", content).build())
}

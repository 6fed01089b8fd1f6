//! What the operations on webhooks answer when it goes well, and that there is none.

use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

use super::good::{answer, text_header};
use super::responses::{Answers, problem};
use super::{examples, json};
use crate::http::Code;

/// A body of that schema.
pub fn body(status: u16, about: &str, schema: &str, example: impl Serialize) -> Answers {
    answer(status, response(about, schema, example).build())
}

fn response(about: &str, schema: &str, example: impl Serialize) -> ResponseBuilder {
    let schema = Some(Ref::from_schema_name(schema));
    let content = ContentBuilder::new().schema(schema).example(json(example)).build();
    ResponseBuilder::new().description(about).content("application/json", content)
}

/// A new one, with its place.
pub fn webhook_added() -> Answers {
    let response = response("The webhook, with its secret", "AddedWebhook", examples::added_webhook());
    let response: Response = response.header("Location", text_header("The webhook's path.")).build();
    answer(201, response)
}

/// The same, and that there is no such webhook.
pub fn of_webhook(mut answers: Answers) -> Answers {
    let (code, example) = (Code::NotFound, examples::no_such_webhook());
    answers.extend(answer(404, problem(404, &[(code, examples::shown(code.row().2, example))])));
    answers
}

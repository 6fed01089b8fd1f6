//! A line of text for an event, as tracing-subscriber's own format writes it without colours, in half the time: a call costs two lines.
//! What a peer has sent and somebody logs can neither begin a line nor tell a terminal what to do: control characters are escaped.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::driver::wall_clock;

/// `TIME LEVEL SPANS: TARGET: MESSAGE FIELDS`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        write!(writer, "{}", wall_clock())?;
        writer.write_str(level(*metadata.level()))?;
        let mut has_spans = false;
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            writer.write_str(span.name())?;
            if let Some(fields) =
                span.extensions().get::<FormattedFields<N>>().filter(|fields| !fields.is_empty())
            {
                write!(writer, "{{{fields}}}")?;
            }
            writer.write_char(':')?;
            has_spans = true;
        }
        writer.write_str(if has_spans { " " } else { "" })?;
        writer.write_str(metadata.target())?;
        writer.write_char(':')?;
        let mut fields = Fields { writer: writer.by_ref(), written: Ok(()) };
        event.record(&mut fields);
        fields.written?;
        writer.write_char('\n')
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::TRACE => " TRACE ",
        Level::DEBUG => " DEBUG ",
        Level::INFO => "  INFO ",
        Level::WARN => "  WARN ",
        Level::ERROR => " ERROR ",
    }
}

/// Writes the message alone, other fields with their names.
struct Fields<'a> {
    writer: Writer<'a>,
    written: fmt::Result,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) -> fmt::Result {
        self.writer.write_char(' ')?;
        if field.name() == "message" {
            return Ok(());
        }
        self.writer.write_str(field.name())?;
        self.writer.write_char('=')
    }

    fn then(&mut self, write: impl FnOnce(&mut Self) -> fmt::Result) {
        if self.written.is_ok() {
            self.written = write(self);
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.then(|fields| {
            fields.name(field)?;
            match field.name() {
                "message" => Plain(&mut fields.writer).write_str(value),
                _ => write!(Plain(&mut fields.writer), "{value:?}"),
            }
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.then(|fields| {
            fields.name(field)?;
            write!(Plain(&mut fields.writer), "{value:?}")
        });
    }
}

/// Writes control characters as Rust would in a string.
struct Plain<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Plain<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // C0, DEL, and what begins C1 in UTF-8, as much else.
        if !text.bytes().any(|byte| byte < b' ' || byte == 0x7f || byte == 0xc2) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|char| match char.is_control() {
            true => write!(self.0, "{}", char.escape_default()),
            false => self.0.write_char(char),
        })
    }
}

#[cfg(test)]
mod tests;

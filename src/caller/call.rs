//! One call of the caller, from its INVITE to its end.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::Printer;
use super::report::{self, Ended};
use crate::agent::command::{Hangup, Originate};
use crate::agent::{Action, CallCommand, CallId, Refusal};
use crate::driver::{Commander, wall_clock};
use crate::state::{After, Board, Filter, Frame};

/// What is to be done with a call.
#[derive(Clone, Copy, Debug)]
pub enum Plan {
    /// Give it up, so long after its INVITE.
    Cancel(Duration),
    /// Hang it up, so long after its answer.
    Hangup(Duration),
    /// Wait until the other side hangs up.
    Listen,
}

/// One call, under way.
pub struct Caller {
    pub board: Board,
    pub commander: Commander,
    pub printer: Printer,
    pub plan: Plan,
    pub number: u32,
}

/// What the events have said so far.
#[derive(Default)]
struct Seen {
    ringing: Option<Duration>,
    answered: Option<Duration>,
    end: Option<Value>,
}

impl Caller {
    /// Places the call and follows it to its end.
    pub async fn place(self, originate: Originate) -> Result<Ended, Refusal> {
        let begun = Instant::now();
        let call = self.commander.originate(originate).await?;
        let start = call.created_at.0;
        let reader = self.board.follow_call(call.id, &After::Earliest, Filter::default(), wall_clock());
        let mut reader = reader.ok_or(Refusal::NotFound)?;
        let mut due = match self.plan {
            Plan::Cancel(after) => Some(begun + after),
            Plan::Hangup(_) | Plan::Listen => None,
        };
        let mut seen = Seen::default();
        loop {
            tokio::select! {
                frames = reader.next() => {
                    let Some(frames) = frames else { break };
                    let was_answered = seen.answered.is_some();
                    for frame in frames {
                        self.hear(&frame, start, &mut seen);
                    }
                    if let (Plan::Hangup(after), false, Some(_)) = (self.plan, was_answered, seen.answered) {
                        due = Some(Instant::now() + after);
                    }
                }
                () = until(due) => {
                    due = None;
                    self.end(call.id);
                }
            }
        }
        Ok(self.ended(seen))
    }

    /// Gives the command and does not wait for it: the events say what became of it. A hangup is a CANCEL before the answer,
    /// whose state only the agent knows, and a BYE behind it.
    fn end(&self, call: CallId) {
        let action = Action::Hangup(Hangup::default());
        let commander = self.commander.clone();
        tokio::spawn(async move {
            commander.call(CallCommand { call, if_version: None, by: None, action }).await
        });
    }

    fn hear(&self, frame: &Frame, start: i64, seen: &mut Seen) {
        let line = frame.line();
        let Ok(event) = serde_json::from_slice::<Value>(&line) else { return };
        let after = since(start, &event);
        match report::word(&event, "/type") {
            Some("call.ringing") => drop(seen.ringing.get_or_insert(after)),
            Some("call.accepted") => drop(seen.answered.get_or_insert(after)),
            Some("call.ended") => seen.end = event.pointer("/data/call/end").cloned(),
            _ => {}
        }
        self.printer.event(&line, || report::line(self.number, after, &event));
    }

    fn ended(&self, seen: Seen) -> Ended {
        let end = seen.end.unwrap_or_default();
        let is = |name: &str, value: &str| end.get(name).is_some_and(|found| found == value);
        let as_planned = match self.plan {
            Plan::Cancel(_) => is("cause", "cancelled") && is("by", "api"),
            Plan::Hangup(_) => is("cause", "hangup") && is("by", "api"),
            Plan::Listen => is("cause", "hangup") && is("by", "remote"),
        };
        Ended { how: report::end(&end), as_planned, ringing: seen.ringing, answered: seen.answered }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// How long after the call began an event happened.
fn since(start: i64, event: &Value) -> Duration {
    let time = report::word(event, "/time").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let microseconds = time.map_or(0, |time| time.as_microsecond() - start);
    Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
}

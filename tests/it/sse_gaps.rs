//! A position that is gone is said aloud, and the stream goes on with what there is.

use serde_json::json;

use crate::agent::Agent;
use crate::caller::{Caller, text};
use crate::client::Frame;

fn sequence(id: &str) -> u64 {
    id.rsplit_once('-').unwrap().1.parse().unwrap()
}

/// A gap from `oldest` to `last`, in the epoch of `id`.
#[track_caller]
fn is_gap(frame: &Frame, id: &str, oldest: u64, last: u64) {
    let epoch = id.rsplit_once('-').unwrap().0;
    assert_eq!((frame.event.as_str(), &frame.id), ("stream.gap", &None));
    let expected = json!({"oldest": format!("{epoch}-{oldest}"), "last": format!("{epoch}-{last}")});
    assert_eq!(frame.data["data"], expected);
}

#[test]
fn a_position_that_the_log_has_dropped_is_a_gap() {
    let agent = Agent::start_with(&["--log-events", "4"]);
    let mut events = agent.follow("/v1/events");
    let (_caller, call) = Caller::offered(&agent, &mut events);
    for number in 0..9 {
        agent.patch(&call, &json!({"labels": {"number": number.to_string()}}).to_string());
    }
    let ids: Vec<_> = (0..9).map(|_| events.next().unwrap().id.unwrap()).collect();
    assert_eq!(sequence(&ids[8]), 10);
    let next_two = |after: &str| {
        let mut stream = agent.follow(&format!("/v1/events?after={after}"));
        [stream.next().unwrap(), stream.next().unwrap()]
    };
    let [gap, first] = next_two(&ids[0]);
    is_gap(&gap, &ids[0], 7, 10);
    assert_eq!(first.id.as_deref(), Some(ids[5].as_str()));
    let [first, second] = next_two(&ids[4]);
    assert_eq!(
        [first.id, second.id],
        [Some(ids[5].clone()), Some(ids[6].clone())],
        "6 is gone, but nothing behind it is"
    );
    let earliest = agent.follow("/v1/events?after=earliest").next().unwrap();
    assert_eq!(earliest.id.as_deref(), Some(ids[5].as_str()), "who asks for the oldest has lost nothing");
    let mut of_call = agent.follow(&format!("/v1/calls/{call}/events"));
    is_gap(&of_call.next().unwrap(), &ids[0], 7, 10);
    assert_eq!(of_call.next().unwrap().id.as_deref(), Some(ids[5].as_str()));
    let filtered = agent.follow(&format!("/v1/events?types=call.ended&after={}", ids[0])).next().unwrap();
    is_gap(&filtered, &ids[0], 7, 10);
}

#[test]
fn a_client_that_goes_on_from_the_gap_itself_misses_nothing() {
    let agent = Agent::start_with(&["--log-events", "2"]);
    let mut events = agent.follow("/v1/events");
    let (_caller, call) = Caller::offered(&agent, &mut events);
    agent.patch(&call, r#"{"labels": {"a": "1"}}"#);
    agent.patch(&call, r#"{"labels": {"a": "2"}}"#);
    let epoch = text(&agent.read("/v1/calls").json()["last_event_id"]).rsplit_once('-').unwrap().0.to_owned();
    let gap = agent.follow(&format!("/v1/events?after={epoch}-0")).next().unwrap();
    let resumed = agent.follow(&format!("/v1/events?after={}", text(&gap.data["id"]))).next().unwrap();
    assert_eq!(Some(resumed.id.unwrap()), gap.data["data"]["oldest"].as_str().map(str::to_owned));
}

#[test]
fn after_a_restart_an_old_position_is_a_gap() {
    let first = Agent::start();
    let mut events = first.follow("/v1/events");
    let _caller = Caller::offered(&first, &mut events);
    let old = text(&first.read("/v1/calls").json()["last_event_id"]);
    drop(first);
    let second = Agent::start();
    let mut resumed = second.follow_with("/v1/events", &[("Last-Event-ID", &old)]);
    let new = text(&second.read("/v1/calls").json()["last_event_id"]);
    assert_ne!(old.split('-').next(), new.split('-').next());
    is_gap(&resumed.next().unwrap(), &new, 1, 0);
    let mut live = second.follow("/v1/events");
    let (_caller, id) = Caller::offered(&second, &mut live);
    assert_eq!(resumed.next().unwrap().data["subject"], id.as_str());
}

#[test]
fn a_position_that_is_not_yet_is_a_gap() {
    let agent = Agent::start();
    let last = text(&agent.read("/v1/calls").json()["last_event_id"]);
    let future = last.replace("-0", "-12");
    is_gap(&agent.follow(&format!("/v1/events?after={future}")).next().unwrap(), &last, 1, 0);
}

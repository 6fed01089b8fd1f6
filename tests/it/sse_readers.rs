//! Many readers, slow readers, and the end of all of them.

use std::thread;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::caller::{Caller, Invite, text};
use crate::client::Frame;

/// Events up to and with the end of that many calls.
fn until_ended(mut next: impl FnMut() -> Option<Frame>, calls: usize) -> Vec<Frame> {
    let (mut frames, mut ended) = (Vec::new(), 0);
    while ended < calls {
        let frame = next().expect("the stream goes on");
        ended += usize::from(frame.event == "call.ended");
        frames.push(frame);
    }
    frames
}

#[test]
fn every_reader_sees_the_same_in_the_same_order() {
    const CALLS: usize = 20;
    let agent = Agent::start();
    let readers: Vec<_> = (0..8).map(|_| agent.follow("/v1/events")).collect();
    let told = thread::scope(|scope| {
        let reading: Vec<_> = readers
            .into_iter()
            .map(|mut reader| scope.spawn(move || until_ended(|| reader.next(), CALLS)))
            .collect();
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..CALLS / 4 {
                    let mut caller = Caller::invite(&agent, &Invite::default());
                    caller.expect(100);
                    caller.cancel("");
                    caller.expect(200);
                    caller.expect(487);
                }
            });
        }
        reading.into_iter().map(|reading| reading.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(told[0].len(), 2 * CALLS);
    assert!(told.iter().all(|frames| *frames == told[0]));
    let sequences =
        told[0].iter().map(|frame| frame.id.as_ref().unwrap().rsplit_once('-').unwrap().1.parse().unwrap());
    assert_eq!(sequences.collect::<Vec<usize>>(), (1..=2 * CALLS).collect::<Vec<_>>());
}

#[test]
fn a_call_read_on_its_event_is_never_older_than_the_event() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10 {
                let mut caller = Caller::invite(&agent, &Invite::default());
                caller.expect(180);
                caller.cancel("");
                caller.expect(200);
                caller.expect(487);
            }
        });
        until_ended(
            || {
                let frame = events.next()?;
                let told = &frame.data["data"]["call"];
                let read = agent.call(told["id"].as_str().unwrap());
                assert!(read["version"].as_u64() >= told["version"].as_u64(), "{told} {read}");
                if frame.event == "call.offered" {
                    agent.tell(told["id"].as_str().unwrap(), "ring", "");
                }
                Some(frame)
            },
            10,
        );
    });
}

/// Labels of some 20 kB.
fn large(number: usize) -> String {
    let labels: serde_json::Map<_, _> =
        (0..64).map(|name| (name.to_string(), Value::from(format!("{number:0>256}")))).collect();
    json!({"labels": labels}).to_string()
}

#[test]
fn a_reader_that_does_not_read_is_cut_off_while_all_else_goes_on() {
    // More than both sides' socket buffers hold, and far more events than the log.
    const EVENTS: usize = 900;
    let agent = Agent::start_with(&["--log-events", "100"]);
    let mut slow = agent.follow("/v1/events");
    let mut quick = agent.follow("/v1/events");
    let (mut caller, id) = Caller::offered(&agent, &mut quick);
    for number in 0..EVENTS {
        assert_eq!(agent.patch(&id, &large(number)).status, 200);
        assert_eq!(quick.next().unwrap().event, "call.updated");
    }
    caller.cancel("");
    caller.expect(200);
    let last = quick.next().unwrap();
    assert_eq!(last.event, "call.ended");
    let mut seen = Vec::new();
    while let Some(frame) = slow.next() {
        seen.push(frame);
    }
    assert!(seen.len() < EVENTS, "it was cut off, and did not read all {} events at last", seen.len());
    let resumed = seen.last().unwrap().id.clone().unwrap();
    let mut resumed = agent.follow(&format!("/v1/events?after={resumed}"));
    assert_eq!(resumed.next().unwrap().event, "stream.gap");
    let rest: Vec<_> = (0..100).map(|_| resumed.next().unwrap()).collect();
    assert_eq!(rest.last(), Some(&last));
}

#[test]
fn a_drain_is_told_and_ends_every_stream_after_the_last_call() {
    let agent = Agent::start();
    let mut all = agent.follow("/v1/events");
    let (mut answered, id) = Caller::established(&agent, &mut all);
    let (mut unanswered, _) = Caller::offered(&agent, &mut all);
    let of_call = agent.follow(&format!("/v1/calls/{id}/events"));
    agent.signal("TERM");
    let told = |frame: &Frame| (frame.event.clone(), text(&frame.data["data"]["call"]["state"]));
    let mut drained = false;
    let refused = loop {
        let frame = all.next().unwrap();
        if frame.event == "call.ended" {
            break frame;
        }
        drained |= frame.event == "stream.draining";
    };
    assert!(drained, "the drain is told before it ends a call");
    assert_ne!(refused.data["subject"], id.as_str());
    unanswered
        .expect(u16::try_from(refused.data["data"]["call"]["end"]["sip_status"].as_u64().unwrap()).unwrap());
    let ready = agent.read("/readyz");
    assert_eq!(
        (ready.problem(), ready.header("retry-after").is_empty()),
        ((503, "draining".to_owned()), false)
    );
    assert_eq!(agent.read("/livez").status, 200);
    assert_eq!(agent.call(&id)["state"], "established", "what is answered may go on, and can be read");
    answered.bye();
    answered.expect(200);
    let ended = all.rest();
    assert_eq!(ended.iter().map(told).collect::<Vec<_>>(), [("call.ended".to_owned(), "ended".to_owned())]);
    assert_eq!(of_call.rest().last(), ended.last());
    assert!(agent.ends().success());
}

//! Accept by a client against the caller's CANCEL: one wins, and both sides and every client are told the same.

use std::hint::spin_loop;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use call_agent::sip::Response;
use serde_json::{Value, json};

use crate::agent::{Agent, Events};
use crate::peer::{Caller, Peer, offered};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Winner {
    Accept,
    Cancel,
}

/// How much later than the other the client and the caller begin, so that either wins about as often as the other.
#[derive(Default)]
struct Offset {
    microseconds: i64,
}

impl Offset {
    fn client(&self) -> Duration {
        Duration::from_micros((-self.microseconds).max(0).unsigned_abs())
    }

    fn caller(&self) -> Duration {
        Duration::from_micros(self.microseconds.max(0).unsigned_abs())
    }

    /// The winner begins later the next time; the steps differ, so that no offset comes for ever.
    fn adapt(&mut self, winner: Winner, round: i64) {
        let step = 10 + round % 7 * 15;
        self.microseconds += match winner {
            Winner::Accept => -step,
            Winner::Cancel => step,
        };
    }
}

fn wait(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

/// Lets accept and CANCEL go off together: the answer to the command and the INVITE's final response.
fn race(
    agent: &Agent,
    peer: &mut Peer,
    caller: &Caller,
    id: &str,
    offset: &Offset,
) -> ((u16, Value), Response) {
    let start = Barrier::new(2);
    let (answer, first, second) = std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            start.wait();
            wait(offset.client());
            agent.command(id, "accept", json!({"wait": "sent"}))
        });
        start.wait();
        wait(offset.caller());
        peer.send(caller.cancel());
        (client.join().unwrap(), peer.response(), peer.response())
    });
    let (to_cancel, to_invite) =
        if first.cseq.method.as_str() == "CANCEL" { (first, second) } else { (second, first) };
    assert_eq!((to_cancel.status, to_cancel.cseq.method.as_str()), (200, "CANCEL"));
    assert_eq!(to_invite.cseq.method.as_str(), "INVITE");
    (answer, to_invite)
}

/// The events of the call's remaining life: their types, and its end.
fn life(events: &mut Events, id: &str) -> (Vec<String>, Value) {
    let mut kinds = Vec::new();
    loop {
        let mut event = events.next().unwrap();
        assert_eq!(event["subject"], id);
        kinds.push(event["type"].as_str().unwrap().to_owned());
        if event["type"] == "call.ended" {
            return (kinds, event["data"]["call"]["end"].take());
        }
    }
}

fn verdict(agent: &Agent, events: &mut Events, peer: &mut Peer, offset: &Offset) -> Winner {
    let mut caller = Caller::at(peer.address);
    let id = offered(events, peer, &caller);
    let ((status, body), response) = race(agent, peer, &caller, &id, offset);
    caller.learn(&response);
    match response.status {
        200 => {
            assert_eq!((status, &body["state"]), (200, &json!("accepted")), "{body}");
            peer.send(caller.ack() + &caller.next("BYE", "", ""));
            peer.answer(200, "BYE");
            let (kinds, end) = life(events, &id);
            assert_eq!(kinds, ["call.accepted", "call.established", "call.ended"]);
            assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("remote")));
            Winner::Accept
        }
        _ => {
            assert_eq!(response.status, 487);
            peer.send(caller.ack_refusal(&response));
            let (kinds, end) = life(events, &id);
            assert_eq!(kinds, ["call.ended"]);
            assert_eq!((&end["cause"], &end["by"]), (&json!("cancelled"), &json!("remote")));
            assert_eq!((status, &body["code"], &body["end"]), (409, &json!("call-ended"), &end), "{body}");
            Winner::Cancel
        }
    }
}

#[test]
fn five_hundred_races_of_accept_and_cancel_have_one_verdict_each() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut offset = Offset::default();
    let mut accepted = 0;
    for round in 0..500 {
        let winner = verdict(&agent, &mut events, &mut peer, &offset);
        offset.adapt(winner, round);
        accepted += usize::from(winner == Winner::Accept);
    }
    assert!((50..450).contains(&accepted), "{accepted} of 500 were accepted");
    assert_eq!(agent.get("/v1/calls?state=offered").1["calls"], json!([]));
    peer.hears_nothing_but_options();
}

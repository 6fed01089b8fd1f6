//! Who may begin something with the agent, and how much of it.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::agent::Agent;
use crate::authority::Authority;
use crate::baresip::Baresip;
use crate::peer::{Caller, OFFER, Peer, header, offered};
use crate::scratch::Folder;

/// An agent that accepts the calls of alice and asks for these digests.
fn guarded(folder: &Folder, digests: &str) -> Agent {
    let file = folder.file("agent.toml");
    std::fs::write(&file, "sip_realm = \"pbx\"\n[[sip_user]]\nuser = \"alice\"\npassword = \"s3cret\"\n")
        .unwrap();
    let listen = "tcp://127.0.0.1:0,udp://127.0.0.1:0";
    Agent::start_with(&[
        "--config",
        &file,
        "--sip-listen",
        listen,
        "--on-offer",
        "accept",
        "--sip-digest",
        digests,
    ])
}

#[test]
fn peers_that_are_not_allowed_are_closed_or_get_403() {
    let agent = Agent::start_with(&["--sip-allow", "192.0.2.0/24,2001:db8::/32"]);
    let mut peer = Peer::connect(&agent);
    assert_eq!(peer.socket().read(&mut [0; 1]).unwrap_or(0), 0, "nothing is said");
    let agent = Agent::start_with(&["--sip-allow", "192.0.2.0/24", "--sip-denied", "reject"]);
    let mut peer = Peer::connect(&agent);
    peer.send(Caller::at(peer.address).invite());
    peer.answer(403, "INVITE");
    let agent = Agent::start_with(&["--sip-allow", "192.0.2.0/24,127.0.0.0/8"]);
    let mut peer = Peer::connect(&agent);
    peer.send(Caller::at(peer.address).invite());
    peer.answer(100, "INVITE");
}

#[test]
fn over_a_limit_of_its_peer_an_invite_gets_503_or_nothing_and_what_runs_goes_on() {
    for (how, statuses) in [("respond", &[503, 200][..]), ("drop", &[200])] {
        let agent = Agent::start_with(&["--sip-peer-calls", "1", "--sip-over-limit", how]);
        let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
        let first = Caller::at(peer.address);
        offered(&mut events, &mut peer, &first);
        peer.send(Caller::at(peer.address).invite());
        peer.send(first.cancel());
        for status in statuses {
            let response = peer.response();
            assert_eq!(response.status, *status);
            if *status == 503 {
                assert!(header(&response, "Retry-After").parse::<u32>().unwrap() > 0);
            }
        }
    }
}

#[test]
fn a_peer_over_its_rate_is_told_to_come_again() {
    let agent = Agent::start_with(&["--sip-peer-rate", "1", "--sip-peer-burst", "3"]);
    let mut peer = Peer::connect(&agent);
    let statuses: Vec<_> = (0..10)
        .map(|_| {
            peer.send(Caller::at(peer.address).options());
            peer.response().status
        })
        .collect();
    assert_eq!(statuses[..3], [200, 200, 200]);
    assert!(statuses[3..].contains(&503), "{statuses:?}");
}

#[test]
fn a_caller_without_credentials_is_asked_for_them_by_two_digests() {
    let folder = Folder::new("challenge");
    let agent = guarded(&folder, "SHA-256,MD5");
    let mut peer = Peer::connect(&agent);
    peer.send(Caller::at(peer.address).request("INVITE", "Content-Type: application/sdp\r\n", OFFER));
    let refusal = peer.answer(401, "INVITE");
    let asked: Vec<_> =
        refusal.headers.iter().filter(|header| header.raw_name() == "WWW-Authenticate").collect();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].text().contains("algorithm=SHA-256") && asked[1].text().contains("algorithm=MD5"));
    peer.hears_nothing_but_options();
    let (status, calls) = agent.get("/v1/calls");
    assert_eq!((status, &calls["calls"]), (200, &json!([])), "no call was made of it");
}

#[test]
fn sipp_answers_the_challenge_and_is_let_in() {
    let folder = Folder::new("challenge");
    let agent = guarded(&folder, "MD5");
    for (listener, transport) in [("tcp", "t1"), ("udp", "u1")] {
        let output = Command::new("sipp")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp"))
            .arg(agent.listens(listener).to_string())
            .args(["-sf", "challenged.xml", "-t", transport, "-i", "127.0.0.1", "-m", "3", "-nostdin"])
            .args([
                "-timeout",
                "40s",
                "-timeout_error",
                "-trace_err",
                "-error_file",
                &folder.file("errors.log"),
            ])
            .output()
            .expect("sipp is installed (scripts/test does so)");
        let errors = std::fs::read_to_string(folder.file("errors.log")).unwrap_or_default();
        assert!(
            output.status.success(),
            "{transport}: {errors}\n{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn baresip_answers_the_challenge_and_with_a_wrong_password_is_not_let_in() {
    let (folder, authority) = (Folder::new("challenge"), Authority::new());
    let agent = guarded(&folder, "MD5");
    for (password, event) in [("s3cret", "CALL_ESTABLISHED"), ("guess", "CALL_CLOSED")] {
        let mut phone = Baresip::start(&authority);
        let at = agent.listens("udp");
        phone.account(&format!("<sip:alice@{at}>;auth_user=alice;auth_pass={password};regint=0"));
        phone.dial(&format!("sip:1000@{at}"));
        phone.wait_for(event);
    }
}

//! A call through the driver: from the wire to the board, from a command to the wire, and through the drain.

use super::*;

/// A caller with one call.
struct Caller {
    house: House,
    to: String,
}

impl Caller {
    /// Sends the INVITE.
    async fn inviting(house: House) -> Self {
        let mut caller = Self { house, to: "<sip:1000@127.0.0.1>".to_owned() };
        caller.send("INVITE", 1, "z9hG4bK1", "").await;
        caller
    }

    async fn send(&mut self, method: &str, cseq: u32, branch: &str, body: &str) {
        let to = &self.to;
        let text = format!(
            "{method} sip:1000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch={branch}\r\n\
             From: <sip:1001@127.0.0.1>;tag=caller\r\nTo: {to}\r\nCall-ID: one\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:1001@127.0.0.1:5999;transport=tcp>\r\nMax-Forwards: 70\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.house.client.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next message's start line and headers; its body is read too.
    async fn receive(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, self.house.client.read_u8()).await.unwrap().unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = header(&head, "Content-Length").parse().unwrap();
        self.house.client.read_exact(&mut vec![0; length]).await.unwrap();
        if head.starts_with("SIP/2.0") && head.contains(";tag=") {
            self.to = header(&head, "To");
        }
        head
    }

    async fn call(&self) -> CallId {
        let page = self.house.board.list(&Filter::default(), 10, None).await;
        assert_eq!(page.calls.len(), 1);
        page.calls[0].id
    }
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap();
    line.split_once(": ").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_peer_that_has_its_100_can_be_sure_that_clients_see_the_call() {
    let mut caller = Caller::inviting(House::start().await).await;
    assert!(caller.receive().await.starts_with("SIP/2.0 100 "));
    caller.call().await;
}

#[tokio::test]
async fn a_drain_ends_an_unanswered_call_and_does_not_wait_for_its_time() {
    let begun = Instant::now();
    let mut caller = Caller::inviting(House::start().await).await;
    caller.receive().await;
    caller.house.shut_down();
    let refusal = caller.receive().await;
    assert!(refusal.starts_with("SIP/2.0 503 "), "{refusal}");
    header(&refusal, "Retry-After").parse::<u32>().unwrap();
    caller.send("ACK", 1, "z9hG4bK1", "").await;
    timeout(PATIENCE, caller.house.driver).await.unwrap().unwrap();
    assert!(begun.elapsed() < DRAIN_TIME);
}

#[tokio::test]
async fn when_the_drain_is_over_an_established_call_is_ended_and_its_answer_waited_for() {
    end_established(House::draining_for(Duration::from_millis(50)).await, false).await;
}

#[tokio::test]
async fn a_drain_is_over_when_it_is_cut_short() {
    end_established(House::draining_for(Duration::from_secs(3600)).await, true).await;
}

/// Ends a driver that has an established call.
async fn end_established(house: House, in_haste: bool) {
    let mut caller = Caller::inviting(house).await;
    caller.receive().await;
    let accept = Action::Accept(Accept { wait: Wait::Sent, ..Accept::default() });
    let command = CallCommand { call: caller.call().await, if_version: None, by: None, action: accept };
    caller.house.commander.call(command).await.unwrap();
    assert!(caller.receive().await.starts_with("SIP/2.0 200 "));
    let answer =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    caller.send("ACK", 1, "z9hG4bK2", answer).await;
    // What is answered behind the ACK is answered after it.
    caller.send("OPTIONS", 2, "z9hG4bK3", "").await;
    assert!(caller.receive().await.starts_with("SIP/2.0 200 "));

    caller.house.shut_down();
    if in_haste {
        caller.house.haste.take().unwrap().send(()).unwrap();
    }
    let bye = caller.receive().await;
    assert!(bye.starts_with("BYE "), "{bye}");
    assert!(!caller.house.driver.is_finished());
    let copied =
        ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| format!("{name}: {}\r\n", header(&bye, name)));
    let answer = format!("SIP/2.0 200 OK\r\n{}Content-Length: 0\r\n\r\n", copied.concat());
    caller.house.client.write_all(answer.as_bytes()).await.unwrap();
    timeout(PATIENCE, caller.house.driver).await.unwrap().unwrap();
}

#[tokio::test]
async fn labels_of_a_call_that_has_ended_are_changed_in_its_turn() {
    let mut caller = Caller::inviting(House::start().await).await;
    caller.receive().await;
    let id = caller.call().await;
    let command = |action| CallCommand { call: id, if_version: None, by: None, action };
    let label =
        |name: &str| Action::Label(Labels { labels: Some([(name.to_owned(), Some("v".to_owned()))].into()) });
    let commander = caller.house.commander.clone();
    // All of them before anything is told.
    let (hung_up, first, second) = tokio::join!(
        commander.call(command(Action::Hangup(Default::default()))),
        commander.call(command(label("a"))),
        commander.call(command(label("b"))),
    );
    let (hung_up, first, second) = (hung_up.unwrap(), first.unwrap(), second.unwrap());
    assert_eq!([first.version, second.version], [hung_up.version + 1, hung_up.version + 2]);
    assert_eq!(second.labels.len(), 2);
    assert_eq!(caller.house.board.call(id).unwrap().version, second.version);
    let stale = CallCommand { if_version: Some(1), ..command(label("c")) };
    assert!(matches!(commander.call(stale).await, Err(Refusal::VersionMismatch(_))));
    let unknown = CallCommand { call: CallId::new(1, 1), ..command(label("c")) };
    assert!(matches!(commander.call(unknown).await, Err(Refusal::NotFound)));
}

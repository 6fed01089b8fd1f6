//! A caller of our own on one connection: knows to the microsecond when its INVITE went out and when it was answered.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{MissedTickBehavior, interval};

/// What the Call-IDs begin with; the call's number follows.
pub const CALL_ID: &str = "bench-";

/// When what happened to each call, by its number.
pub type Moments = Arc<Mutex<HashMap<u64, Instant>>>;

/// What it calls with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Invite {
    /// The flow's: 1.5 kB, with a PBX's headers and an offer.
    #[default]
    Flow,
    /// The least that is one.
    Small,
}

/// The caller.
pub struct Phone {
    writing: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    at: SocketAddr,
    invite: Invite,
    /// When the INVITEs were written.
    pub invited: Moments,
    /// When their final responses were read.
    pub answered: Moments,
}

impl Phone {
    /// Connects. What is answered is acknowledged and, if it was accepted, hung up at once.
    pub async fn connect(at: SocketAddr, invite: Invite) -> Self {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reading, writing) = stream.into_split();
        let writing = Arc::new(tokio::sync::Mutex::new(writing));
        let (invited, answered) = (Moments::default(), Moments::default());
        tokio::spawn(take_answers(reading, writing.clone(), answered.clone()));
        Self { writing, at, invite, invited, answered }
    }

    /// Places a call.
    pub async fn call(&self, number: u64) {
        let message = match self.invite {
            Invite::Flow => self.flow_invite(number),
            Invite::Small => self.small_invite(number),
        };
        let mut writing = self.writing.lock().await;
        self.invited.lock().unwrap().insert(number, Instant::now());
        writing.write_all(message.as_bytes()).await.unwrap();
    }

    fn flow_invite(&self, number: u64) -> String {
        let text = include_str!("../../flows/1-invite.sip");
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let lines = text.split("\r\n").take_while(|line| !line.is_empty());
        let renamed = lines.map(|line| match line.split_once(": ").map_or("", |(name, _)| name) {
            "" => format!("INVITE sip:1000@{} SIP/2.0", self.at),
            "Via" => format!("Via: SIP/2.0/TCP 127.0.0.1:5;rport;branch=z9hG4bK{number}"),
            "Call-ID" => format!("Call-ID: {CALL_ID}{number}"),
            "CSeq" => "CSeq: 1 INVITE".to_owned(),
            _ => line.to_owned(),
        });
        let head = renamed.collect::<Vec<_>>().join("\r\n");
        format!("{head}\r\n\r\n{body}")
    }

    fn small_invite(&self, number: u64) -> String {
        format!(
            "INVITE sip:1000@{} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5;rport;branch=z9hG4bK{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:1000@127.0.0.1>\r\n\
             Call-ID: {CALL_ID}{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:5;transport=tcp>\r\n\
             Content-Length: 0\r\n\r\n",
            self.at,
        )
    }

    /// Calls so often in a second, for so long; the calls are numbered from `first`.
    pub async fn call_often(&self, rate: u32, time: Duration, first: u64) -> u64 {
        let mut clock = interval(Duration::from_secs(1) / rate);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let calls = (time.as_secs_f64() * f64::from(rate)) as u64;
        for number in first..first + calls {
            clock.tick().await;
            self.call(number).await;
        }
        calls
    }

    /// How long each INVITE waited for its answer.
    pub fn waits(&self) -> Vec<Duration> {
        between(&self.invited, &self.answered)
    }
}

/// From the one to the other, of calls that have both.
pub fn between(from: &Moments, to: &Moments) -> Vec<Duration> {
    let from = from.lock().unwrap();
    let to = to.lock().unwrap();
    from.iter().filter_map(|(number, from)| Some(*to.get(number)? - *from)).collect()
}

/// Finds the number of the call that something is about.
pub struct Number(memmem::Finder<'static>);

impl Number {
    /// It stands right behind that.
    pub fn behind(prefix: &str) -> Self {
        Self(memmem::Finder::new(prefix).into_owned())
    }

    /// The number, if there is one.
    pub fn of(&self, text: &[u8]) -> Option<u64> {
        let start = self.0.find(text)? + self.0.needle().len();
        let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit());
        Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }
}

async fn take_answers(
    mut reading: OwnedReadHalf,
    writing: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    answered: Moments,
) {
    let (mut buffer, in_call_id) = (Vec::new(), Number::behind(&format!("Call-ID: {CALL_ID}")));
    while reading.read_buf(&mut buffer).await.unwrap_or(0) > 0 {
        let now = Instant::now();
        let mut replies = Vec::new();
        while let Some(end) = memmem::find(&buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
            let length = line("Content-Length:").map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if buffer.len() < end + 4 + length {
                break;
            }
            buffer.drain(..end + 4 + length);
            let is_final = head.starts_with("SIP/2.0 ") && !head.starts_with("SIP/2.0 1");
            if is_final && line("CSeq: ").unwrap().ends_with("INVITE") {
                let number = in_call_id.of(head.as_bytes()).unwrap();
                answered.lock().unwrap().insert(number, now);
                replies.extend(replies_to(&head, number).into_bytes());
            }
        }
        if !replies.is_empty() && writing.lock().await.write_all(&replies).await.is_err() {
            return;
        }
    }
}

/// The ACK, and the BYE if the call was accepted.
fn replies_to(head: &str, number: u64) -> String {
    let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let request = |method: &str, cseq: u32, branch: &str| {
        format!(
            "{method} sip:1000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5;branch=z9hG4bK{branch}\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {CALL_ID}{number}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            line("From: "),
            line("To: "),
        )
    };
    if head.starts_with("SIP/2.0 2") {
        request("ACK", 1, &format!("a{number}")) + &request("BYE", 2, &format!("b{number}"))
    } else {
        request("ACK", 1, &number.to_string())
    }
}

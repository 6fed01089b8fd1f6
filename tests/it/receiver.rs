//! A receiver of webhooks, which believes nothing that is not signed.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Inbox, Sender};
use std::sync::{Arc, Mutex};

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::agent::PATIENCE;
use crate::contract;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A message: its id and its event.
pub type Message = (String, Value);

pub struct Receiver {
    pub address: SocketAddr,
    inbox: Inbox<Message>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into())
    }

    /// The same, at that address.
    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let (address, (seen, inbox)) = (listener.local_addr().unwrap(), mpsc::channel());
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let statuses = answers.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (seen, statuses) = (seen.clone(), statuses.clone());
                std::thread::spawn(move || serve(&socket.unwrap(), &seen, &statuses));
            }
        });
        Self { address, inbox, answers }
    }

    /// The statuses that it answers next.
    pub fn will_answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// From now on it takes everything.
    pub fn will_take_all(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// The settings of a webhook that leads here.
    pub fn settings(&self, id: &str) -> String {
        format!(
            "[[webhook]]\nid = \"{id}\"\nurl = \"http://{}/hooks\"\nsecret = \"{SECRET}\"\n",
            self.address
        )
    }

    /// What it is sent next.
    pub fn next(&self) -> Message {
        self.inbox.recv_timeout(PATIENCE).expect("something is sent in time")
    }

    /// What it was sent and was not looked at.
    pub fn try_next(&self) -> Option<Message> {
        self.inbox.try_recv().ok()
    }

    /// What it is sent next of that type: the id of the message and the data of the event.
    pub fn next_of(&self, kind: &str) -> Message {
        std::iter::repeat_with(|| self.next()).find(|(_, event)| event["type"] == kind).unwrap()
    }
}

/// Reads requests of a connection until it ends.
fn serve(socket: &TcpStream, seen: &Sender<Message>, statuses: &Mutex<VecDeque<u16>>) {
    let mut input = BufReader::new(socket);
    while let Some((headers, body)) = request(&mut input) {
        let receiver = standardwebhooks::Webhook::new(SECRET).unwrap();
        receiver.verify(&body, &headers).expect("it is signed");
        let (id, event): (_, Value) =
            (headers["webhook-id"].to_str().unwrap().to_owned(), serde_json::from_slice(&body).unwrap());
        contract::check_event(event["type"].as_str().unwrap(), Some(&id), &event);
        let status = statuses.lock().unwrap().pop_front().unwrap_or(204);
        // A test that has ended wants no more.
        let _ = seen.send((id, event));
        if write!(&mut &*socket, "HTTP/1.1 {status} -\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn request(input: &mut impl BufRead) -> Option<(HeaderMap, Vec<u8>)> {
    let mut lines = input.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    assert!(lines.next()?.starts_with("POST /hooks HTTP/1.1"));
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        })
        .collect();
    let mut body = vec![0; headers.get("content-length")?.to_str().unwrap().parse().unwrap()];
    input.read_exact(&mut body).ok()?;
    Some((headers, body))
}

//! Calls that a client of the REST interface answers: it follows the events, rings and accepts.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use memchr::memmem;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::Options;
use super::phone::{self, Moments};
use super::process::Process;
use super::result::{Report, Sample};
use super::sipp::{self, Load};

const TABLE: &str = "calls rung and accepted through REST by a client that follows the events";
/// Over so many connections commands go.
const CONNECTIONS: usize = 16;

/// The calls that wait to be answered, each with its number if it has one, shared by those who answer.
type Offers = Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Option<u64>)>>>;

/// What a command took, and when it was sent.
#[derive(Clone, Default)]
pub struct Commands {
    /// When `accept` was sent, by the number of the call, if it has one.
    pub accepted: Moments,
    ring: Arc<Mutex<Vec<Duration>>>,
    accept: Arc<Mutex<Vec<Duration>>>,
    failed: Arc<Mutex<u64>>,
}

/// Measures at several rates.
pub async fn measure(options: &Options, report: &mut Report) {
    let columns = [
        "log",
        "calls/s",
        "complete",
        "failed",
        "ring p50",
        "ring p99",
        "accept p50",
        "accept p99",
        "CPU us",
    ];
    report.table(TABLE, &columns);
    for journal in ["none", "relaxed", "strict"] {
        for rate in [200, 500, 1000] {
            if !(options.wants_log(journal) && options.wants_rate(rate)) {
                continue;
            }
            let agent = Process::agent(journal, &[]);
            let commands = Commands::default();
            answer_calls(agent.http, commands.clone(), true).await;
            let begun = agent.cpu();
            let calls = options.time.as_secs() * u64::from(rate);
            let outcome = sipp::run(agent.sip, Load { rate, calls, hold: Duration::ZERO }).await;
            let cpu = (agent.cpu() - begun).as_secs_f64() * 1e6 / outcome.complete as f64;
            let take =
                |times: &Mutex<Vec<Duration>>| Sample::new(std::mem::take(&mut *times.lock().unwrap()));
            let (ring, accept) = (take(&commands.ring), take(&commands.accept));
            let failed = outcome.failed + *commands.failed.lock().unwrap();
            let times = [&ring, &accept].map(|times| [times.of_thousand(500), times.of_thousand(990)]);
            let [[ring50, ring99], [accept50, accept99]] = times;
            report.row(
                TABLE,
                &[
                    json!(journal),
                    json!(rate),
                    json!(outcome.complete),
                    json!(failed),
                    json!(ring50),
                    json!(ring99),
                    json!(accept50),
                    json!(accept99),
                    json!(cpu),
                ],
            );
        }
    }
}

/// Follows the events and, from when this returns, rings (if wanted) and accepts every call that is offered.
pub async fn answer_calls(http: SocketAddr, commands: Commands, rings: bool) {
    let (offers, due) = mpsc::unbounded_channel::<(String, Option<u64>)>();
    let due: Offers = Arc::new(tokio::sync::Mutex::new(due));
    for _ in 0..CONNECTIONS {
        tokio::spawn(work(http, due.clone(), commands.clone(), rings));
    }
    let mut events = follow(http).await;
    let number = phone::Number::behind(&format!("\"call_id\":\"{}", phone::CALL_ID));
    tokio::spawn(async move {
        let mut line = Vec::new();
        while events.read_until(b'\n', &mut line).await.unwrap_or(0) > 0 {
            if let Some(at) = memmem::find(&line, b"\"subject\":\"") {
                let call = String::from_utf8_lossy(&line[at + 11..]).split('"').next().unwrap().to_owned();
                let _ = offers.send((call, number.of(&line)));
            }
            line.clear();
        }
    });
}

/// The stream of the calls that are offered, begun.
pub async fn follow(http: SocketAddr) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(http).await.unwrap();
    // Each event acknowledged by itself, at once, would be a tenth of the machine's work with a hundred readers.
    stream.set_quickack(false).unwrap();
    stream.write_all(b"GET /v1/events?types=call.offered HTTP/1.0\r\n\r\n").await.unwrap();
    let mut lines = BufReader::with_capacity(64 * 1024, stream);
    let mut line = Vec::new();
    while line != b"\r\n" {
        line.clear();
        assert!(lines.read_until(b'\n', &mut line).await.unwrap() > 0, "the events can be followed");
    }
    lines
}

async fn work(http: SocketAddr, due: Offers, commands: Commands, rings: bool) {
    let mut stream = TcpStream::connect(http).await.unwrap();
    stream.set_nodelay(true).unwrap();
    loop {
        let offer = due.lock().await.recv().await;
        let Some((call, number)) = offer else { return };
        if rings {
            let begun = Instant::now();
            post(&mut stream, &call, "ring", &commands).await;
            commands.ring.lock().unwrap().push(begun.elapsed());
        }
        let begun = Instant::now();
        if let Some(number) = number {
            commands.accepted.lock().unwrap().insert(number, begun);
        }
        post(&mut stream, &call, "accept", &commands).await;
        commands.accept.lock().unwrap().push(begun.elapsed());
    }
}

async fn post(stream: &mut TcpStream, call: &str, command: &str, commands: &Commands) {
    let head =
        format!("POST /v1/calls/{call}/{command} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let mut answer = Vec::new();
    loop {
        if stream.read_buf(&mut answer).await.unwrap_or(0) == 0 {
            return;
        }
        let Some(end) = memmem::find(&answer, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.split_once("content-length: ").unwrap().1.split("\r\n").next().unwrap();
        if answer.len() >= end + 4 + length.parse::<usize>().unwrap() {
            if !head.starts_with("http/1.1 200") {
                *commands.failed.lock().unwrap() += 1;
            }
            return;
        }
    }
}

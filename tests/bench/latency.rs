//! From the INVITE on the wire to the event at its readers, by the agent as it ships: with the log in memory, on disk, and on disk
//! for sure; at several rates, with one reader and with a hundred.
//!
//! ```sh
//! cargo bench --bench latency
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement ends by panicking, and prints"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use call_agent::agent::{CallId, Timestamp};
use call_agent::state::journal::{Durability, EventRow, Journal, Limits, Settings, Write};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How long each setting is measured, after a second of warming up.
const MEASURED: Duration = Duration::from_secs(5);
const RATES: [u32; 3] = [100, 500, 1000];
const READERS: [usize; 2] = [1, 100];

/// When each INVITE was written, by the number in its Call-ID.
type Sent = Arc<Mutex<HashMap<u64, Instant>>>;

/// A running agent, and where it is.
struct Agent {
    process: Child,
    sip: SocketAddr,
    http: SocketAddr,
    data: PathBuf,
}

impl Agent {
    fn start(durability: &str) -> Self {
        let data = std::env::temp_dir().join(format!("call-agent-bench-{}", std::process::id()));
        let (dir, durability) = match durability {
            "none" => ("none", "relaxed"),
            durability => (data.to_str().unwrap(), durability),
        };
        let mut process = Command::new(env!("CARGO_BIN_EXE_call-agent"))
            .args([
                "--sip-listen",
                "tcp://127.0.0.1:0",
                "--http-listen",
                "127.0.0.1:0",
                "--on-offer",
                "reject",
            ])
            .args(["--data-dir", dir, "--durability", durability])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = std::io::BufRead::lines(std::io::BufReader::new(process.stderr.take().unwrap()));
        let (mut sip, mut http) = (None, None);
        for line in log.map_while(Result::ok) {
            let address = |scheme: &str| line.split_once(scheme)?.1.split_whitespace().next()?.parse().ok();
            sip = sip.or_else(|| address("SIP on tcp://"));
            http = http.or_else(|| address("HTTP on http://"));
            if sip.is_some() && http.is_some() {
                break;
            }
        }
        Self { process, sip: sip.unwrap(), http: http.unwrap(), data }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// Takes the time of each `call.offered` of this reader.
async fn follow(http: SocketAddr, sent: Sent, taken: Arc<Mutex<Vec<Duration>>>) {
    let mut stream = TcpStream::connect(http).await.unwrap();
    stream.write_all(b"GET /v1/events?types=call.offered HTTP/1.0\r\n\r\n").await.unwrap();
    let mut lines = BufReader::with_capacity(256 * 1024, stream);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).await.unwrap_or(0) > 0 {
        if line.starts_with(b"data:") {
            let now = Instant::now();
            let text = String::from_utf8_lossy(&line);
            let number = text.split_once("\"call_id\":\"bench-").and_then(|(_, rest)| rest.split_once('"'));
            let number: u64 = number.unwrap().0.parse().unwrap();
            let begun = sent.lock().unwrap().get(&number).copied();
            taken.lock().unwrap().extend(begun.map(|begun| now - begun));
        }
        line.clear();
    }
}

fn request(method: &str, at: SocketAddr, number: u64, to_tag: &str) -> String {
    format!(
        "{method} sip:1000@{at} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5;branch=z9hG4bK{number}\r\n\
         From: <sip:1001@127.0.0.1>;tag=b{number}\r\nTo: <sip:1000@{at}>{to_tag}\r\nCall-ID: bench-{number}\r\n\
         CSeq: 1 {method}\r\nMax-Forwards: 70\r\nContact: <sip:1001@127.0.0.1:5;transport=tcp>\r\n\
         X-voice_call_number: 18300000000\r\nX-empolyee_id: 1001\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Acknowledges each refusal.
async fn acknowledge(
    mut wire: tokio::net::tcp::OwnedReadHalf,
    acks: tokio::sync::mpsc::UnboundedSender<String>,
    at: SocketAddr,
) {
    let mut buffer = Vec::new();
    while wire.read_buf(&mut buffer).await.unwrap_or(0) > 0 {
        while let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.drain(..end + 4);
            if !head.starts_with("SIP/2.0 1") {
                let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                let number = value("Call-ID: bench-").parse().unwrap();
                let tag = value("To: ").split_once(";tag=").unwrap().1;
                let _ = acks.send(request("ACK", at, number, &format!(";tag={tag}")));
            }
        }
    }
}

/// So many calls a second for a time; what the readers measured, sorted.
async fn measure(durability: &str, rate: u32, readers: usize) -> Vec<Duration> {
    let agent = Agent::start(durability);
    let (sent, taken) = (Sent::default(), Arc::<Mutex<Vec<Duration>>>::default());
    for _ in 0..readers {
        tokio::spawn(follow(agent.http, sent.clone(), taken.clone()));
    }
    sleep(Duration::from_millis(500)).await;
    let wire = TcpStream::connect(agent.sip).await.unwrap();
    wire.set_nodelay(true).unwrap();
    let (reading, mut writing) = wire.into_split();
    let (acks, mut due) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(acknowledge(reading, acks, agent.sip));
    let mut clock = interval(Duration::from_secs(1) / rate);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let warm = u64::from(rate);
    let all = warm + u64::from(rate) * MEASURED.as_secs();
    for number in 0..all {
        clock.tick().await;
        let mut bytes = request("INVITE", agent.sip, number, "").into_bytes();
        while let Ok(ack) = due.try_recv() {
            bytes.extend_from_slice(ack.as_bytes());
        }
        if number >= warm {
            sent.lock().unwrap().insert(number, Instant::now());
        }
        writing.write_all(&bytes).await.unwrap();
    }
    sleep(Duration::from_millis(500)).await;
    drop(agent);
    let mut taken = std::mem::take(&mut *taken.lock().unwrap());
    taken.sort();
    let expected = (all - warm) as usize * readers;
    assert!(taken.len() == expected, "{} of {expected} events came", taken.len());
    taken
}

fn percentile(sorted: &[Duration], of_thousand: usize) -> f64 {
    sorted[(sorted.len() * of_thousand / 1000).min(sorted.len() - 1)].as_secs_f64() * 1e3
}

/// Events a second that the journal commits, a driver's batch at a time.
async fn journal(durability: Durability) -> f64 {
    let directory = std::env::temp_dir().join(format!("call-agent-journal-{}", std::process::id()));
    let settings = Settings { directory: directory.clone(), durability, ..Settings::default() };
    let (journal, _) = Journal::open(&settings, "7f3a", Limits { events: 1, bytes: 1 }).unwrap();
    let (batches, size) = if durability == Durability::Strict { (300, 64) } else { (3_000, 64) };
    let begun = Instant::now();
    for batch in 0..batches {
        let event = |place| {
            let sequence = batch * size + place + 1;
            Write::Event(EventRow {
                sequence,
                time: Timestamp(sequence as i64),
                topic: "call.ringing",
                call: Some(CallId::new(sequence / 4, 0)),
                account: None,
                envelope: vec![b'x'; 1200].into(),
            })
        };
        journal.submit(batch + 1, (0..size).map(event).collect());
    }
    journal.progress().wait_for(|progress| progress.committed == batches).await.unwrap();
    let rate = (batches * size) as f64 / begun.elapsed().as_secs_f64();
    journal.close().await;
    let _ = std::fs::remove_dir_all(&directory);
    rate
}

#[tokio::main]
async fn main() {
    for (name, durability) in [("relaxed", Durability::Relaxed), ("strict", Durability::Strict)] {
        println!("journal, {name}: {:.0} events/s in batches of 64", journal(durability).await);
    }
    println!(
        "\n{:<10} {:>7} {:>8} {:>9} {:>9} {:>9}",
        "log", "calls/s", "readers", "p50 ms", "p99 ms", "p99.9 ms"
    );
    for durability in ["none", "relaxed", "strict"] {
        for rate in RATES {
            for readers in READERS {
                let taken = measure(durability, rate, readers).await;
                let [p50, p99, p999] = [500, 990, 999].map(|of| percentile(&taken, of));
                println!("{durability:<10} {rate:>7} {readers:>8} {p50:>9.2} {p99:>9.2} {p999:>9.2}");
            }
        }
    }
}

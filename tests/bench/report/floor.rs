//! The least that an agent could do: reads the same bytes over tokio's TCP and answers canned ones. It parses nothing: of a
//! request it looks for the end and for the lines that the caller wants back.

use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The argument by which this program is the floor.
pub const NAME: &str = "floor";

/// Serves for ever, with as many threads as the agent.
#[tokio::main]
pub async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    eprintln!("SIP on tcp://{address}\nHTTP on http://{address}");
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(answer(stream));
    }
}

async fn answer(mut stream: TcpStream) {
    let (mut read, mut written) = (Vec::with_capacity(64 * 1024), Vec::with_capacity(64 * 1024));
    while stream.read_buf(&mut read).await.unwrap_or(0) > 0 {
        let mut done = 0;
        while let Some(length) = whole(&read[done..]) {
            respond(&read[done..done + length], &mut written);
            done += length;
        }
        read.drain(..done);
        if stream.write_all(&written).await.is_err() {
            return;
        }
        written.clear();
    }
}

/// The length of the message, if all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = memmem::find(bytes, b"\r\n\r\n")? + 4;
    let length: usize = match value(&bytes[..head], b"\r\nContent-Length: ") {
        Some(digits) => std::str::from_utf8(digits).unwrap().trim().parse().unwrap(),
        None => 0,
    };
    (bytes.len() >= head + length).then_some(head + length)
}

fn value<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(head, name)? + name.len();
    let end = memchr::memchr(b'\r', &head[start..])?;
    Some(&head[start..start + end])
}

fn respond(request: &[u8], out: &mut Vec<u8>) {
    const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=audio 9 RTP/AVP 8 101\r\na=inactive\r\nm=video 0 RTP/AVP 102\r\n";
    let mut line = |status: &str, body: &[u8]| {
        out.extend_from_slice(status.as_bytes());
        for name in ["\r\nVia: ", "\r\nFrom: ", "\r\nTo: ", "\r\nCall-ID: ", "\r\nCSeq: "] {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(value(request, name.as_bytes()).unwrap());
            if name == "\r\nTo: " && status.starts_with("SIP/2.0 2") {
                out.extend_from_slice(b";tag=floor");
            }
        }
        out.extend_from_slice(b"\r\nContact: <sip:1000@127.0.0.1;transport=tcp>\r\nContent-Length: ");
        out.extend_from_slice(body.len().to_string().as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body);
    };
    if request.starts_with(b"INVITE ") {
        line("SIP/2.0 100 Trying", b"");
        line("SIP/2.0 200 OK", SDP);
    } else if request.starts_with(b"BYE ") {
        line("SIP/2.0 200 OK", b"");
    }
}

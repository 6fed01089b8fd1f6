//! Many readers of the events. They share a thread and look at no more than they need, so that they take little of the machine
//! that the agent has to share with them.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, ready};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::phone::{self, Moments};
use super::rest;

/// How long after its INVITE each reader saw each call.
pub type Taken = Arc<Mutex<Vec<Duration>>>;

thread_local! {
    /// What is read goes through here.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(64 * 1024));
}

/// Has so many readers follow the calls that are offered, until the agent ends; when this returns they do.
pub async fn begin(http: SocketAddr, readers: usize, invited: &Moments, taken: &Taken) {
    let (invited, taken) = (invited.clone(), taken.clone());
    let (begun, has_begun) = oneshot::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut following = Vec::new();
            for _ in 0..readers {
                let stream = rest::follow(http).await.into_inner();
                following.push(tokio::spawn(follow(stream, invited.clone(), taken.clone())));
            }
            begun.send(()).unwrap();
            for reader in following {
                reader.await.unwrap();
            }
        });
    });
    has_begun.await.unwrap();
}

/// Takes the time of each call that is offered.
async fn follow(mut stream: TcpStream, invited: Moments, taken: Taken) {
    let number = phone::Number::behind(&format!("\"call_id\":\"{}", phone::CALL_ID));
    // The beginning of an event whose rest has not come.
    let mut begun = Vec::new();
    while take(&mut stream, &mut begun, |event, now| {
        if let Some(number) = number.of(event) {
            let invited = invited.lock().unwrap()[&number];
            taken.lock().unwrap().push(now - invited);
        }
    })
    .await
    .is_ok_and(|count| count > 0)
    {}
}

/// Waits for what comes next, and gives each event that is whole, with the time; how many bytes came.
async fn take(
    stream: &mut TcpStream,
    begun: &mut Vec<u8>,
    mut seen: impl FnMut(&[u8], Instant),
) -> io::Result<usize> {
    poll_fn(|context| {
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::uninit(buffer.spare_capacity_mut());
            ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
            let (now, mut rest) = (Instant::now(), read.filled());
            // The end of an event can be torn, too.
            if begun.ends_with(b"\n")
                && let Some(behind) = rest.strip_prefix(b"\n")
            {
                seen(begun, now);
                begun.clear();
                rest = behind;
            }
            while let Some(end) = memchr::memmem::find(rest, b"\n\n") {
                let (event, behind) = rest.split_at(end + 2);
                if begun.is_empty() {
                    seen(event, now);
                } else {
                    begun.extend_from_slice(event);
                    seen(begun, now);
                    begun.clear();
                }
                rest = behind;
            }
            begun.extend_from_slice(rest);
            Poll::Ready(Ok(read.filled().len()))
        })
    })
    .await
}

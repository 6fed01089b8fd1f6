//! Reading one connection.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, error::SendError};
use tokio::time::timeout_at;

use super::begun::{Begun, Full};
use super::stream::Source;
use super::{Admission, Heard, Inbound, Notice};
use crate::agent::{Arrival, Flow};
use crate::sip::{Framed, Framer, Limits, Message, Unreadable};

/// How long a connection that is to be closed is still read: closing with bytes unread would reset it, and the peer
/// might lose the response that says why.
const LINGER: Duration = Duration::from_secs(2);

/// Why reading came to an end.
enum End {
    /// The stream ended or broke.
    Closed,
    /// The next message cannot be found in it.
    Unframed,
    /// Its peer takes more than it may: what.
    Greedy(&'static str),
    /// Nobody takes what is read any more.
    Unheard,
}

impl<T> From<SendError<T>> for End {
    fn from(_: SendError<T>) -> Self {
        Self::Unheard
    }
}

impl From<Full> for End {
    fn from(_: Full) -> Self {
        Self::Greedy("too much of its message waits for the rest, beside those of others")
    }
}

/// Reads messages until there are no more. While the driver takes no more messages nothing is read, so TCP holds the
/// peer back.
pub(super) async fn read(
    source: Source,
    flow: Flow,
    limits: Limits,
    mut begun: Begun,
    inbound: mpsc::Sender<Inbound>,
    admission: Admission,
) {
    let mut framer = Framer::new(limits);
    let end = loop {
        if let Err(end) = advance(&source, flow, &mut framer, &mut begun, &inbound).await {
            break end;
        }
    };
    let heard = match end {
        End::Closed => Heard::Closed(flow.id),
        End::Greedy(what) => Heard::Greedy(flow.id, what),
        End::Unframed => {
            tokio::spawn(linger(source, admission));
            Heard::Unframed(flow.id)
        }
        End::Unheard => return,
    };
    let _ = inbound.send(Inbound::Notice(Notice(heard))).await;
}

/// Waits for bytes, no longer than the message that has begun may take, and gives the driver what they complete.
async fn advance(
    source: &Source,
    flow: Flow,
    framer: &mut Framer,
    begun: &mut Begun,
    inbound: &mpsc::Sender<Inbound>,
) -> Result<(), End> {
    let filled = match begun.deadline {
        None => source.fill(framer).await,
        Some(deadline) => match timeout_at(deadline, source.fill(framer)).await {
            Ok(filled) => filled,
            Err(_) => return Err(End::Greedy("its message has not become whole for too long")),
        },
    };
    if !filled.unwrap_or(false) {
        return Err(End::Closed);
    }
    if source.owes() {
        inbound.send(Inbound::Notice(Notice(Heard::Owes(flow.id)))).await?;
    }
    if hand_over(framer, flow, inbound).await? {
        begun.renew();
    }
    Ok(begun.hold(framer.begun() + source.begun())?)
}

/// Gives the driver every message that is complete; whether there was one. However many pongs come at once, one is told.
async fn hand_over(framer: &mut Framer, flow: Flow, inbound: &mpsc::Sender<Inbound>) -> Result<bool, End> {
    let (mut complete, mut ponged, read) = (false, false, Instant::now());
    while let Some(framed) = framer.next() {
        match framed {
            Framed::Message(message) => {
                inbound.send(found(flow, message, read)).await?;
                complete = true;
            }
            Framed::Pong => ponged = true,
            Framed::Ping => inbound.send(Inbound::Notice(Notice(Heard::Ping(flow.id)))).await?,
            Framed::Lost(unreadable) => {
                inbound.send(found(flow, Err(unreadable), read)).await?;
                return Err(End::Unframed);
            }
        }
    }
    if ponged {
        inbound.send(Inbound::Notice(Notice(Heard::Pong(flow.id)))).await?;
    }
    Ok(complete)
}

/// The agent hears of what it can read or answer.
fn found(flow: Flow, message: Result<Message, Unreadable>, read: Instant) -> Inbound {
    match message {
        Err(Unreadable::Dropped { fault }) => Inbound::Notice(Notice(Heard::Unreadable(flow.peer, fault))),
        message => Inbound::Arrived(Box::new(Arrival { flow, message }), read),
    }
}

/// Discards what still comes, for a while.
async fn linger(source: Source, admission: Admission) {
    let _ = tokio::time::timeout(LINGER, source.discard()).await;
    drop(admission);
}

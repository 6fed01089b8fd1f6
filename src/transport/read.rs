//! Reading one connection.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc::{self, error::SendError};
use tokio::time::{Instant, timeout_at};

use super::admission::{Admission, Life, Overdue};
use super::begun::{Begun, Full};
use super::door::Door;
use super::stream::Source;
use super::{Bounds, Heard, Inbound, Notice};
use crate::agent::{Arrival, Flow};
use crate::metrics::Count;
use crate::sip::{Framed, Framer, Message, Unreadable};

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
    (source, flow, life): (Source, Flow, Life),
    bounds: Bounds,
    begun: Begun,
    door: Door,
    inbound: mpsc::Sender<Inbound>,
    admission: Admission,
) {
    let framer = Framer::new(bounds.message);
    let speaks_until = Some(Instant::now() + bounds.first_message);
    let mut reader = Reader { source, flow, life, framer, begun, door, inbound, admission, speaks_until };
    let end = loop {
        if let Err(end) = reader.advance().await {
            break end;
        }
    };
    let Reader { source, inbound, admission, .. } = reader;
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

/// One connection as its reader sees it.
struct Reader {
    source: Source,
    flow: Flow,
    life: Life,
    framer: Framer,
    begun: Begun,
    door: Door,
    inbound: mpsc::Sender<Inbound>,
    admission: Admission,
    /// Until when it must bring a message that can be read; `None`: it has.
    speaks_until: Option<Instant>,
}

impl Reader {
    /// Waits for bytes, no longer than the message that has begun may take, and gives the driver what they complete.
    async fn advance(&mut self) -> Result<(), End> {
        if !self.fill().await?.unwrap_or(false) {
            return Err(End::Closed);
        }
        self.life.touch();
        if self.source.owes() {
            self.tell(Heard::Owes(self.flow.id)).await?;
        }
        if self.hand_over().await? {
            self.begun.renew();
        }
        Ok(self.begun.hold(self.framer.begun() + self.source.begun())?)
    }

    async fn fill(&mut self) -> Result<io::Result<bool>, End> {
        let Self { source, framer, admission, begun, .. } = self;
        let filled = async {
            match begun.deadline {
                None => Ok(source.fill(framer).await),
                Some(deadline) => timeout_at(deadline, source.fill(framer)).await,
            }
        };
        let filled = match self.speaks_until {
            None => filled.await,
            Some(until) => tokio::select! {
                biased;
                filled = filled => filled,
                overdue = admission.overdue(until) => return Err(self.overdue(overdue)),
            },
        };
        filled.map_err(|_| End::Greedy("its message has not become whole for too long"))
    }

    fn overdue(&self, overdue: Overdue) -> End {
        match overdue {
            Overdue::Displaced => End::Greedy("it has never brought a message, and its place was needed"),
            Overdue::Silent => {
                self.door.kept_out.add(Count::SilentConnections);
                End::Greedy("it has never brought a message")
            }
        }
    }

    /// Gives the driver every message that is complete; whether there was one. However many pongs come at once, one is told.
    async fn hand_over(&mut self) -> Result<bool, End> {
        let (mut complete, mut ponged, read) = (false, false, std::time::Instant::now());
        while let Some(framed) = self.framer.next() {
            match framed {
                Framed::Message(message) => {
                    self.judge(message.is_ok())?;
                    self.inbound.send(self.found(message, read)).await?;
                    complete = true;
                }
                Framed::Pong => ponged = true,
                Framed::Ping => self.tell(Heard::Ping(self.flow.id)).await?,
                Framed::Lost(unreadable) => {
                    self.judge(false)?;
                    self.inbound.send(self.found(Err(unreadable), read)).await?;
                    return Err(End::Unframed);
                }
            }
        }
        if ponged {
            self.tell(Heard::Pong(self.flow.id)).await?;
        }
        Ok(complete)
    }

    /// With its first good message a connection's place is its own; too much that is none is its end.
    fn judge(&mut self, is_good: bool) -> Result<(), End> {
        if is_good {
            if self.speaks_until.take().is_some() {
                self.admission.keep();
            }
        } else if self.door.is_littered(self.flow.peer.ip(), self.framer.last()) {
            return Err(End::Greedy("its address has sent too much that cannot be read"));
        }
        Ok(())
    }

    async fn tell(&self, heard: Heard) -> Result<(), SendError<Inbound>> {
        self.inbound.send(Inbound::Notice(Notice(heard))).await
    }

    /// The agent hears of what it can read or answer.
    fn found(&self, message: Result<Message, Unreadable>, read: std::time::Instant) -> Inbound {
        let flow = self.flow;
        match message {
            Err(Unreadable::Dropped { fault }) => {
                Inbound::Notice(Notice(Heard::Unreadable(flow.peer, fault)))
            }
            message => Inbound::Arrived(Box::new(Arrival { flow, message }), read),
        }
    }
}

/// Discards what still comes, for a while.
async fn linger(source: Source, admission: Admission) {
    let _ = tokio::time::timeout(LINGER, source.discard()).await;
    drop(admission);
}

//! What a connection's bytes go through: a socket alone, or TLS over it. Its two ends are for its reader and its writer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::session::{Hearing, Session, Shared};
use crate::sip::{Framer, Transport};
use crate::tls;

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

thread_local! {
    /// What is read goes through here: one for all connections of a thread, as those that are idle hold no buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(CHUNK));
}

/// About how much is encrypted before the kernel has it; that much more than its messages a slow peer costs.
const SEALED: usize = 16 * 1024;

/// A connection as it was made.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    /// The handshake is over.
    Secure(TcpStream, Box<Session>),
}

impl Stream {
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) | Self::Secure(socket, _) => socket,
        }
    }

    pub(super) fn transport(&self) -> Transport {
        match self {
            Self::Plain(_) => Transport::Tcp,
            Self::Secure(..) => Transport::Tls,
        }
    }

    pub(super) fn split(self) -> (Source, Sink) {
        let (socket, session) = match self {
            Self::Plain(socket) => (socket, None),
            Self::Secure(socket, session) => (socket, Some(Shared::new(*session))),
        };
        let (reading, writing) = socket.into_split();
        let seal = session.clone().map(Seal::new);
        (Source { socket: reading, session }, Sink { socket: Arc::new(writing), seal })
    }
}

/// The end that is read.
#[derive(Debug)]
pub(super) struct Source {
    socket: OwnedReadHalf,
    session: Option<Shared>,
}

impl Source {
    /// Waits for bytes and gives them to the framer; perhaps none, if TLS needs more for the next ones. `false` at the end
    /// of the stream.
    pub(super) async fn fill(&mut self, framer: &mut Framer) -> io::Result<bool> {
        if let Some(session) = &self.session {
            // What came with the end of the handshake, and the peer's last word.
            match session.lock().drain(framer)? {
                (0, Hearing::Open) => {}
                (count, _) => return Ok(count > 0),
            }
        }
        poll_fn(|context| self.poll_take(context, framer)).await
    }

    /// By polling, and not by trying when the socket can be read: a read that fills less than the buffer is then known to be the last.
    fn poll_take(&mut self, context: &mut Context<'_>, framer: &mut Framer) -> Poll<io::Result<bool>> {
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::uninit(buffer.spare_capacity_mut());
            while let Err(error) = ready!(Pin::new(&mut self.socket).poll_read(context, &mut read)) {
                if error.kind() != io::ErrorKind::Interrupted {
                    return Poll::Ready(Err(error));
                }
            }
            self.pass_on(read.filled(), framer)?;
            Poll::Ready(Ok(!read.filled().is_empty()))
        })
    }

    fn pass_on(&self, mut bytes: &[u8], framer: &mut Framer) -> io::Result<()> {
        let Some(session) = &self.session else {
            framer.push(bytes);
            return Ok(());
        };
        let mut session = session.lock();
        while !bytes.is_empty() {
            session.receive(&mut bytes)?;
            // Its end, if it is here, is the next call's to find: what came before it counts.
            session.drain(framer)?;
        }
        Ok(())
    }

    /// How many bytes are held of which the framer has nothing yet.
    pub(super) fn begun(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.lock().begun())
    }

    /// Whether TLS itself has something to say, which the writer has to.
    pub(super) fn owes(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.lock().owes())
    }

    /// Discards what still comes, to the end.
    pub(super) async fn discard(&self) -> io::Result<()> {
        loop {
            self.socket.readable().await?;
            match self.socket.try_read(&mut [0; 1024]) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The end that is written.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) socket: Arc<OwnedWriteHalf>,
    seal: Option<Seal>,
}

impl Sink {
    /// Gives the kernel what it takes now of what `plain` begins with, which must be what was not taken before. How many
    /// bytes of it the kernel has, with all that TLS makes of them; perhaps none yet.
    pub(super) fn try_write(&mut self, plain: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.seal {
            None => self.socket.try_write_vectored(plain),
            Some(seal) => seal.try_write(&self.socket, plain),
        }
    }

    /// Whether something is to be written beside messages.
    pub(super) fn owes(&self) -> bool {
        self.seal.as_ref().is_some_and(|seal| !seal.wire.is_empty() || seal.session.lock().owes())
    }

    /// How many bytes are held beside the messages themselves.
    pub(super) fn held(&self) -> usize {
        self.seal.as_ref().map_or(0, |seal| seal.wire.len())
    }

    /// Whether the peer has shown by a certificate that it is `host`.
    pub(super) fn is_authenticated_as(&self, host: &str) -> bool {
        let Some(seal) = &self.seal else { return false };
        seal.session.lock().certificate().is_some_and(|certificate| tls::names(certificate, host))
    }
}

/// Says goodbye, if the peer can still be told so.
impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(seal) = &mut self.seal {
            seal.close(&self.socket);
        }
    }
}

/// What was encrypted and not wholly taken by the kernel.
#[derive(Debug)]
struct Seal {
    session: Shared,
    wire: Vec<u8>,
    /// How many bytes of `wire` the kernel has.
    taken: usize,
    /// In order; of each its end in `wire` and how many bytes it was before.
    pieces: VecDeque<(usize, usize)>,
}

impl Seal {
    fn new(session: Shared) -> Self {
        Self { session, wire: Vec::new(), taken: 0, pieces: VecDeque::new() }
    }

    fn try_write(&mut self, socket: &OwnedWriteHalf, plain: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.wire.is_empty() {
            self.encrypt(plain)?;
        }
        if !self.wire.is_empty() {
            self.taken += socket.try_write(self.wire.get(self.taken..).unwrap_or_default())?;
        }
        let mut delivered = 0;
        while let Some((end, count)) = self.pieces.front()
            && *end <= self.taken
        {
            delivered += count;
            self.pieces.pop_front();
        }
        if self.taken == self.wire.len() {
            // Not kept: idle connections hold no buffer.
            self.wire = Vec::new();
            self.taken = 0;
        }
        Ok(delivered)
    }

    fn encrypt(&mut self, plain: &[IoSlice<'_>]) -> io::Result<()> {
        let mut session = self.session.lock();
        session.write_owed(&mut self.wire)?;
        for slice in plain {
            let room = SEALED.saturating_sub(self.wire.len());
            let piece = slice.get(..room.min(slice.len())).unwrap_or_default();
            let count = session.seal(piece, &mut self.wire)?;
            self.pieces.push_back((self.wire.len(), count));
            if count < slice.len() {
                break;
            }
        }
        Ok(())
    }

    fn close(&mut self, socket: &OwnedWriteHalf) {
        // Behind half a record it would not be understood.
        if self.wire.is_empty() && self.session.lock().close(&mut self.wire).is_ok() {
            let _ = socket.try_write(&self.wire);
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

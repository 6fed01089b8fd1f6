//! The direction of a description, and hold (RFC 3264 §5.1, §6.1, §8.4).

use memchr::memmem;

use super::description::{self, Line, Media, Session, addresses, attributes};

/// The address at which nothing is received.
const NOWHERE: &str = "0.0.0.0";

/// The direction of a stream, in the words of the side that wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It sends and receives.
    SendRecv,
    /// It only sends: the other side is on hold.
    SendOnly,
    /// It only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    const ALL: [Self; 4] = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];

    /// The attribute's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the side that wrote it sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the side that wrote it receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The answer to it that takes all that is offered.
    pub const fn mirrored(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    pub(super) const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    fn written(lines: &[Line<'_>]) -> Option<Self> {
        attributes(lines).find_map(|(name, _)| Self::from_name(name))
    }

    /// By the attribute's name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.as_str() == name)
    }

    /// The direction of one stream: its own, else that of the session, else `sendrecv`. The address 0.0.0.0 is
    /// RFC 2543's hold: nothing is received there.
    pub(super) fn of_stream(session: &Session<'_>, media: &Media<'_>) -> Self {
        let written = Self::written(&media.lines).or(session.whole.written);
        let written = written.unwrap_or(Self::SendRecv);
        Self::of(written.sends(), written.receives() && !is_nowhere(session, media))
    }
}

/// What the lines of a session say for all of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    written: Option<Direction>,
    is_nowhere: bool,
}

impl Whole {
    pub fn of(lines: &[Line<'_>]) -> Self {
        Self { written: Direction::written(lines), is_nowhere: are_nowhere(lines).unwrap_or(false) }
    }
}

fn is_nowhere(session: &Session<'_>, media: &Media<'_>) -> bool {
    are_nowhere(&media.lines).unwrap_or(session.whole.is_nowhere)
}

/// Whether the addresses among the lines, if there are any, are all that of nowhere.
fn are_nowhere(lines: &[Line<'_>]) -> Option<bool> {
    let mut all = addresses(lines).map(|address| address == NOWHERE).peekable();
    all.peek().is_some().then(|| all.all(|is_nowhere| is_nowhere))
}

/// Whether a description may be its side's hold: without one of these words it is not. Hardly any has one, and to read it takes ten times
/// as long.
pub fn may_hold(sdp: &[u8]) -> bool {
    let words = [Direction::SendOnly.as_str(), Direction::Inactive.as_str(), NOWHERE];
    words.iter().any(|word| memmem::find(sdp, word.as_bytes()).is_some())
}

/// What a description lacks that has no [`direction`], for people.
pub fn lack(sdp: &[u8]) -> String {
    let text = description::text(sdp);
    match Session::read(&text) {
        Err(fault) => format!("cannot be read: {fault}"),
        Ok(session) if session.medias.is_empty() => "has no stream".to_owned(),
        Ok(_) => "has no stream in use: the port of each is 0".to_owned(),
    }
}

/// The direction of a description over all its active streams: what the side that wrote it does on any of them. `None` if it cannot be
/// read or has no active stream.
pub fn direction(sdp: &[u8]) -> Option<Direction> {
    direction_between(sdp, None)
}

/// The same over the streams that are active in the other side's description, too, once there is one. The peer's `SendOnly` or `Inactive` is
/// its hold.
pub fn direction_between(sdp: &[u8], other: Option<&str>) -> Option<Direction> {
    // As most bodies are.
    if sdp.is_empty() {
        return None;
    }
    let text = description::text(sdp);
    let session = Session::read(&text).ok()?;
    let other = other.and_then(|other| Session::read(other).ok());
    let is_refused = |place: usize| {
        let stream = other.as_ref().and_then(|other| other.medias.get(place));
        stream.is_some_and(|stream| stream.port == 0)
    };
    let streams =
        session.medias.iter().enumerate().filter(|(place, media)| media.port != 0 && !is_refused(*place));
    let directions = streams.map(|(_, media)| Direction::of_stream(&session, media));
    directions.reduce(|a, b| Direction::of(a.sends() || b.sends(), a.receives() || b.receives()))
}

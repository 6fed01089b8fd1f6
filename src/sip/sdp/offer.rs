//! An offer of our own (RFC 3264 §5).

use super::direction::Direction;
use super::{Local, codec, write};

/// Generates an offer of one audio stream with every codec of the settings.
pub fn offer(local: &Local<'_>) -> String {
    let codecs = codec::of_names(&local.codecs, &[]);
    let mut text = write::begin(local, std::iter::empty());
    write::add_stream(&mut text, local, ("audio", "RTP/AVP"), &codecs, Direction::SendRecv);
    text
}

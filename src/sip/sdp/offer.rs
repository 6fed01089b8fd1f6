//! An offer of our own (RFC 3264 §5).

use super::direction::Direction;
use super::{Local, codec, description};

/// Generates an offer of one audio stream with every codec of the settings.
pub fn offer(local: &Local) -> String {
    let codecs = codec::of_names(&local.codecs);
    let mut text = description::begin(local, &[]);
    description::add_stream(&mut text, local, ("audio", "RTP/AVP"), &codecs, Direction::SendRecv);
    text
}

//! From bytes to a message.

use bytes::Bytes;

use super::{Message, Unreadable};

/// Reads a complete message of a datagram: bytes behind Content-Length are discarded, too few are a fault (§18.3).
pub fn parse_datagram(datagram: Bytes) -> Result<Message, Unreadable> {
    todo!()
}

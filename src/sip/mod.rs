//! SIP messages on the wire: cutting, reading and writing them (RFC 3261 §7, §18.3, §20, §25).
//!
//! The one folder that names `rsip`. It gives the vocabulary (methods, transports);
//! the grammar is ours, because a user agent must carry what it does not understand through unharmed, and must
//! say what is wrong with what it refuses. Everything read shares the bytes of its message.

#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod digest;
mod fault;
mod fields;
mod framer;
mod grammar;
mod header;
mod header_name;
mod lines;
mod mandatory;
mod message;
mod method;
mod multipart;
mod name_addr;
mod parse;
pub mod sdp;
mod start_line;
mod status;
mod text;
mod uri;
mod via;
mod write;

#[cfg(test)]
mod tests;

pub use fields::Reason;
pub use framer::{Framed, Framer, Limits};
pub use header::{Header, Headers, Name};
pub use message::{CSeq, Message, Request, Response, Unreadable};
pub use method::Method;
pub use multipart::Part;
pub use name_addr::{NameAddr, tag_of};
pub use parse::parse_datagram;
pub use rsip::{Method as Known, Transport};
pub use status::{is_registered, reason_phrase};
pub use text::{add_number, address_text, body_text, host_port, is_token, quote, unquote};
pub use uri::{Uri, default_port};
pub use via::Via;
pub use write::Writer;

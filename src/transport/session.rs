//! TLS on one connection (RFC 8446, RFC 5246): bytes in, bytes out, no socket.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::Connection;
use rustls::pki_types::CertificateDer;

use crate::sip::Framer;

/// The state of TLS, shared by a connection's reader and its writer.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Session>>);

impl Shared {
    pub(super) fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(session)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state of TLS.
#[derive(Debug)]
pub(super) struct Session {
    tls: Connection,
    record: Record,
}

/// What the other side can still say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// More may come.
    Open,
    /// It has said that nothing will.
    Ended,
}

impl Session {
    pub(super) fn new(tls: impl Into<Connection>) -> Self {
        Self { tls: tls.into(), record: Record::default() }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Takes some of the bytes that came, and at most as much as need be decrypted before more can be taken. After the
    /// peer's last word it takes and ignores all.
    pub(super) fn receive(&mut self, bytes: &mut &[u8]) -> io::Result<()> {
        let before = *bytes;
        if self.tls.read_tls(bytes)? == 0 {
            *bytes = &[];
            return Ok(());
        }
        self.record.advance(before.get(..before.len() - bytes.len()).unwrap_or_default());
        let processed = self.tls.process_new_packets();
        processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(())
    }

    /// Gives the framer what was decrypted; how many bytes, and whether more may come.
    pub(super) fn drain(&mut self, framer: &mut Framer) -> io::Result<(usize, Hearing)> {
        let mut count = 0;
        let mut reader = self.tls.reader();
        loop {
            let length = match reader.fill_buf() {
                Ok([]) => return Ok((count, Hearing::Ended)),
                Ok(plain) => {
                    framer.push(plain);
                    plain.len()
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((count, Hearing::Open)),
                Err(error) => return Err(error),
            };
            reader.consume(length);
            count += length;
        }
    }

    /// How many bytes of a record that is not whole are held.
    pub(super) fn begun(&self) -> usize {
        self.record.begun
    }

    /// Encrypts what goes into `wire` of it; how many bytes of `plain` those were.
    pub(super) fn seal(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> io::Result<usize> {
        let count = self.tls.writer().write(plain)?;
        self.write_owed(wire)?;
        Ok(count)
    }

    /// Whether TLS itself has something to say.
    pub(super) fn owes(&self) -> bool {
        self.tls.wants_write()
    }

    /// Writes what TLS itself has to say.
    pub(super) fn write_owed(&mut self, wire: &mut Vec<u8>) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(wire)?;
        }
        Ok(())
    }

    /// Says that nothing more will come (RFC 8446 §6.1).
    pub(super) fn close(&mut self, wire: &mut Vec<u8>) -> io::Result<()> {
        self.tls.send_close_notify();
        self.write_owed(wire)
    }

    /// The certificate that the peer has shown and that was verified; `None`: it has shown none.
    pub(super) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.tls.peer_certificates()?.first()
    }
}

/// The record that has begun (RFC 8446 §5.1): its header of five bytes ends with the length of the rest.
#[derive(Debug, Default)]
struct Record {
    begun: usize,
    /// Of the rest; as much of it as has come.
    length: [u8; 2],
}

impl Record {
    const HEADER: usize = 5;

    fn advance(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.begun < Self::HEADER {
                self.length = [self.length[1], *first];
                self.begun += 1;
                bytes = rest;
            } else {
                let missing = (self.whole() - self.begun).min(bytes.len());
                bytes = bytes.get(missing..).unwrap_or_default();
                self.begun += missing;
            }
            if self.begun >= Self::HEADER && self.begun == self.whole() {
                *self = Self::default();
            }
        }
    }

    fn whole(&self) -> usize {
        Self::HEADER + usize::from(u16::from_be_bytes(self.length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_record_that_is_not_whole_every_byte_counts_however_it_comes() {
        let records =
            [&[23, 3, 3, 1, 4][..], &[b'x'; 260], &[22, 3, 3, 0, 0], &[23, 3, 3, 0, 2, b'x']].concat();
        for pieces in [1, 2, 3, 4, 5, 6, 264, 265, 266, 300] {
            let mut record = Record::default();
            for piece in records.chunks(pieces) {
                record.advance(piece);
            }
            assert_eq!(record.begun, 6, "in pieces of {pieces}");
            record.advance(b"x");
            assert_eq!(record.begun, 0, "in pieces of {pieces}");
        }
    }
}

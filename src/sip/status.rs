//! Reason phrases.

/// The phrase that the RFCs give a status code; for a code nobody registered, the phrase of its class.
pub fn reason_phrase(code: u16) -> &'static str {
    todo!()
}

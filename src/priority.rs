//! Which threads give way to the others, when more want to run than there are processors.

/// The calling thread does what can wait a second, and from here on has a tenth of the share that others have of a busy processor: those
/// that SIP and its clients wait for. A system that refuses it has its reasons.
pub fn give_way() {
    let _ = rustix::process::nice(10);
}

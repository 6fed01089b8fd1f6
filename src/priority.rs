//! Which threads give way to which, when more want to run than there are processors.

/// How nice a thread is that gives way a little.
const A_LITTLE: i32 = 5;

/// The calling thread does what can wait a second, and from here on has a tenth of the share that others have of a busy processor: those
/// that SIP and its clients wait for. A system that refuses it has its reasons.
pub fn give_way() {
    let _ = rustix::process::nice(10);
}

/// The calling thread tells many what others have done, and has a third of the share of those that do it on a busy processor. What it
/// starts may say so again: it stays at that.
pub fn give_way_a_little() {
    if rustix::process::getpriority_process(None).is_ok_and(|nice| nice < A_LITTLE) {
        let _ = rustix::process::setpriority_process(None, A_LITTLE);
    }
}

//! The core in virtual time.

mod cancel;
mod harness;

//! Digest authentication of a user agent client: what a 401 or 407 asks for and what is answered
//! (RFC 3261 §22, RFC 7616, RFC 8760).

mod algorithm;
mod answer;
mod challenge;
mod credentials;
mod quoted;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use answer::Answer;
pub use challenge::{Challenge, Qop, challenges, strongest};
pub use credentials::{Credentials, Password};
pub use quoted::Quoted;

//! Digest authentication: what a 401 or 407 asks for, what is answered, and whether an answer to us is right
//! (RFC 3261 §22, RFC 7616, RFC 8760).

mod algorithm;
mod answer;
mod authorization;
mod challenge;
mod covered;
mod credentials;
mod params;
mod quoted;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use answer::Answer;
pub use authorization::{Authorization, authorizations, demand};
pub use challenge::{Challenge, Qop, challenges, strongest};
pub use credentials::{Credentials, Password};
pub use quoted::Quoted;

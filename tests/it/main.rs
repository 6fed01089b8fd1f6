//! The integration tests, one binary: what holds from outside.

mod house;

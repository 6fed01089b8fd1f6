//! call-agent: a SIP user agent that other software drives over HTTP.
//!
//! | module | what it does |
//! |---|---|
//! | [`agent`] | the core: calls, transactions, alarms; no socket, no clock, no task |
//! | [`sip`] | messages on the wire: cut, read, written |
//! | [`state`] | what clients can see: the calls as they are, the numbered log of events, replay; the journal on disk |
//! | [`driver`] | the one task that owns the agent and reads clocks; `Commander` is its handle |
//! | [`tls`] | certificates: read, read again, used |
//! | [`metrics`] | what is counted and measured, for Prometheus; the peers that were seen |
//! | [`timeline`] | what happened to a call: its messages, commands and events on one clock |
//! | [`transport`] | bytes to messages and back: listeners and connections |
//! | [`traces`] | a span for each call and command, sent by OpenTelemetry's protocol |
//! | [`webhook`] | events sent to receivers, signed, in order, tried again |
//! | [`caller`] | `call-agent call`: places calls and prints what happened |
//! | [`offline`] | `call-agent events`: reads the log in a data directory |
//! | [`keys`] | `call-agent keys`: makes keys |
//! | [`http`] | REST and SSE: one file per resource |
//! | [`config`] | every setting: flag, environment, file, default |
//! | [`access`] | who may come in by HTTP: keys with scopes, tokens, how often each may ask |
//! | [`telemetry`] | logs |
//! | `seldom` | log lines that a peer can cause at will, kept few |
//! | `json` | what is written with each message, as JSON |
//! | [`open_files`] | how many files the process may have open |
//! | [`priority`] | which threads give way to the others |
//! | [`small_pages`] | that no memory is had in huge pages |
//! | [`serve()`] | all of it put together |

#![forbid(unsafe_code)]

pub mod access;
pub mod agent;
pub mod caller;
pub mod config;
pub mod driver;
pub mod http;
mod json;
pub mod keys;
pub mod metrics;
pub mod offline;
pub mod open_files;
pub mod priority;
mod seldom;
mod serve;
pub mod sip;
pub mod small_pages;
pub mod state;
pub mod telemetry;
pub mod timeline;
pub mod tls;
pub mod traces;
pub mod transport;
pub mod webhook;

pub use serve::{BindError, Listeners, ServeError, guard_http, serve};

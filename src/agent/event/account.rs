//! An account as clients see it, and what is told of it.

use std::sync::Arc;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::agent::Timestamp;

/// An extension of a PBX that the agent keeps registered, as it is at one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Account {
    /// Its name in this API, from the settings.
    #[schema(value_type = String, examples("1000"))]
    pub id: ByteString,
    /// The address of record.
    #[schema(value_type = String, examples("sip:1000@pbx.example.com"))]
    pub aor: ByteString,
    /// Where it registers.
    #[schema(value_type = String, examples("sip:pbx.example.com;transport=tcp"))]
    pub registrar: ByteString,
    /// The first hop of its requests, if one is set.
    #[schema(required, value_type = Option<String>)]
    pub outbound_proxy: Option<ByteString>,
    /// How far its registration is.
    pub state: RegistrationState,
    /// Where calls to it are sent: the Contact that the registrar has; null while it has none.
    #[schema(required, value_type = Option<String>, examples("sip:1000@10.0.0.2:40312;transport=tcp"))]
    pub contact: Option<ByteString>,
    /// `tcp`, `udp` or `tls`; null before the registrar was reached.
    #[schema(required, value_type = Option<String>)]
    pub transport: Option<&'static str>,
    /// The registrar's (or proxy's) address; null before it was reached.
    #[schema(required, value_type = Option<String>, examples("10.0.0.1:5060"))]
    pub peer: Option<ByteString>,
    /// When the registrar last confirmed the registration.
    #[schema(required)]
    pub registered_at: Option<Timestamp>,
    /// When it lapses if it is not refreshed.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// When REGISTER is sent next: a refresh, or another try.
    #[schema(required)]
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last try failed; null if it did not.
    #[schema(required)]
    pub failure: Option<RegistrationFailure>,
}

/// How far a registration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// Not registered, by a client's wish or because the agent has just started or shuts down.
    Unregistered,
    /// The first REGISTER, or one after a failure, waits for its answer.
    Registering,
    /// The registrar sends calls here; a refresh changes nothing of that.
    Registered,
    /// The REGISTER that ends it waits for its answer.
    Unregistering,
    /// The last try failed, or the connection was lost; another try follows at `next_attempt_at`.
    Failed,
}

/// Why a registration failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegistrationFailure {
    /// The registrar's status; null: it did not answer, or could not be reached.
    #[schema(required, examples(403))]
    pub sip_status: Option<u16>,
    /// For people.
    #[schema(examples("403 Forbidden"))]
    pub detail: String,
}

/// One change of a registration, with the account as it is right after: `registration.changed`. Each refresh that the registrar
/// confirms is one too, as it moves `registered_at`, `expires_at` and `next_attempt_at`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountEvent {
    /// When.
    #[serde(skip)]
    pub time: Timestamp,
    /// The account.
    pub account: Arc<Account>,
}

//! `[[webhook]]`: receivers of events, in the file alone. What is wrong is said by the key and never by its value.

use std::time::Duration;

use super::secret;
use super::source::Variables;
use super::table::{Fault, Table};
use crate::webhook::{Endpoint, MOST, Source, Types, checked_id};

/// For how long a receiver is sent again what it does not take, unless that is set.
pub(super) const RETRY: Duration = Duration::from_secs(24 * 3600);

const KEYS: [&str; 6] = ["id", "url", "secret", "secret_file", "secret_env", "types"];
const SECRET: [&str; 3] = ["secret", "secret_file", "secret_env"];

/// Reads the tables of `[[webhook]]`, in their order.
pub(super) fn webhooks(value: toml::Value, variables: Variables<'_>) -> Result<Vec<Endpoint>, Fault> {
    let tables = Table::list("webhook", value)?;
    if tables.len() > MOST {
        return Err(Fault::at("webhook", format!("at most {MOST}")));
    }
    let mut webhooks: Vec<Endpoint> = Vec::new();
    for table in tables {
        let webhook = webhook(&table, variables)?;
        if webhooks.iter().any(|other| other.id == webhook.id) {
            return Err(table.fault("id", "another webhook has it already"));
        }
        webhooks.push(webhook);
    }
    Ok(webhooks)
}

fn webhook(table: &Table, variables: Variables<'_>) -> Result<Endpoint, Fault> {
    table.has_only(&KEYS)?;
    let (key, secret) = secret::of(table, SECRET, variables)?
        .ok_or_else(|| table.fault(SECRET[0], "missing; receivers know by it that it is us"))?;
    let types = table.texts("types")?.map(Types::try_from).transpose();
    Ok(Endpoint {
        id: table.required("id", |id| checked_id(id).map_err(|fault| fault.0))?,
        url: table.required("url", |url| url.parse().map_err(fault))?,
        secret: secret.parse().map_err(|bad| table.fault(key, fault(bad)))?,
        types: types.map_err(|bad| table.fault("types", bad.0))?.unwrap_or_default(),
        source: Source::File,
    })
}

fn fault(bad: crate::webhook::BadEndpoint) -> String {
    bad.0
}

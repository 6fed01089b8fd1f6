//! `[[sip_user]]`: who may call us where callers are asked for credentials, in the file alone. What is wrong is said by the key
//! and never by its value.

use super::secret;
use super::source::Variables;
use super::table::{Fault, Table};
use crate::sip::digest::{Credentials, Password};

/// How many there may be.
const MAX_USERS: usize = 10_000;

const KEYS: [&str; 4] = ["user", "password", "password_file", "password_env"];
const PASSWORD: [&str; 3] = ["password", "password_file", "password_env"];

/// Reads the tables of `[[sip_user]]`, in their order.
pub(super) fn sip_users(value: toml::Value, variables: Variables<'_>) -> Result<Vec<Credentials>, Fault> {
    let tables = Table::list("sip_user", value)?;
    if tables.len() > MAX_USERS {
        return Err(Fault::at("sip_user", format!("at most {MAX_USERS}")));
    }
    let mut names = std::collections::HashSet::new();
    let mut users = Vec::new();
    for table in tables {
        let user = user(&table, variables)?;
        if !names.insert(user.username.clone()) {
            return Err(table.fault("user", "another one has this name already"));
        }
        users.push(user);
    }
    Ok(users)
}

fn user(table: &Table, variables: Variables<'_>) -> Result<Credentials, Fault> {
    table.has_only(&KEYS)?;
    let username = table.required("user", name)?;
    let (_, password) = secret::of(table, PASSWORD, variables)?
        .ok_or_else(|| table.fault(PASSWORD[0], "missing; by it the user is known"))?;
    Ok(Credentials { username: username.into(), password: Password::new(password) })
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("some characters, and no control characters");
    }
    Ok(text.to_owned())
}

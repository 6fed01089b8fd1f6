//! `[[account]]`: the extensions of PBXs, in the file alone. What is wrong is said by the key and never by its value: a
//! password may stand where it does not belong.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::table::{Fault, Table};
use super::value::is_host;
use super::{secret, source::Variables};
use crate::agent::AccountSettings;
use crate::sip::Uri;
use crate::sip::digest::{Credentials, Password};

/// How many accounts there may be: each is a registration to keep, and `GET /v1/accounts` lists them all.
const MAX_ACCOUNTS: usize = 1000;

const KEYS: [&str; 10] = [
    "id",
    "registrar",
    "user",
    "domain",
    "auth_user",
    "password",
    "password_file",
    "password_env",
    "expires",
    "outbound_proxy",
];

const PASSWORD: [&str; 3] = ["password", "password_file", "password_env"];

/// How long a registration may be asked for, and is if nothing is said, in seconds.
const EXPIRES: std::ops::RangeInclusive<u32> = 30..=86_400;
const DEFAULT_EXPIRES: u32 = 300;

/// Reads the tables of `[[account]]`, in their order.
pub(super) fn accounts(value: toml::Value, variables: Variables<'_>) -> Result<Vec<AccountSettings>, Fault> {
    let tables = Table::list("account", value)?;
    if tables.len() > MAX_ACCOUNTS {
        return Err(Fault::at("account", format!("at most {MAX_ACCOUNTS}")));
    }
    let mut accounts: Vec<AccountSettings> = Vec::new();
    for table in tables {
        let account = account(&table, variables)?;
        if accounts.iter().any(|other| other.id == account.id) {
            return Err(table.fault("id", "another account has it already"));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

fn account(table: &Table, variables: Variables<'_>) -> Result<AccountSettings, Fault> {
    table.has_only(&KEYS)?;
    let registrar = table.required("registrar", registrar)?;
    let domain = table.text("domain", domain)?.unwrap_or_else(|| host_of(&registrar));
    let user = table.required("user", str_owned)?;
    if !is_user(&user, &domain) {
        return Err(table.fault("user", "not the user part of a SIP URI"));
    }
    Ok(AccountSettings {
        id: table.required("id", id)?.into(),
        credentials: credentials(table, &user, variables)?,
        expires: table.seconds("expires", EXPIRES)?.unwrap_or(Duration::from_secs(DEFAULT_EXPIRES.into())),
        outbound_proxy: table.text("outbound_proxy", server)?,
        registrar,
        user,
        domain,
    })
}

/// None without a password.
fn credentials(table: &Table, user: &str, variables: Variables<'_>) -> Result<Option<Credentials>, Fault> {
    let auth_user = table.text("auth_user", auth_user)?;
    match secret::of(table, PASSWORD, variables)? {
        Some((_, password)) => {
            let password = Password::new(password);
            Ok(Some(Credentials { username: auth_user.unwrap_or_else(|| user.to_owned()).into(), password }))
        }
        None if auth_user.is_some() => Err(table.fault("auth_user", "there is no password to it")),
        None => Ok(None),
    }
}

fn str_owned(text: &str) -> Result<String, &'static str> {
    Ok(text.to_owned())
}

/// What needs no escapes in a path, and `@`.
fn id(text: &str) -> Result<String, &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("1–64 characters: letters, digits and -._~@+")
}

/// §10.2: the Request-URI of a REGISTER names a domain and nobody in it.
fn registrar(text: &str) -> Result<Uri, &'static str> {
    let uri = server(text)?;
    if uri.user().is_some() { Err("a registrar's URI has no user") } else { Ok(uri) }
}

/// A URI that requests can be sent to.
fn server(text: &str) -> Result<Uri, &'static str> {
    let uri = Uri::parse(text.to_owned().into())?;
    if !uri.is_sip() {
        return Err("neither a sip: nor a sips: URI");
    }
    if uri.has_headers() {
        return Err("a URI without headers is needed");
    }
    match uri.param("transport") {
        Some(udp) if udp.eq_ignore_ascii_case("udp") && uri.is_sips() => Err("sips: does not go over UDP"),
        Some(name) if ["udp", "tcp", "tls"].iter().all(|known| !name.eq_ignore_ascii_case(known)) => {
            Err("transport is one of udp, tcp, tls")
        }
        _ => Ok(uri),
    }
}

fn domain(text: &str) -> Result<String, &'static str> {
    if is_host(text) { Ok(text.to_owned()) } else { Err("not a host") }
}

/// As it stands in a URI.
fn host_of(uri: &Uri) -> String {
    let host = uri.host();
    if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.into_owned() }
}

/// Whether `sip:user@domain` is an address of record with all of `user` in its user part (§25.1 `user`).
fn is_user(user: &str, domain: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/%".contains(&byte);
    let read = |uri: Uri| uri.user() == Some(user);
    user.bytes().all(is_allowed) && Uri::parse(format!("sip:{user}@{domain}").into()).is_ok_and(read)
}

fn auth_user(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("some characters, and no control characters");
    }
    Ok(text.to_owned())
}

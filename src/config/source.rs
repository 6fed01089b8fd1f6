//! Where settings come from. Whatever the source, a setting's text is read by the reader of its flag.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::layer::Layer;
use super::table::Fault;
use super::{BadSetting, account, key, sip_user, webhook};
use crate::access::Key;
use crate::agent::AccountSettings;
use crate::sip::digest::Credentials;
use crate::webhook::Endpoint;

/// What the names of the agent's variables begin with.
const PREFIX: &str = "CALL_AGENT_";

/// The environment: names and values.
pub(super) type Variables<'a> = &'a [(OsString, OsString)];

/// What the command line gives.
pub(super) fn flags(arguments: impl IntoIterator<Item = OsString>) -> Result<Layer, BadSetting> {
    let layer = Layer::try_parse_from(arguments)?;
    let bad = |fault| {
        Layer::command().error(ErrorKind::ValueValidation, format!("invalid value for '--codecs': {fault}"))
    };
    layer.check().map_err(bad)?;
    Ok(layer)
}

/// What the environment gives, and the key. An empty variable is one that is not set, but for the key: whoever sets an empty
/// one means to have one.
pub(super) fn environment(variables: Variables<'_>) -> Result<(Layer, Option<Key>), BadSetting> {
    let mut layer = Layer::default();
    let mut api_key = None;
    for (name, value) in variables {
        let Some(name) = name.to_str() else { continue };
        let Some(setting) = name.strip_prefix(PREFIX) else { continue };
        if is_service_link(name, &value.to_string_lossy()) {
            continue;
        }
        let bad = |fault: String| BadSetting::Variable { name: name.to_owned(), fault };
        let value = value.to_str().ok_or_else(|| bad("not UTF-8".to_owned()))?;
        if setting == "API_KEY" {
            api_key = Some(key::given(value).map_err(|fault| bad(fault.to_owned()))?);
        } else {
            let flag = flag(setting, |c| c.is_ascii_uppercase() || c == '_').map_err(bad)?;
            if !value.is_empty() {
                layer = layer.or(read(&flag, [value.to_owned()]).map_err(bad)?);
            }
        }
    }
    Ok((layer, api_key))
}

/// The lists that only a file has.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// `[[account]]`
    pub accounts: Vec<AccountSettings>,
    /// `[[sip_user]]`
    pub sip_users: Vec<Credentials>,
    /// `[[webhook]]`
    pub webhooks: Vec<Endpoint>,
}

impl Tables {
    /// Takes a list; `false`: there is none of that name. Secrets may be in the environment.
    fn take(&mut self, name: &str, value: &toml::Value, variables: Variables<'_>) -> Result<bool, Fault> {
        match name {
            "account" => self.accounts = account::accounts(value.clone(), variables)?,
            "sip_user" => self.sip_users = sip_user::sip_users(value.clone(), variables)?,
            "webhook" => self.webhooks = webhook::webhooks(value.clone(), variables)?,
            // Read apart, since they are read again: see `access`.
            "key" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What the file gives.
pub(super) fn file(path: &Path, variables: Variables<'_>) -> Result<(Layer, Tables), BadSetting> {
    let mut layer = Layer::default();
    let mut tables = Tables::default();
    for (key, value) in toml_of(path, "--config")? {
        let bad = |Fault { key, fault }| BadSetting::Key { file: path.to_owned(), key, fault };
        if tables.take(&key, &value, variables).map_err(bad)? {
            continue;
        }
        let bad = |fault| BadSetting::Key { file: path.to_owned(), key: key.clone(), fault };
        let flag = flag(&key, |c| c.is_ascii_lowercase() || c == '_').map_err(bad)?;
        if flag == "--config" {
            return Err(bad("a file cannot name another".to_owned()));
        }
        layer = layer.or(texts(value).and_then(|texts| read(&flag, texts)).map_err(bad)?);
    }
    Ok((layer, tables))
}

/// The file that a setting names.
pub(super) fn toml_of(path: &Path, setting: &'static str) -> Result<toml::Table, BadSetting> {
    let unreadable = |fault: String| BadSetting::File { setting, file: path.to_owned(), fault };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    text.parse().map_err(|error| unreadable(not_toml(&text, &error)))
}

/// What is wrong with the file's TOML and where. The error itself would show the line, which may have a password in it.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {}, column {column}: {}", before.matches('\n').count() + 1, error.message())
}

/// The flag of a setting that goes by `name` elsewhere.
fn flag(name: &str, is_spelling: impl Fn(char) -> bool) -> Result<String, String> {
    let long = name.to_ascii_lowercase().replace('_', "-");
    let is_known = Layer::command().get_arguments().any(|argument| argument.get_long() == Some(&long));
    if is_known && name.chars().all(is_spelling) {
        Ok(format!("--{long}"))
    } else {
        Err("there is no such setting".to_owned())
    }
}

/// Reads one setting from its values.
fn read(flag: &str, values: impl IntoIterator<Item = String>) -> Result<Layer, String> {
    let arguments = values.into_iter().map(|value| format!("{flag}={value}"));
    let layer = Layer::try_parse_from(std::iter::once("call-agent".to_owned()).chain(arguments))
        .map_err(|error| fault(&error))?;
    layer.check().map(|()| layer)
}

/// What is wrong, without the flag's name: the setting did not come by its flag.
fn fault(error: &clap::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match (error.kind(), cause, error.get(ContextKind::InvalidValue)) {
        (ErrorKind::ArgumentConflict, ..) => "one value, not a list".to_owned(),
        (_, Some(cause), Some(ContextValue::String(value))) => format!("{value:?}: {cause}"),
        (_, Some(cause), _) => cause,
        _ => "a value is missing".to_owned(),
    }
}

/// A TOML value as the texts that flags would give.
fn texts(value: toml::Value) -> Result<Vec<String>, String> {
    match value {
        toml::Value::String(text) => Ok(vec![text]),
        toml::Value::Integer(number) => Ok(vec![number.to_string()]),
        toml::Value::Array(values) if values.is_empty() => Err("an empty list".to_owned()),
        toml::Value::Array(values) if values.iter().all(|value| !value.is_array()) => {
            Ok(values.into_iter().map(texts).collect::<Result<Vec<_>, _>>()?.concat())
        }
        _ => Err("a string, a whole number, or a list of them".to_owned()),
    }
}

/// Kubernetes and Docker describe a service by the name of `call-agent` (or `call-agent-…`) in variables of these forms;
/// they are no settings. Of the form `…_PORT` is also what people write for a setting, so that its value decides.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let has_numbered_port =
        name.split_once("_PORT_").is_some_and(|(_, number)| number.starts_with(|c: char| c.is_ascii_digit()));
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_url)
        || has_numbered_port
}

//! The file's tables, key by key.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Value;

/// What is wrong with a key of the file. It does not say the key's value.
#[derive(Debug)]
pub(super) struct Fault {
    /// As in `account[1].user`; the first of a list is 0.
    pub key: String,
    /// For people.
    pub fault: String,
}

impl Fault {
    pub fn at(key: &str, fault: impl Into<String>) -> Self {
        Self { key: key.to_owned(), fault: fault.into() }
    }
}

/// One table of a list.
#[derive(Debug)]
pub(super) struct Table {
    path: String,
    keys: toml::Table,
}

impl Table {
    /// The tables that `[[name]]` begins.
    pub fn list(name: &str, value: Value) -> Result<Vec<Self>, Fault> {
        let fault = || Fault::at(name, format!("tables, each begun by [[{name}]]"));
        let Value::Array(values) = value else { return Err(fault()) };
        let table = |(place, value)| match value {
            Value::Table(keys) => Ok(Self { path: format!("{name}[{place}]"), keys }),
            _ => Err(fault()),
        };
        values.into_iter().enumerate().map(table).collect()
    }

    /// A fault of one of its keys.
    pub fn fault(&self, key: &str, fault: impl Into<String>) -> Fault {
        Fault::at(&format!("{}.{key}", self.path), fault)
    }

    /// A key that is none of these is a fault.
    pub fn has_only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.keys.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(self.fault(unknown, "there is no such setting")),
            None => Ok(()),
        }
    }

    /// A string, read; `None`: the key is not there.
    pub fn text<T, E: Into<String>>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Fault> {
        match self.keys.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => read(text).map(Some).map_err(|fault| self.fault(key, fault)),
            Some(_) => Err(self.fault(key, "a string in quotes")),
        }
    }

    /// The same of a key that must be there.
    pub fn required<T, E: Into<String>>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Fault> {
        self.text(key, read)?.ok_or_else(|| self.fault(key, "missing"))
    }

    /// A list of strings.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(value) = self.keys.get(key) else { return Ok(None) };
        let texts =
            value.as_array().map(|values| values.iter().map(|value| value.as_str().map(str::to_owned)));
        let texts = texts.and_then(Iterator::collect);
        texts.map(Some).ok_or_else(|| self.fault(key, "a list of strings in quotes"))
    }

    /// A whole number of seconds.
    pub fn seconds(&self, key: &str, range: RangeInclusive<u32>) -> Result<Option<Duration>, Fault> {
        let Some(value) = self.keys.get(key) else { return Ok(None) };
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let seconds = number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.fault(key, format!("a whole number of seconds from {} to {}", range.start(), range.end()))
        })?;
        Ok(Some(Duration::from_secs(seconds.into())))
    }
}

//! What a table keeps secret: in the file, in a file of its own, or in the environment. It goes from here into a type that shows
//! nothing of itself.

use std::fs::File;
use std::io::Read;

use super::source::Variables;
use super::table::{Fault, Table};

/// A longer one is a mistake, such as a wrong file.
const MAX_BYTES: usize = 1024;

/// The secret that a table gives by one of three keys: itself, in a file, in the environment; with the key that gave it. `None`:
/// by none.
pub(super) fn of(
    table: &Table,
    keys: [&'static str; 3],
    variables: Variables<'_>,
) -> Result<Option<(&'static str, String)>, Fault> {
    let [plain, file, environment] = keys;
    let texts = [
        table.text(plain, |text| Ok::<_, &str>(text.to_owned()))?,
        table.text(file, from_file)?,
        table.text(environment, |name| from_environment(name, variables))?,
    ];
    let mut given = keys.into_iter().zip(texts).filter_map(|(key, text)| Some((key, text?)));
    let Some((key, text)) = given.next() else { return Ok(None) };
    if let Some((another, _)) = given.next() {
        return Err(table.fault(another, format!("there is {key} already")));
    }
    checked(text).map(|text| Some((key, text))).map_err(|fault| table.fault(key, fault))
}

fn checked(text: String) -> Result<String, String> {
    if text.is_empty() {
        return Err("empty; who needs none has none of the three keys".to_owned());
    }
    if text.len() > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("more than one line, or a control character".to_owned());
    }
    Ok(text)
}

/// A file's text without the line feed that editors end it with. Its name is not said: who mistakes the key writes the
/// secret there.
fn from_file(path: &str) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("the file cannot be read: {error}");
    let mut bytes = Vec::new();
    // Room for the line's end, and one byte that tells a longer file.
    let most = MAX_BYTES as u64 + 3;
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn from_environment(name: &str, variables: Variables<'_>) -> Result<String, &'static str> {
    let (_, value) =
        variables.iter().find(|(known, _)| known == name).ok_or("the environment has no such variable")?;
    value.to_str().map(str::to_owned).ok_or("the variable is not UTF-8")
}

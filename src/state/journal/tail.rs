//! The log's own file: what is committed, until the database has it.
//!
//! A batch is one record, appended by one write; that is all a commit costs. Later the database takes what has come together in
//! one large transaction, and the files that held it go. What is left of them after a crash the database takes first.
//!
//! ```text
//!  tail-0000000000000001, …   `call-agent tail 1` and a line feed, then records
//!  record                     length of the rows, CRC-32 of the rows: 32 bits each, little-endian; the rows, by postcard
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::row::Row;

/// What a file begins with: the version of the rows.
const HEAD: &[u8] = b"call-agent tail 1\n";
/// What the names begin with; the rest is a number in hexadecimal digits.
const NAME: &str = "tail-";
/// What a record begins with, bytes.
const PREFIX: usize = 8;

/// The files of a directory; the last one is appended to.
#[derive(Debug)]
pub(super) struct Tail {
    directory: PathBuf,
    /// Whether a record counts only when the disk has it.
    syncs: bool,
    /// The number of the next file.
    next: u64,
    open: Option<Open>,
    /// Those before it that hold something.
    full: Vec<PathBuf>,
    record: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    /// Where the next record begins.
    end: u64,
}

impl Tail {
    /// Behind what is left of an earlier run.
    pub fn new(directory: &Path, syncs: bool) -> io::Result<Self> {
        let next = left(directory)?.last().and_then(|path| number(path)).map_or(1, |last| last + 1);
        let directory = directory.to_owned();
        Ok(Self { directory, syncs, next, open: None, full: Vec::new(), record: Vec::new() })
    }

    /// Appends the rows as one record. What could not be appended is not there, and the next try is made with another file:
    /// the system may have given up this one.
    pub fn append(&mut self, rows: &[&Row]) -> io::Result<()> {
        encode(rows, &mut self.record)?;
        let open = match &mut self.open {
            Some(open) => open,
            open => {
                let begun = begin(&self.directory, self.next, self.syncs)?;
                self.next += 1;
                open.insert(begun)
            }
        };
        let appended = open.append(&self.record, self.syncs);
        if appended.is_err() {
            self.give_up();
        }
        appended
    }

    /// The files that hold what was appended since this was asked last. The next record begins another.
    pub fn take(&mut self) -> Vec<PathBuf> {
        self.full.extend(self.open.take().map(|open| open.path));
        std::mem::take(&mut self.full)
    }

    /// They are still needed.
    pub fn take_back(&mut self, files: Vec<PathBuf>) {
        self.full.splice(..0, files);
    }

    fn give_up(&mut self) {
        let Some(Open { file, path, end }) = self.open.take() else { return };
        let is_empty = end == HEAD.len() as u64;
        // Where even this is refused, the record that is not whole ends the file for who reads it.
        let _ = if is_empty { fs::remove_file(&path) } else { file.set_len(end) };
        if !is_empty {
            self.full.push(path);
        }
    }
}

impl Open {
    fn append(&mut self, record: &[u8], syncs: bool) -> io::Result<()> {
        self.file.write_all_at(record, self.end)?;
        if syncs {
            self.file.sync_data()?;
        }
        self.end += record.len() as u64;
        Ok(())
    }
}

fn begin(directory: &Path, number: u64, syncs: bool) -> io::Result<Open> {
    let path = directory.join(format!("{NAME}{number:016x}"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(HEAD)?;
    if syncs {
        // The name, too, has to survive.
        File::open(directory)?.sync_all()?;
    }
    Ok(Open { file, path, end: HEAD.len() as u64 })
}

fn encode(rows: &[&Row], record: &mut Vec<u8>) -> io::Result<()> {
    record.clear();
    record.resize(PREFIX, 0);
    // `to_extend` gives back what it was given.
    *record = postcard::to_extend(rows, std::mem::take(record)).map_err(io::Error::other)?;
    let (prefix, rows) = record.split_at_mut(PREFIX);
    let length = u32::try_from(rows.len()).map_err(io::Error::other)?;
    let (head, sum) = prefix.split_at_mut(PREFIX / 2);
    head.copy_from_slice(&length.to_le_bytes());
    sum.copy_from_slice(&crc32fast::hash(rows).to_le_bytes());
    Ok(())
}

/// The files in a directory, the oldest first.
pub(super) fn left(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| number(path).is_some());
    files.sort();
    Ok(files)
}

fn number(path: &Path) -> Option<u64> {
    u64::from_str_radix(path.file_name()?.to_str()?.strip_prefix(NAME)?, 16).ok()
}

/// The rows in a file, record by record, up to one that is not whole: the process or the machine died while it was written.
pub(super) fn records(file: &[u8]) -> io::Result<impl Iterator<Item = Vec<Row>>> {
    // Of a file whose head never came to the disk there is its length at most, in zeros.
    let is_headless = HEAD.starts_with(file) || file.starts_with(&[0]);
    let Some(mut rest) = file.strip_prefix(HEAD).or_else(|| is_headless.then_some(&[][..])) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a file of the log is of another version"));
    };
    let next = move || {
        let (length, behind) = rest.split_first_chunk()?;
        let (sum, behind) = behind.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (rows, behind) = behind.split_at_checked(length)?;
        rest = behind;
        let is_whole = length > 0 && crc32fast::hash(rows) == u32::from_le_bytes(*sum);
        postcard::from_bytes(rows).ok().filter(|_| is_whole)
    };
    Ok(std::iter::from_fn(next).fuse())
}

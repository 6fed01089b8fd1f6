//! `call-agent keys new`: makes a key, and the table that lets its bearer in.

use std::io::{self, Write};
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::access::{Digest, Scope, key_name, new_key};

// What is written on the fields is the text of `--help`.
/// Makes keys for clients of HTTP
#[derive(Debug, Parser)]
#[command(name = "call-agent keys")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a new key, this once, and the [[key]] table for the settings or the --api-keys-file
    New(New),
}

#[derive(Debug, Parser)]
struct New {
    /// Who will show the key: a name for the log
    #[arg(long, value_name = "NAME", value_parser = key_name)]
    name: Arc<str>,

    /// What it may be used for: calls:read, calls:control, calls:originate, events:read or admin; a list
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
    scopes: Vec<Scope>,
}

/// Does what is asked and prints what comes of it: the key on a line of its own, an empty line, the table.
pub fn run(options: &Options, mut out: impl Write) -> io::Result<()> {
    let Command::New(New { name, scopes }) = &options.command;
    let key = new_key().map_err(io::Error::other)?;
    let mut names: Vec<_> = scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
    names.dedup();
    writeln!(out, "{key}\n")?;
    writeln!(
        out,
        "[[key]]\nname = \"{name}\"\nhash = \"{}\"\nscopes = [{}]",
        Digest::of(&key),
        names.join(", ")
    )?;
    out.flush()
}

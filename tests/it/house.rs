//! The rules of the house that the compiler does not hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may know. `main.rs` and `lib.rs` open the doors and are free.
const ARROWS: [(&str, &[&str]); 23] = [
    ("priority", &[]),
    ("small_pages", &[]),
    ("json", &[]),
    ("sip", &[]),
    ("agent", &["sip"]),
    ("metrics", &["agent", "sip"]),
    ("traces", &["agent", "state", "driver", "seldom", "tls"]),
    ("state", &["agent", "json", "metrics", "priority"]),
    ("seldom", &[]),
    ("access", &[]),
    ("keys", &["access"]),
    ("tls", &[]),
    ("timeline", &["agent", "sip"]),
    ("transport", &["agent", "sip", "metrics", "timeline", "seldom", "tls"]),
    ("driver", &["agent", "state", "metrics", "timeline", "transport"]),
    ("caller", &["agent", "state", "driver", "transport", "tls", "config"]),
    ("webhook", &["agent", "state", "driver", "tls"]),
    (
        "http",
        &[
            "agent",
            "state",
            "metrics",
            "timeline",
            "driver",
            "webhook",
            "priority",
            "seldom",
            "access",
            "tls",
            "telemetry",
            "traces",
        ],
    ),
    ("config", &["agent", "sip", "state", "webhook", "access", "tls"]),
    ("offline", &["agent", "state"]),
    ("open_files", &["transport", "http"]),
    ("telemetry", &["config", "driver", "priority"]),
    (
        "serve",
        &[
            "agent",
            "sip",
            "state",
            "metrics",
            "timeline",
            "transport",
            "driver",
            "webhook",
            "http",
            "config",
            "access",
            "tls",
            "open_files",
            "traces",
        ],
    ),
];

/// Who may name the core itself, and not only its words.
const OWNERS: [&str; 2] = ["agent", "driver"];

/// Lines of a file, its tests' folder apart.
const LONGEST: usize = 300;

struct Source {
    /// Below `src`.
    path: PathBuf,
    /// Without comments and without the tests at its end.
    code: String,
    lines: usize,
}

impl Source {
    fn room(&self) -> String {
        let first = self.path.components().next().unwrap().as_os_str();
        Path::new(first).with_extension("").to_str().unwrap().to_owned()
    }

    /// How many `super::` lead to the crate's root.
    fn depth(&self) -> usize {
        let named = self.path.components().count();
        if self.path.ends_with("mod.rs") { named - 1 } else { named }
    }

    fn is_root(&self) -> bool {
        ["main.rs", "lib.rs"].iter().any(|root| self.path == Path::new(root))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_owned();
                sources.push(Source { path, lines: text.lines().count(), code: code(&text) });
            }
        }
    }
    assert!(sources.len() > 10);
    sources
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let uncommented = |line: &str| line.split("//").next().unwrap().to_owned();
    text.lines().map(uncommented).collect::<Vec<_>>().join("\n")
}

/// Every path that begins with `crate::`, groups written out: `crate::a::{b, c::d}` is `a::b` and `a::c::d`.
fn crate_paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        expand("", &code[at + start.len()..], &mut found);
    }
    found
}

/// Adds the paths of the tree that `text` begins with; gives what is behind it.
fn expand<'a>(prefix: &str, text: &'a str, found: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if rest.is_empty() || rest.starts_with('}') {
                return rest.get(1..).unwrap_or_default();
            }
            let behind = expand(prefix, rest, found);
            rest = if behind.len() < rest.len() { behind } else { &rest[1..] };
        }
    }
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let path = format!("{prefix}{name}");
    let rest = &text[name.len()..];
    match rest.strip_prefix("::") {
        Some(tree) if !name.is_empty() => expand(&format!("{path}::"), tree, found),
        _ => {
            found.push(path);
            rest
        }
    }
}

#[test]
fn groups_of_paths_are_written_out() {
    let code = "use crate::{agent::{self, Call}, state};\nfn f(a: crate::sip::Uri) {}";
    assert_eq!(crate_paths(code), ["agent::self", "agent::Call", "state", "sip::Uri"]);
}

#[test]
fn every_room_knows_only_the_rooms_below_it() {
    let mut wrong = BTreeSet::new();
    for source in sources().iter().filter(|source| !source.is_root()) {
        let room = source.room();
        let (_, known) = ARROWS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| {
            panic!("{room} has no arrows: the architecture says nothing of it");
        });
        for path in crate_paths(&source.code) {
            let other = path.split("::").next().unwrap();
            if other != room && !known.contains(&other) {
                wrong.insert(format!("{}: crate::{path}", source.path.display()));
            }
            if path.starts_with("agent::Agent") && !OWNERS.contains(&&*room) {
                wrong.insert(format!("{}: crate::{path}: only the words of the core", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_path_leaves_its_room_by_super() {
    for source in sources().iter().filter(|source| !source.is_root()) {
        let leaving = "super::".repeat(source.depth());
        assert!(!source.code.contains(&leaving), "{} leaves its room", source.path.display());
    }
}

#[test]
fn rsip_is_named_in_sip_only() {
    for source in sources().iter().filter(|source| source.room() != "sip") {
        let mut words = source.code.split(|c: char| !c.is_alphanumeric() && c != '_');
        assert!(!words.any(|word| word == "rsip"), "{} names rsip", source.path.display());
    }
}

#[test]
fn no_file_is_too_long_to_read_at_a_sitting() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.lines > LONGEST)
        .map(|source| format!("{}: {} lines", source.path.display(), source.lines))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

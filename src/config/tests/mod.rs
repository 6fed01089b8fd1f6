//! Settings: who goes before whom, what is refused, the key.

mod access;
mod accounts;
mod gate;
mod key;
mod listen;
mod refused;
mod sources;
mod webhooks;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{BadSetting, Config};

/// A directory of a test's own, gone with it.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("call-agent-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// For a test that needs several.
    fn unnamed() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        Self::new(&format!("unnamed-{}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.0.join("call-agent.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn load(flags: &[&str], environment: &[(&str, &str)]) -> Result<Config, BadSetting> {
    let arguments = std::iter::once("call-agent").chain(flags.iter().copied()).map(OsString::from);
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    Config::load(arguments, environment)
}

fn load_file(test: &str, text: &str) -> Result<Config, BadSetting> {
    let directory = Directory::new(test);
    load(&["--config", directory.file(text).to_str().unwrap()], &[])
}

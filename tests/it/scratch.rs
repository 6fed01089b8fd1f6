//! What a test needs of the machine to run other programs: a folder and ports that no other test has.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one, empty.
    pub fn new(name: &str) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("{name}-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in it, as text.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Ports for programs that cannot say which they got for port 0: the first of so many in a row, free for UDP and TCP.
/// They lie below those that Linux gives for port 0, so that they stay free also while a program is restarted.
pub fn free_ports(count: u16) -> u16 {
    const FIRST: u32 = 20_000;
    const PORTS: u32 = 10_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Two runs of the tests at once begin in different places.
    let start = std::process::id().wrapping_mul(97);
    (0..PORTS / u32::from(count))
        .map(|_| start.wrapping_add(NEXT.fetch_add(count.into(), Ordering::Relaxed)))
        .map(|offset| u16::try_from(FIRST + offset % PORTS).unwrap())
        .find(|first| (*first..first + count).all(is_free))
        .expect("some ports are free")
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

#[test]
fn free_ports_are_given_once() {
    let (first, second) = (free_ports(2), free_ports(2));
    assert!(first.abs_diff(second) >= 2, "{first}, {second}");
}

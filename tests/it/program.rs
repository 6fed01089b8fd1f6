//! Another program that a test runs. It is known by what it prints, which is shown when the test fails.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use crate::agent::PATIENCE;

/// A running program; it ends with the test.
pub struct Program {
    process: Child,
    /// Gives what was printed, when all is over.
    printed: Option<JoinHandle<String>>,
}

impl Program {
    /// Starts it and waits until it prints a line with these words.
    pub fn start(command: Command, ready: &'static str) -> Self {
        let (program, is_ready) = Self::spawn(command, ready);
        is_ready.recv_timeout(PATIENCE).expect("it is ready in time and before it ends");
        program
    }

    /// Waits until it ends by itself; gives its status and what it has printed.
    pub fn ends(mut self) -> (ExitStatus, String) {
        let printed = self.printed.take().unwrap().join().unwrap();
        (self.process.wait().unwrap(), printed)
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let sent =
            Command::new("kill").args(["-s", "TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
    }

    fn spawn(mut command: Command, ready: &'static str) -> (Self, Receiver<()>) {
        let (output, input) = std::io::pipe().unwrap();
        let process = command
            .stdin(Stdio::null())
            .stdout(input.try_clone().unwrap())
            .stderr(input)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error} (scripts/test installs it)"));
        // It holds the pipe, which would never end.
        drop(command);
        let (is_ready, wait) = mpsc::channel();
        let printed = std::thread::spawn(move || {
            let mut printed = String::new();
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if line.contains(ready) {
                    // Of no interest to a test that has given up.
                    let _ = is_ready.send(());
                }
                printed.push_str(&line);
                printed.push('\n');
            }
            printed
        });
        (Self { process, printed: Some(printed) }, wait)
    }
}

impl Drop for Program {
    /// Asks it to end, so that it ends its children, too.
    fn drop(&mut self) {
        if self.printed.is_none() {
            return;
        }
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let _ = self.process.wait();
        if let Some(Ok(printed)) = self.printed.take().map(JoinHandle::join)
            && std::thread::panicking()
        {
            eprintln!("{printed}");
        }
    }
}

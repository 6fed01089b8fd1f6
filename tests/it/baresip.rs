//! Baresip as the other phone (`tests/baresip`), driven over its ctrl_tcp: JSON in netstrings.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;

use serde_json::{Value, json};

use crate::agent::PATIENCE;
use crate::authority::Authority;
use crate::kamailio::Kamailio;
use crate::program::Program;
use crate::scratch::{Folder, free_ports};

/// A running baresip; it ends with the test.
pub struct Baresip {
    control: BufReader<TcpStream>,
    /// What it has told and nobody has waited for yet.
    events: VecDeque<Value>,
    /// Where it takes SIP over UDP and TCP.
    pub sip: SocketAddr,
    /// Where it takes SIP over TLS.
    pub tls: SocketAddr,
    program: Program,
    _folder: Folder,
}

impl Baresip {
    /// Starts one with a certificate of the authority. It has no account yet. It is no judge of certificates: version
    /// 1.0 believes any.
    pub fn start(authority: &Authority) -> Self {
        let folder = Folder::new("baresip");
        let port = free_ports(3);
        let [sip, tls, control] = [0, 1, 2].map(|n| SocketAddr::from((Ipv4Addr::LOCALHOST, port + n)));
        let own = authority.issue("baresip");
        let pem = [own.certificate, own.key].map(|file| std::fs::read_to_string(file).unwrap()).concat();
        std::fs::write(folder.file("own.pem"), pem).unwrap();
        let config = include_str!("../baresip/config")
            .replace("{sip}", &sip.to_string())
            .replace("{control}", &control.to_string())
            .replace("{certificate}", &folder.file("own.pem"))
            .replace("{authority}", &authority.file());
        std::fs::write(folder.file("config"), config).unwrap();
        std::fs::write(folder.file("accounts"), "").unwrap();
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder.path()).arg("-s");
        let program = Program::start(command, "baresip is ready");
        let control = TcpStream::connect(control).unwrap();
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        let control = BufReader::new(control);
        Self { control, events: VecDeque::new(), sip, tls, program, _folder: folder }
    }

    /// Adds an account, as in a line of baresip's file `accounts`, and uses it for calls.
    pub fn account(&mut self, line: &str) {
        self.command("uanew", line);
    }

    /// Adds the account of a user of Kamailio and waits until it is registered, over `udp`, `tcp` or `tls`.
    pub fn register(&mut self, user: &str, kamailio: &Kamailio, transport: &str) {
        self.account(&account(user, kamailio, transport));
        self.wait_for("REGISTER_OK");
    }

    /// Calls a URI.
    pub fn dial(&mut self, uri: &str) {
        self.command("dial", uri);
    }

    /// Answers the call that has come.
    pub fn accept(&mut self) {
        self.command("accept", "");
    }

    /// Ends the call, or declines the one that has come.
    pub fn hangup(&mut self) {
        self.command("hangup", "");
    }

    /// Waits for the next event of a type, such as `CALL_INCOMING`, `CALL_ESTABLISHED`, `CALL_CLOSED`.
    #[track_caller]
    pub fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let event = self.events.pop_front().unwrap_or_else(|| self.next());
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Gives a command and its text back what it prints.
    pub fn command(&mut self, command: &str, parameters: &str) -> String {
        let text = json!({"command": command, "params": parameters, "token": command}).to_string();
        write!(self.control.get_mut(), "{}:{text},", text.len()).unwrap();
        loop {
            let next = self.next();
            if next["response"] == true {
                assert_eq!(next["ok"], true, "{command} {parameters}: {next}");
                return next["data"].as_str().unwrap_or_default().to_owned();
            }
            self.events.push_back(next);
        }
    }

    /// The next netstring.
    fn next(&mut self) -> Value {
        let mut length = Vec::new();
        self.control.read_until(b':', &mut length).expect("baresip says something in time");
        let length = std::str::from_utf8(&length).unwrap().trim_end_matches(':');
        let length = length.parse::<usize>().expect("baresip goes on");
        let mut text = vec![0; length + 1];
        self.control.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text[..length]).unwrap()
    }
}

impl Drop for Baresip {
    /// Else it would wait for the registrar's answer to its leave, be there one or not.
    fn drop(&mut self) {
        self.program.kill();
    }
}

/// The line for a user of Kamailio.
fn account(user: &str, kamailio: &Kamailio, transport: &str) -> String {
    let registrar = if transport == "tls" { kamailio.tls } else { kamailio.sip };
    let password = Kamailio::password(user);
    format!("<sip:{user}@{registrar};transport={transport}>;auth_pass={password};regint=600")
}

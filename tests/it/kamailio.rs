//! Kamailio as registrar and proxy (`tests/kamailio`): a server that is not of our making.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::agent::PATIENCE;
use crate::authority::Authority;
use crate::program::Program;
use crate::scratch::{Folder, free_ports};

/// A running Kamailio; it ends with the test. It knows the users 1000, 1001 and 1002.
pub struct Kamailio {
    program: Option<Program>,
    defines: Vec<String>,
    folder: Folder,
    /// Signs its certificate, and those that it believes.
    pub authority: Authority,
    /// Where it takes SIP over UDP and TCP.
    pub sip: SocketAddr,
    /// Where it takes SIP over TLS.
    pub tls: SocketAddr,
}

impl Kamailio {
    /// Starts it and waits until it listens.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with some of what `kamailio.cfg` can be told: `NAME` or `NAME=value`.
    pub fn start_with(defines: &[&str]) -> Self {
        let authority = Authority::new();
        let own = authority.issue("kamailio");
        let files =
            [("CERTIFICATE", own.certificate), ("PRIVATE_KEY", own.key), ("AUTHORITY", authority.file())];
        let files = files.map(|(name, file)| format!("{name}=\"{file}\""));
        let port = free_ports(2);
        let mut kamailio = Self {
            program: None,
            defines: defines.iter().map(ToString::to_string).chain(files).collect(),
            folder: Folder::new("kamailio"),
            authority,
            sip: (Ipv4Addr::LOCALHOST, port).into(),
            tls: (Ipv4Addr::LOCALHOST, port + 1).into(),
        };
        kamailio.restart();
        kamailio
    }

    /// Ends it; what was registered is forgotten.
    pub fn stop(&mut self) {
        self.program = None;
    }

    /// Starts it again, where it was.
    pub fn restart(&mut self) {
        self.stop();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kamailio/kamailio.cfg");
        let mut command = Command::new("kamailio");
        command.arg("-f").arg(file).arg("-Y").arg(self.folder.path());
        command.args(["-DD", "-E", "-m", "16", "-M", "4", "--atexit=no"]);
        for listen in [format!("udp:{}", self.sip), format!("tcp:{}", self.sip), format!("tls:{}", self.tls)]
        {
            command.args(["-l", &listen]);
        }
        for define in &self.defines {
            command.args(["-A", define]);
        }
        self.program = Some(Program::start(command, "kamailio is ready"));
    }

    /// The password of a user.
    pub fn password(user: &str) -> String {
        format!("secret-of-{user}")
    }

    /// What is registered for a user: Kamailio's words for each contact, such as `Address`, `Expires`, `User-Agent`.
    pub fn contacts(&self, user: &str) -> Vec<Value> {
        let answer = self.ask("ul.lookup", &json!(["location", user]));
        let contacts = answer["result"]["Contacts"].as_array().cloned().unwrap_or_default();
        contacts.into_iter().map(|mut contact| contact["Contact"].take()).collect()
    }

    /// Its answer to a JSON-RPC.
    fn ask(&self, method: &str, parameters: &Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).to_string();
        let mut stream = TcpStream::connect(self.sip).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = self.sip;
        write!(
            stream,
            "POST /RPC HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not HTTP: {answer}"));
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
}

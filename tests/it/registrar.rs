//! A registrar over TCP that a test speaks for, and agents that register at it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use call_agent::sip::{Message, Name, Request, Writer};

use serde_json::Value;

use crate::agent::Agent;
use crate::client::Stream;
use crate::peer::Peer;
use crate::scratch::{Folder, free_ports};

/// What must not be seen anywhere.
pub const PASSWORD: &str = "hunter2-and-more";

/// Where agents register.
pub struct Registrar {
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Registrar {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// Waits until an agent connects.
    pub fn accept(&self) -> Peer {
        Peer::accept(&self.listener)
    }

    /// Answers every REGISTER, until the test ends.
    pub fn answer_all(self, answer: fn(&Request) -> Vec<u8>) {
        std::thread::spawn(move || {
            loop {
                let peer = Peer::accept(&self.listener);
                std::thread::spawn(move || answer_on(peer, answer));
            }
        });
    }
}

/// Answers every REGISTER that comes on a connection.
pub fn answer_on(mut peer: Peer, answer: fn(&Request) -> Vec<u8>) {
    while let Some(Message::Request(request)) = peer.next() {
        peer.send(answer(&request));
    }
}

/// An address that nobody listens on.
pub fn nobody() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_ports(1)).into()
}

/// The 200 to a REGISTER, with the bindings that it asks for.
pub fn registered(register: &Request) -> Vec<u8> {
    let contacts = register.headers.items(Name::Contact);
    let bound = contacts.filter(|contact| !contact.ends_with("expires=0"));
    let response = Writer::response(200, None).copied(&register.headers, None);
    bound.fold(response, |response, contact| response.header("Contact", contact.as_bytes())).finish().to_vec()
}

/// Whether a REGISTER asks for no binding.
pub fn is_unbinding(register: &Request) -> bool {
    register.headers.items(Name::Contact).all(|contact| contact.ends_with("expires=0"))
}

/// The account of an id at a registrar, as the file of settings has it.
pub fn account(id: &str, registrar: SocketAddr) -> String {
    format!(
        "[[account]]\nid = \"{id}\"\nuser = \"{id}\"\nregistrar = \"sip:{registrar};transport=tcp\"\npassword = \"{PASSWORD}\"\n"
    )
}

/// An agent with these accounts.
pub fn agent_with(accounts: &str) -> (Agent, Folder) {
    let folder = Folder::new("accounts");
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, accounts).unwrap();
    (Agent::start_with(&["--config", &file]), folder)
}

/// Waits until an account is in a state, and gives it.
pub fn becomes(events: &mut Stream, id: &str, state: &str) -> Value {
    loop {
        let event = events.next().expect("the stream goes on").data;
        let account = &event["data"]["account"];
        if event["subject"] == id && account["state"] == state {
            return account.clone();
        }
    }
}

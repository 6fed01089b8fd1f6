//! A SIP peer over TCP that does nothing by itself: it sends bytes and reads messages.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use call_agent::sip::{Framed, Framer, Limits, Message, Request, Response, Writer};

use rustls::{ClientConfig, ServerConfig};
use serde_json::json;

use crate::agent::{Agent, Events};
use crate::wire::Wire;

/// One connection between the peer and the agent.
pub struct Peer {
    wire: Wire,
    framer: Framer,
    /// The peer's address on it.
    pub address: SocketAddr,
}

impl Peer {
    /// Connects to the agent.
    pub fn connect(agent: &Agent) -> Self {
        Self::connect_to(agent.sip)
    }

    /// Connects to an address of the agent.
    pub fn connect_to(address: SocketAddr) -> Self {
        Self::over(Wire::plain(TcpStream::connect(address).unwrap()))
    }

    /// Connects to the agent with TLS.
    pub fn connect_secure(agent: &Agent, config: Arc<ClientConfig>) -> Self {
        Self::over(Wire::secure(TcpStream::connect(agent.sip).unwrap(), config))
    }

    /// Waits until the agent connects to the peer.
    pub fn accept(listener: &TcpListener) -> Self {
        Self::over(Wire::plain(listener.accept().unwrap().0))
    }

    /// The same with TLS.
    pub fn accept_secure(listener: &TcpListener, config: Arc<ServerConfig>) -> Self {
        Self::over(Wire::greeted(listener.accept().unwrap().0, config))
    }

    fn over(mut wire: Wire) -> Self {
        let address = wire.socket().local_addr().unwrap();
        Self { wire, framer: Framer::new(Limits::default()), address }
    }

    /// Sends bytes in one write.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// The same, if the agent takes them.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.wire.write_all(bytes.as_ref())
    }

    /// The socket, for what is no message.
    pub fn socket(&mut self) -> &mut TcpStream {
        self.wire.socket()
    }

    /// Waits for the next message; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Message> {
        match self.try_next() {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            next => next.expect("something comes"),
        }
    }

    /// The same, if the agent has not broken the connection off.
    pub fn try_next(&mut self) -> io::Result<Option<Message>> {
        loop {
            match self.framer.next() {
                Some(Framed::Message(message)) => return Ok(Some(message.expect("the agent writes well"))),
                Some(other) => panic!("the agent writes well: {other:?}"),
                None => {}
            }
            let mut chunk = [0; 4096];
            match self.wire.read(&mut chunk)? {
                0 => return Ok(None),
                count => self.framer.push(&chunk[..count]),
            }
        }
    }

    /// Waits for the next message, which must be a response.
    #[track_caller]
    pub fn response(&mut self) -> Response {
        match self.next() {
            Some(Message::Response(response)) => *response,
            other => panic!("not a response: {other:?}"),
        }
    }

    /// Waits for the next message, which must be a response with that status to a request of that method.
    #[track_caller]
    pub fn answer(&mut self, status: u16, method: &str) -> Response {
        let response = self.response();
        assert_eq!((response.status, response.cseq.method.as_str()), (status, method), "{response:?}");
        response
    }

    /// Waits for the next message, which must be a request of that method.
    #[track_caller]
    pub fn request(&mut self, method: &str) -> Request {
        match self.next() {
            Some(Message::Request(request)) if request.method.as_str() == method => *request,
            other => panic!("not {method}: {other:?}"),
        }
    }

    /// Sends an OPTIONS, whose answer must be the next message: nothing was sent before it, and the agent lives.
    #[track_caller]
    pub fn hears_nothing_but_options(&mut self) {
        let options = Caller::at(self.address);
        self.send(options.options());
        assert_eq!(self.answer(200, "OPTIONS").call_id, options.call_id.as_str());
    }

    /// Closes the connection and waits until the agent has, too.
    #[track_caller]
    pub fn leave(mut self) {
        self.socket().shutdown(Shutdown::Write).unwrap();
        self.is_closed();
    }

    /// Waits until the agent closes the connection; nothing may come before.
    #[track_caller]
    pub fn is_closed(&mut self) {
        if let Some(message) = self.next() {
            panic!("not the end: {message:?}");
        }
    }
}

/// What a session description of the flow offers.
pub const OFFER: &str = include_str!("../sipp/offer.sdp");

/// A call as its caller knows it, and its requests as text.
#[derive(Clone)]
pub struct Caller {
    /// What Via and Contact name.
    pub at: SocketAddr,
    pub call_id: String,
    pub tag: String,
    pub to_tag: Option<String>,
    pub cseq: u32,
    pub branch: String,
}

impl Caller {
    /// A new call; no other has its names.
    pub fn at(at: SocketAddr) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Self {
            at,
            call_id: format!("call-{number}@peer"),
            tag: format!("caller-{number}"),
            to_tag: None,
            cseq: 100,
            branch: format!("z9hG4bK-{number}"),
        }
    }

    /// The INVITE with the offer of the flow; the same text each time.
    pub fn invite(&self) -> String {
        self.request("INVITE", "Content-Type: application/sdp\r\n", OFFER)
    }

    /// An OPTIONS outside any dialog.
    pub fn options(&self) -> String {
        self.request("OPTIONS", "", "")
    }

    /// The CANCEL of the INVITE.
    pub fn cancel(&self) -> String {
        Self { to_tag: None, ..self.clone() }.request("CANCEL", "", "")
    }

    /// The ACK to a final response other than 2xx.
    pub fn ack_refusal(&self, refusal: &Response) -> String {
        let to_tag = refusal.to.tag().map(ToString::to_string);
        Self { to_tag, ..self.clone() }.request("ACK", "", "")
    }

    /// The ACK to a 2xx: a branch of its own.
    pub fn ack(&self) -> String {
        Self { branch: format!("{}-ack", self.branch), ..self.clone() }.request("ACK", "", "")
    }

    /// The next request of the dialog.
    pub fn next(&mut self, method: &str, headers: &str, body: &str) -> String {
        self.cseq += 1;
        self.branch = format!("{}.{}", self.branch, self.cseq);
        self.request(method, headers, body)
    }

    /// Takes the To tag of a response over.
    pub fn learn(&mut self, response: &Response) {
        self.to_tag = Some(response.to.tag().expect("a To tag").to_string());
    }

    /// A request with the call's current CSeq and branch; `headers` are whole lines.
    pub fn request(&self, method: &str, headers: &str, body: &str) -> String {
        let Self { at, call_id, tag, cseq, branch, .. } = self;
        let to_tag = self.to_tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        format!(
            "{method} sip:1000@10.0.0.1:10000;transport=tcp SIP/2.0\r\n\
             Via: SIP/2.0/TCP {at};branch={branch};rport\r\n\
             Max-Forwards: 70\r\n\
             From: \"Extension 1001\" <sip:1001@172.17.0.1>;tag={tag}\r\n\
             To: <sip:1000@10.0.0.1:10000;transport=tcp>{to_tag}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: <sip:mod_sofia@{at};transport=tcp>\r\n\
             {headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A response of the peer to a request of the agent.
pub fn respond(request: &Request, status: u16) -> Vec<u8> {
    Writer::response(status, None).copied(&request.headers, None).finish().to_vec()
}

/// The value of a header that must be there.
#[track_caller]
pub fn header(response: &Response, name: &str) -> String {
    response.headers.named(name).unwrap_or_else(|| panic!("no {name}: {response:?}")).text().to_string()
}

/// Has the peer call: the id of the call, offered and answered 100.
#[track_caller]
pub fn offered(events: &mut Events, peer: &mut Peer, caller: &Caller) -> String {
    peer.send(caller.invite());
    peer.answer(100, "INVITE");
    let call = events.next_of("call.offered");
    assert_eq!(call["sip"]["call_id"], caller.call_id);
    call["id"].as_str().unwrap().to_owned()
}

/// Has the peer call and the API answer: the id of the call, accepted; the ACK is the test's to send.
#[track_caller]
pub fn accepted(agent: &Agent, events: &mut Events, peer: &mut Peer, caller: &mut Caller) -> String {
    let id = offered(events, peer, caller);
    let (status, call) = agent.command(&id, "accept", json!({"wait": "sent"}));
    assert_eq!((status, &call["state"]), (200, &json!("accepted")), "{call}");
    caller.learn(&peer.answer(200, "INVITE"));
    id
}

/// The same, and established.
#[track_caller]
pub fn established(agent: &Agent, events: &mut Events, peer: &mut Peer, caller: &mut Caller) -> String {
    let id = accepted(agent, events, peer, caller);
    peer.send(caller.ack());
    assert_eq!(events.next_of("call.established")["id"], id);
    id
}

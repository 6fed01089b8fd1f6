//! Who answers the agent's calls, in text.

use super::harness::World;
use super::phone::ANSWER;
use crate::agent::command::{AccountAction, AccountCommand, Originate};
use crate::agent::settings::AccountSettings;
use crate::agent::{Command, Output, Settings, Ticket};
use crate::sip::digest::{Credentials, Password};
use crate::sip::{Request, Uri, Writer};

/// Whom the agent calls.
pub const CALLED: &str = "sip:1001@10.0.0.1:5060;transport=tcp";

/// A call to [`CALLED`] that wants nothing else.
pub fn order() -> Originate {
    Originate { to: CALLED.to_owned(), ..Originate::default() }
}

/// An account of pbx.example.com.
pub fn account(id: &str) -> AccountSettings {
    let uri = |text: &str| Uri::parse(text.into()).expect("a URI");
    AccountSettings {
        id: id.into(),
        registrar: uri("sip:pbx.example.com;transport=tcp"),
        user: id.to_owned(),
        domain: "pbx.example.com".to_owned(),
        credentials: Some(Credentials { username: id.into(), password: Password::new("s3cret") }),
        expires: std::time::Duration::from_secs(300),
        outbound_proxy: None,
    }
}

/// An agent with accounts that are not to be registered.
pub fn with_accounts(accounts: Vec<AccountSettings>) -> World {
    let ids: Vec<_> = accounts.iter().map(|account| account.id.to_string()).collect();
    let mut world = World::with(Settings { accounts, ..Settings::default() });
    for account in ids {
        let command = AccountCommand { account, action: AccountAction::Unregister };
        world.agent.handle_command(world.now, Command::Account(command), Ticket(0));
        assert!(matches!(world.agent.poll_output(), Some(Output::Answer(_, Ok(_)))));
    }
    world
}

/// One phone that an INVITE of the agent has come to.
#[derive(Clone)]
pub struct Callee {
    pub invite: Request,
    pub tag: String,
    /// In angle brackets.
    pub contact: String,
    /// Record-Route, whole lines.
    pub routes: String,
    pub cseq: u32,
}

impl Callee {
    pub fn of(invite: Request) -> Self {
        Self {
            invite,
            tag: "callee".to_owned(),
            contact: "<sip:1001@10.0.0.1:5060;transport=tcp>".to_owned(),
            routes: String::new(),
            cseq: 0,
        }
    }

    /// Another phone that the same INVITE has come to.
    pub fn fork(&self, tag: &str) -> Self {
        Self { tag: tag.to_owned(), ..self.clone() }
    }

    /// A response to the INVITE without a description.
    pub fn says(&self, status: u16) -> String {
        self.says_with(status, "", "")
    }

    /// The 200 with an answer.
    pub fn answers(&self) -> String {
        self.says_with(200, "", ANSWER)
    }

    pub fn says_with(&self, status: u16, headers: &str, body: &str) -> String {
        let tag = (status > 100).then_some(self.tag.as_str());
        let start = Writer::response(status, None).copied(&self.invite.headers, tag);
        let start = String::from_utf8(start.finish().to_vec()).expect("text");
        let start = start.strip_suffix("Content-Length: 0\r\n\r\n").expect("an end");
        let content = if body.is_empty() || headers.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let Self { contact, routes, .. } = self;
        format!(
            "{start}{routes}Contact: {contact}\r\n{headers}{content}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// A response to another request of the agent.
    pub fn responds(&self, request: &Request, status: u16) -> String {
        let response = Writer::response(status, None).copied(&request.headers, Some(&self.tag));
        String::from_utf8(response.finish().to_vec()).expect("text")
    }

    /// The next request of the dialog.
    pub fn asks(&mut self, method: &str, headers: &str, body: &str) -> String {
        self.cseq += 1;
        let Self { invite, tag, contact, cseq, .. } = self;
        let value = |name: &str| invite.headers.named(name).map(|header| header.text()).unwrap_or_default();
        let content = if body.is_empty() || headers.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let via = &invite.via.transport;
        format!(
            "{method} sip:call-agent@192.0.2.7 SIP/2.0\r\n\
             Via: SIP/2.0/{via} 10.0.0.1:5060;branch=z9hG4bK-{tag}-{cseq}-{method}\r\n\
             Max-Forwards: 70\r\n\
             From: {};tag={tag}\r\n\
             To: {}\r\n\
             Call-ID: {}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: {contact}\r\n\
             {headers}{content}Content-Length: {}\r\n\r\n{body}",
            value("To"),
            value("From"),
            value("Call-ID"),
            body.len()
        )
    }

    /// The ACK to the agent's 200 to a request of this phone.
    pub fn acknowledges(&mut self) -> String {
        self.cseq -= 1;
        self.asks("ACK", "", "")
    }
}

/// Places a call and makes the connection for it; the INVITE has come to the phone, the command is answered.
pub fn called_with(world: &mut World, order: Originate) -> Callee {
    let ticket = world.originate(order);
    world.done(ticket);
    world.reach();
    Callee::of(world.request())
}

/// The same for [`order`].
pub fn called(world: &mut World) -> Callee {
    called_with(world, order())
}

/// A phone that rings.
pub fn rings(world: &mut World) -> Callee {
    let callee = called(world);
    world.deliver(callee.says(180));
    assert_eq!(world.call().state.name(), "ringing");
    callee
}

/// A phone that has answered; what was sent and told on the way is forgotten.
pub fn connected(world: &mut World) -> Callee {
    let callee = called(world);
    world.deliver(callee.answers());
    assert_eq!(world.call().state.name(), "established");
    world.forget();
    callee
}

/// A phone that has answered so long ago that nothing is left of its INVITE.
pub fn long_connected(world: &mut World) -> Callee {
    let callee = connected(world);
    world.advance(std::time::Duration::from_secs(32));
    callee
}

/// Gives an unanswered call up.
pub fn cancel(world: &mut World) -> Ticket {
    world.ask(crate::agent::Action::Cancel(Default::default()))
}

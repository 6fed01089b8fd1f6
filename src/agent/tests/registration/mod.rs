//! Registrations, and a registrar for them.

mod bindings;
mod calling;
mod calls;
mod calls_out;
mod challenges;
mod commands;
mod connections;
mod drain;
mod failures;
mod keep_alive;
mod lives;
mod moves;
mod refresh;
mod registrar;
mod secrets;

use std::time::Duration;

use bytestring::ByteString;

use crate::agent::event::RegistrationState;
use crate::agent::{AccountSettings, Settings};
use crate::sip::Uri;
use crate::sip::digest::{Credentials, Password};
use registrar::Registrar;

const PASSWORD: &str = "s3cret-of-1000";

fn uri(text: &str) -> Uri {
    Uri::parse(ByteString::from(text)).expect("a URI")
}

/// The extension 1000 of a PBX, or another one.
fn account(user: &str) -> AccountSettings {
    let credentials = Credentials { username: user.into(), password: Password::new(PASSWORD) };
    AccountSettings {
        id: user.into(),
        registrar: uri("sip:pbx.example.com;transport=tcp"),
        user: user.to_owned(),
        domain: "example.com".to_owned(),
        credentials: Some(credentials),
        expires: Duration::from_secs(3600),
        outbound_proxy: None,
    }
}

fn settings(accounts: impl IntoIterator<Item = AccountSettings>) -> Settings {
    Settings { accounts: accounts.into_iter().collect(), ..Settings::default() }
}

/// The agent with one account, which has just been registered for an hour.
fn registered() -> Registrar {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.take();
    assert_eq!(registrar.state(), RegistrationState::Registered);
    registrar.told.clear();
    registrar
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

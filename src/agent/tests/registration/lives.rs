//! Random lives of registrations: whatever a registrar, the network and the clients do, every command is answered, a good
//! registrar is registered with in the end, and nothing is left.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::registrar::Registrar;
use super::{account, seconds, settings};
use crate::agent::command::AccountAction;
use crate::agent::event::RegistrationState;
use crate::sip::{Message, Request, Transport};

const LIVES: u64 = 400;
const STEPS: usize = 80;

struct Life {
    registrar: Registrar,
    chance: ChaCha8Rng,
    /// What was sent, the newest last.
    asked: Vec<Request>,
    commands: usize,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
        if chance.next_u32() % 3 == 0 {
            registrar.transport = Transport::Udp;
        }
        Self { registrar, chance, asked: Vec::new(), commands: 0 }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.chance.next_u32()).expect("a number") % bound
    }

    fn step(&mut self) {
        match self.below(14) {
            0..=3 => self.answer(),
            4..=6 => self.find_a_way(),
            7 => {
                let flow = self.registrar.flow.id;
                self.registrar.close(flow);
            }
            8 | 9 => {
                let account = ["1000", "1001"][self.below(2)];
                let action = [AccountAction::Register, AccountAction::Unregister][self.below(2)];
                self.registrar.command_to(account, action);
                self.commands += 1;
            }
            10 => self.registrar.pong(),
            11 => {
                let by = u64::try_from(self.below(4000)).expect("a number");
                self.registrar.advance(seconds(by));
            }
            _ => {
                let by = u64::try_from(self.below(20)).expect("a number");
                self.registrar.advance(seconds(by));
            }
        }
        self.listen();
        self.check();
    }

    fn listen(&mut self) {
        for carried in self.registrar.carried() {
            let Message::Request(request) = carried.message else { panic!("a request") };
            self.asked.push(*request);
        }
    }

    /// The newest REGISTER as a rule, or one that was answered or given up before.
    fn answer(&mut self) {
        let Some(newest) = self.asked.len().checked_sub(1) else { return };
        let place = if self.below(4) == 0 { self.below(newest + 1) } else { newest };
        let request = self.asked[place].clone();
        let challenge = |name: &str, nonce: usize, rest: &str| {
            format!("{name}: Digest realm=\"r{}\", nonce=\"n{nonce}\", qop=\"auth\"{rest}\r\n", nonce % 2)
        };
        let nonce = self.below(6);
        match self.below(10) {
            0..=2 => self.registrar.accept(&request, [0, 1, 40, 600, 3600][nonce % 5]),
            3 => self.registrar.respond(&request, 401, &challenge("WWW-Authenticate", nonce, "")),
            4 => self.registrar.respond(&request, 401, &challenge("WWW-Authenticate", nonce, ", stale=true")),
            5 => self.registrar.respond(&request, 407, &challenge("Proxy-Authenticate", nonce, "")),
            6 => self.registrar.respond(&request, 423, "Min-Expires: 7200\r\n"),
            7 => self.registrar.respond(&request, 503, "Retry-After: 7\r\n"),
            8 => self.registrar.respond(&request, 100, ""),
            _ => self.registrar.respond(&request, 403, ""),
        }
    }

    fn find_a_way(&mut self) {
        if self.registrar.sought.is_empty() {
            return;
        }
        match self.below(4) {
            0 => self.registrar.reach_in_vain("gone"),
            1 if self.registrar.is_open(self.registrar.flow.id) => {
                self.registrar.reach_by(self.registrar.flow, Vec::new());
            }
            _ => drop(self.registrar.reach()),
        }
    }

    /// What must be so at any time.
    fn check(&self) {
        let agent = &self.registrar.agent;
        for (account, link) in agent.accounts().zip(&agent.stack.accounts) {
            let is_registered = account.state == RegistrationState::Registered;
            assert_eq!(is_registered, link.flow.is_some(), "{account:?}");
            assert!(link.flow.is_none_or(|flow| agent.stack.flows.contains(&flow.id)), "{account:?}");
            assert!(!is_registered || account.contact.is_some(), "{account:?}");
            assert_eq!(account.contact.is_some(), account.expires_at.is_some(), "{account:?}");
            assert_eq!(
                account.state == RegistrationState::Failed,
                account.failure.is_some() && account.next_attempt_at.is_some(),
                "{account:?}"
            );
        }
    }

    /// From here on, for so many seconds, the network and the registrar are good.
    fn serve(&mut self, time: u64) {
        for _ in 0..time / 4 {
            while !self.registrar.is_quiet() {
                while !self.registrar.sought.is_empty() {
                    self.registrar.reach();
                }
                for carried in self.registrar.carried() {
                    let Message::Request(request) = carried.message else { panic!("a request") };
                    let expires = request.contact.as_ref().and_then(|contact| contact.expires());
                    self.registrar.accept(&request, expires.expect("a number"));
                }
            }
            self.registrar.advance(seconds(4));
        }
    }
}

#[test]
fn registrations_live_through_anything_and_leave_nothing() {
    let mut sent = 0;
    for seed in 0..LIVES {
        let mut life = Life::new(seed);
        for _ in 0..STEPS {
            life.step();
        }
        sent += life.asked.len();
        life.registrar.command_to("1000", AccountAction::Register);
        life.registrar.command_to("1001", AccountAction::Register);
        // The longest wait for another try, after a REGISTER that was left unanswered.
        life.serve(32 + 1800);
        let states: Vec<_> = life.registrar.agent.accounts().map(|account| account.state).collect();
        assert_eq!(states, [RegistrationState::Registered; 2], "seed {seed}");
        assert_eq!(life.registrar.answered(), life.commands + 2, "seed {seed}: each command is answered");
        life.registrar.shut_down();
        life.serve(40);
        assert!(life.registrar.agent.is_idle(), "seed {seed}");
        life.registrar.assert_empty();
    }
    assert!(sent > 5000, "the lives are lived: {sent}");
}

//! Who has come in, for as long as he may stay.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::time::sleep;

use super::token::Bearer;
use super::{Current, Digest, Scope, Scopes, key};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub name: Arc<str>,
    pub scopes: Scopes,
    pub proof: Proof,
}

/// What he was recognised by.
#[derive(Clone)]
pub(super) enum Proof {
    /// All is open.
    Nothing,
    /// A key.
    Key(Digest),
    /// A token, and when it is good no more.
    Token { token: Arc<[u8]>, until: SystemTime },
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(…)")
    }
}

impl Who {
    pub fn anybody() -> Self {
        Self { name: "anybody".into(), scopes: Scopes::all(), proof: Proof::Nothing }
    }

    pub fn by_token(bearer: Bearer, token: &[u8]) -> Self {
        let proof = Proof::Token { token: token.into(), until: bearer.until };
        Self { name: bearer.name, scopes: bearer.scopes, proof }
    }

    /// Whether he would come in again, for this.
    fn may_stay(&self, current: &Current, scope: Scope) -> bool {
        let scopes = match &self.proof {
            Proof::Nothing => return current.is_open,
            Proof::Key(digest) => key::find(&current.doors.keys, digest).map(|key| key.scopes),
            Proof::Token { token, .. } => {
                let verified = current.doors.tokens.as_ref().map(|tokens| tokens.verify(token));
                verified.and_then(Result::ok).map(|bearer| bearer.scopes)
            }
        };
        scopes.is_some_and(|scopes| scopes.allow(scope))
    }
}

/// Somebody has come in.
#[derive(Clone, Debug)]
pub struct Pass {
    who: Who,
    doors: watch::Receiver<Current>,
}

impl Pass {
    pub(super) fn new(who: Who, doors: watch::Receiver<Current>) -> Self {
        Self { who, doors }
    }

    /// The name of his key, or the `sub` of his token.
    pub fn name(&self) -> &str {
        &self.who.name
    }

    /// What tells him from all others that come in, on one line; `None`: all is open, and nobody is told apart.
    pub fn client(&self) -> Option<String> {
        let kind = match self.who.proof {
            Proof::Nothing => return None,
            Proof::Key(_) => "key",
            Proof::Token { .. } => "token",
        };
        Some(format!("{kind} {}", self.who.name))
    }

    /// Whether he may do this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.who.scopes.allow(scope)
    }

    /// Comes when he may do this no longer: the key is gone or has lost the scope, the token has expired or its signer is gone.
    pub async fn ends(mut self, scope: Scope) {
        while self.who.may_stay(&self.doors.borrow_and_update(), scope) {
            let until = match &self.who.proof {
                Proof::Token { until, .. } => until.duration_since(SystemTime::now()).ok(),
                _ => None,
            };
            let expires = async {
                match (&self.who.proof, until) {
                    (Proof::Token { .. }, left) => sleep(left.unwrap_or_default()).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = expires => return,
                changed = self.doors.changed() => if changed.is_err() {
                    // The service ends, and all its streams with it.
                    return std::future::pending().await;
                },
            }
        }
    }
}

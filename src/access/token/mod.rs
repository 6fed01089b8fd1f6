//! Tokens that somebody else gives out: JSON Web Tokens (RFC 7519), signed with a key of a file (RFC 7517).
//!
//! | claim | what it is for |
//! |---|---|
//! | `iss` `aud` | must be the issuer and the audience of the settings |
//! | `exp` | must be there; a stream of events ends then |
//! | `nbf` | not before then, if it is there |
//! | `sub` | must be there: who asks |
//! | `scope` | names of scopes between spaces (RFC 8693 §4.2); those of others are left out |
//!
//! A token does not choose how it is verified: the key does, and there is one algorithm for each kind of key.

mod jwks;
mod ring;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::Scopes;
pub use jwks::BadKeySet;
use jwks::Signer;

/// How far the clock of the issuer may be from ours.
const LEEWAY: Duration = Duration::from_secs(30);

/// The longest `sub`, bytes.
const LONGEST_NAME: usize = 256;

/// The tokens that are believed.
#[derive(Clone)]
pub struct Tokens {
    signers: Vec<Signer>,
    issuer: String,
    audience: String,
}

/// Who has shown a token.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Its `sub`.
    pub name: Arc<str>,
    /// What it allows.
    pub scopes: Scopes,
    /// When it is good no more, the leeway with it.
    pub until: SystemTime,
}

/// Why a token is not believed, without anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is none, its signature is not right, or it is signed with no key of ours or not as that key asks.
    #[error("the token is not signed with a key that is known here")]
    Signature,
    /// `exp` is over.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is to come.
    #[error("the token is not yet good")]
    Early,
    /// A claim is missing, or not as it must be.
    #[error("the token has a claim that is missing or not right: {0}")]
    Claim(&'static str),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    scope: String,
}

impl Tokens {
    /// Signed with a key of the set, for this audience by this issuer.
    pub fn read(key_set: &str, issuer: &str, audience: &str) -> Result<Self, BadKeySet> {
        // Another one was ours.
        let _ = ring::PROVIDER.install_default();
        Ok(Self { signers: jwks::read(key_set)?, issuer: issuer.to_owned(), audience: audience.to_owned() })
    }

    /// Whether this could be a token, and is worth verifying.
    pub fn is_like_one(shown: &[u8]) -> bool {
        shown.iter().filter(|byte| **byte == b'.').count() == 2
    }

    /// Who shows this token now.
    pub fn verify(&self, token: &[u8]) -> Result<Bearer, BadToken> {
        let header = decode_header(token).map_err(|_| BadToken::Signature)?;
        // RFC 7515 §4.1.11: what must be understood and is not.
        if header.crit.is_some() {
            return Err(BadToken::Signature);
        }
        let signer = self.signer(header.kid.as_deref(), header.alg).ok_or(BadToken::Signature)?;
        let mut asked = Validation::new(signer.algorithm);
        asked.leeway = LEEWAY.as_secs();
        asked.validate_nbf = true;
        asked.set_issuer(&[&self.issuer]);
        asked.set_audience(&[&self.audience]);
        asked.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims =
            decode::<Claims>(token, &signer.key, &asked).map_err(|error| fault(error.kind()))?.claims;
        if claims.sub.is_empty()
            || claims.sub.len() > LONGEST_NAME
            || claims.sub.chars().any(char::is_control)
        {
            return Err(BadToken::Claim("sub"));
        }
        let exp = Duration::try_from_secs_f64(claims.exp).map_err(|_| BadToken::Claim("exp"))?;
        let until = SystemTime::UNIX_EPOCH.checked_add(exp).and_then(|exp| exp.checked_add(LEEWAY));
        Ok(Bearer {
            name: claims.sub.into(),
            scopes: claims.scope.split(' ').filter_map(|name| name.parse().ok()).collect(),
            until: until.ok_or(BadToken::Claim("exp"))?,
        })
    }

    /// The key that the token names. Without a name it must be plain which is meant: trying them all would be work for nothing.
    fn signer(&self, id: Option<&str>, algorithm: jsonwebtoken::Algorithm) -> Option<&Signer> {
        let is_meant = |signer: &&Signer| {
            signer.algorithm == algorithm && id.is_none_or(|id| signer.id.as_deref() == Some(id))
        };
        let mut meant = self.signers.iter().filter(is_meant);
        let first = meant.next()?;
        meant.next().is_none().then_some(first)
    }
}

fn fault(kind: &ErrorKind) -> BadToken {
    match kind {
        ErrorKind::ExpiredSignature => BadToken::Expired,
        ErrorKind::ImmatureSignature => BadToken::Early,
        ErrorKind::InvalidIssuer => BadToken::Claim("iss"),
        ErrorKind::InvalidAudience => BadToken::Claim("aud"),
        ErrorKind::MissingRequiredClaim(name) | ErrorKind::InvalidClaimFormat(name) => {
            let known = ["exp", "nbf", "iss", "aud", "sub"].into_iter().find(|known| known == name);
            BadToken::Claim(known.unwrap_or("one"))
        }
        ErrorKind::Json(_) => BadToken::Claim("sub, exp or scope"),
        _ => BadToken::Signature,
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

//! The file of the keys that tokens are signed with (RFC 7517 §5).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// How many keys of a set are read.
const MOST: usize = 100;

/// A key that tokens may be signed with.
#[derive(Clone)]
pub(super) struct Signer {
    pub id: Option<String>,
    /// The one algorithm that it is for, whatever a token says of itself.
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// Why a set of keys is of no use.
#[derive(Debug, thiserror::Error)]
pub enum BadKeySet {
    /// It is none.
    #[error("not a JWK set: {0}")]
    Json(String),
    /// It has more keys than are read.
    #[error("more than {MOST} keys")]
    TooMany,
    /// It has what is not for us to have.
    #[error("key {0} is a private or a symmetric one: only public keys belong here")]
    Private(usize),
    /// It has nothing that we can use.
    #[error("no key for RS256, ES256 or EdDSA (Ed25519) in it")]
    Nothing,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Reads a set; what is for other algorithms is left out.
pub(super) fn read(text: &str) -> Result<Vec<Signer>, BadKeySet> {
    let set: Set = serde_json::from_str(text).map_err(|error| BadKeySet::Json(error.to_string()))?;
    if set.keys.len() > MOST {
        return Err(BadKeySet::TooMany);
    }
    // RFC 7518 §6: what only private and symmetric keys have.
    let is_private = |key: &Value| ["d", "k"].iter().any(|member| key.get(member).is_some());
    if let Some(place) = set.keys.iter().position(is_private) {
        return Err(BadKeySet::Private(place));
    }
    let signers: Vec<_> = set.keys.into_iter().filter_map(signer).collect();
    if signers.is_empty() { Err(BadKeySet::Nothing) } else { Ok(signers) }
}

fn signer(key: Value) -> Option<Signer> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    let (algorithm, named) = match &key.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(point) if point.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let is_for_this = key.common.key_algorithm.is_none_or(|asked| asked == named);
    let is_for_signing = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    if !is_for_this || !is_for_signing {
        return None;
    }
    Some(Signer { id: key.common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(&key).ok()? })
}

//! Maps for what peers name: hashed with keys from the core's seed, so that a run can be repeated and no peer can choose
//! names that collide.

#![expect(clippy::disallowed_types, reason = "this is where they get their keys")]

use std::collections::{HashMap, HashSet};

/// How names are hashed.
pub type Hashing = ahash::RandomState;
/// A map by names.
pub type Map<K, V> = HashMap<K, V, Hashing>;
/// A set of names.
pub type Set<K> = HashSet<K, Hashing>;

//! What a client may change of a call without SIP: its labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refusal;

/// A merge patch (RFC 7396) of what a client may change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Labels {
    /// Names with their new values; null removes a name, and null in place of all removes all. At most 64 labels; a name of
    /// 1–64 and a value of up to 256 characters.
    #[schema(examples(json!({"ticket": "4711", "stale": null})))]
    pub labels: Option<BTreeMap<String, Option<String>>>,
}

impl Default for Labels {
    /// A patch that changes nothing.
    fn default() -> Self {
        Self { labels: Some(BTreeMap::new()) }
    }
}

/// How many labels a call may have, and how long a name and a value may be, in characters.
const MAX_LABELS: usize = 64;
const MAX_LABEL_NAME: usize = 64;
const MAX_LABEL_VALUE: usize = 256;

impl Labels {
    /// The labels that a call has after the patch.
    pub fn merge(&self, before: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
        let invalid = |fault: String| Refusal::InvalidField { field: "labels", fault };
        let Some(patch) = &self.labels else { return Ok(BTreeMap::new()) };
        let mut labels = before.clone();
        for (name, value) in patch {
            if name.is_empty() || name.chars().count() > MAX_LABEL_NAME {
                return Err(invalid(format!("a name has 1–{MAX_LABEL_NAME} characters")));
            }
            match value {
                None => labels.remove(name),
                Some(value) if value.chars().count() > MAX_LABEL_VALUE => {
                    return Err(invalid(format!("a value has at most {MAX_LABEL_VALUE} characters")));
                }
                Some(value) => labels.insert(name.clone(), value.clone()),
            };
        }
        if labels.len() > MAX_LABELS {
            return Err(invalid(format!("a call has at most {MAX_LABELS} labels")));
        }
        Ok(labels)
    }
}

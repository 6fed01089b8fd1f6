//! The last resort: whom the peer was heard from, where it cannot be reached by what it has named.

use super::{Asking, Means};
use crate::agent::stack::Stack;

impl Means<'_> {
    fn again(&mut self) -> Means<'_> {
        Means { credentials: self.credentials, authorizations: self.authorizations, fill: self.fill }
    }
}

impl Asking {
    /// Sends it there, once; whether there is such a way.
    pub(super) fn resort(&mut self, stack: &mut Stack, means: &mut Means<'_>) -> bool {
        let heard = self.heard.take().filter(|flow| stack.flows.contains(&flow.id));
        if let Some(flow) = heard {
            self.has_resorted = true;
            self.send(stack, flow, means.again());
        }
        heard.is_some()
    }

    /// Whether that was done.
    pub fn has_resorted(&self) -> bool {
        self.has_resorted
    }
}

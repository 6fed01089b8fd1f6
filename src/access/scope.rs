//! What a key may be used for.

use std::fmt;
use std::str::FromStr;

/// One thing that a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To read calls, records, timelines and accounts.
    CallsRead,
    /// To do something with a call that there is.
    CallsControl,
    /// To place calls.
    CallsOriginate,
    /// To follow events.
    EventsRead,
    /// Everything, also what no other scope allows: commands to accounts, webhooks.
    Admin,
}

/// Not the name of a scope.
#[derive(Debug, thiserror::Error)]
#[error("one of calls:read, calls:control, calls:originate, events:read, admin")]
pub struct BadScope;

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 5] =
        [Self::CallsRead, Self::CallsControl, Self::CallsOriginate, Self::EventsRead, Self::Admin];

    /// Its name in settings, tokens and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallsRead => "calls:read",
            Self::CallsControl => "calls:control",
            Self::CallsOriginate => "calls:originate",
            Self::EventsRead => "events:read",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(name: &str) -> Result<Self, BadScope> {
        Self::ALL.into_iter().find(|scope| scope.name() == name).ok_or(BadScope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a key may be used for, all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Everything.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether this is allowed: by its own scope, or by `admin`, which includes all.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & (bit(scope) | bit(Scope::Admin)) != 0
    }

    /// Whether nothing is allowed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |all, scope| all | bit(scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_by_its_name() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse::<Scope>().unwrap(), scope);
        }
        assert!("calls:*".parse::<Scope>().is_err());
    }

    #[test]
    fn each_scope_allows_itself_alone_and_admin_allows_all() {
        for scope in Scope::ALL {
            let scopes = Scopes::from_iter([scope]);
            for other in Scope::ALL {
                assert_eq!(scopes.allow(other), other == scope || scope == Scope::Admin, "{scope} {other}");
            }
        }
        assert!(
            Scopes::default().is_empty() && Scope::ALL.iter().all(|scope| !Scopes::default().allow(*scope))
        );
        assert!(Scopes::all().allow(Scope::CallsOriginate));
    }
}

//! Which names a host's name may stand for: it alone, or below the domains that the system searches.

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::rr::Name;

/// What the system searches.
#[derive(Clone, Debug)]
pub(super) struct Search {
    domains: Vec<Name>,
    /// A name with as many dots is looked up as it is before it is searched for.
    dots: usize,
}

impl Search {
    pub(super) fn of(config: &ResolverConfig, options: &ResolverOpts) -> Self {
        let domains = config.domain.iter().chain(&config.search).cloned().collect();
        Self { domains, dots: options.ndots }
    }

    /// In the order in which they are looked up, each once.
    pub(super) fn names(&self, mut name: Name) -> Vec<Name> {
        if name.is_fqdn() {
            return vec![name];
        }
        let below = |domain: &Name| name.clone().append_domain(domain).ok();
        let mut names: Vec<_> = self.domains.iter().filter_map(below).collect();
        let goes_first = usize::from(name.num_labels()) > self.dots;
        name.set_fqdn(true);
        names.insert(if goes_first { 0 } else { names.len() }, name);
        let mut seen = Vec::new();
        names.retain(|name| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name::from_ascii(name).unwrap()
    }

    #[test]
    fn a_name_without_dots_is_searched_for_first_and_one_with_dots_last() {
        let search = Search { domains: vec![name("a.test."), name("b.test."), name("a.test.")], dots: 1 };
        let names =
            |host| search.names(name(host)).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(names("pbx"), "pbx.a.test. pbx.b.test. pbx.");
        assert_eq!(names("pbx.c"), "pbx.c. pbx.c.a.test. pbx.c.b.test.");
        assert_eq!(names("pbx."), "pbx.");
    }
}

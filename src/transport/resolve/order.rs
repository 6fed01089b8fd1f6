//! In which order the servers of a service are tried (RFC 2782).

/// A server that an SRV record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// The lower goes first.
    pub(super) priority: u16,
    /// Among those of one priority, how often it goes before the others.
    pub(super) weight: u16,
    pub(super) host: String,
    pub(super) port: u16,
}

/// By priority, and among equals by lot: `draw` gives a number from 0 to the one it is given, each as likely as the others.
pub(super) fn ordered(mut servers: Vec<Server>, mut draw: impl FnMut(u32) -> u32) -> Vec<Server> {
    // Those of no weight stand first, so that they are hardly ever drawn before the others.
    servers.sort_by_key(|server| (server.priority, server.weight != 0));
    let mut ordered = Vec::with_capacity(servers.len());
    while let Some(first) = servers.first() {
        let priority = first.priority;
        let equals = || servers.iter().take_while(|server| server.priority == priority);
        let drawn = draw(equals().map(|server| u32::from(server.weight)).sum());
        let mut sum = 0;
        let place = equals().position(|server| {
            sum += u32::from(server.weight);
            sum >= drawn
        });
        ordered.push(servers.remove(place.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(all: &[(u16, u16, &str)]) -> Vec<Server> {
        let server = |&(priority, weight, host): &(u16, u16, &str)| Server {
            priority,
            weight,
            host: host.to_owned(),
            port: 5060,
        };
        all.iter().map(server).collect()
    }

    fn hosts(ordered: Vec<Server>) -> String {
        ordered.into_iter().map(|server| server.host).collect()
    }

    #[test]
    fn the_lower_priority_goes_first_whatever_the_weights() {
        let all = servers(&[(20, 100, "c"), (10, 0, "b"), (0, 1, "a"), (30, 0, "d")]);
        for draw in [|_| 0, |most| most] {
            assert_eq!(hosts(ordered(all.clone(), draw)), "abcd");
        }
    }

    #[test]
    fn among_equals_the_lot_decides_by_weight() {
        let all = servers(&[(1, 10, "a"), (1, 30, "b"), (1, 0, "z")]);
        assert_eq!(hosts(ordered(all.clone(), |_| 0)), "zab");
        assert_eq!(hosts(ordered(all.clone(), |most| most.min(1))), "abz");
        assert_eq!(hosts(ordered(all.clone(), |most| most.min(11))), "baz");
        assert_eq!(hosts(ordered(all, |most| most)), "baz");
    }

    #[test]
    fn of_the_lots_as_many_fall_on_each_as_its_weight_says() {
        let all = servers(&[(1, 1, "a"), (1, 3, "b")]);
        let firsts: String = (1..=4).map(|lot| hosts(ordered(all.clone(), |_| lot)).remove(0)).collect();
        assert_eq!(firsts, "abbb");
    }
}

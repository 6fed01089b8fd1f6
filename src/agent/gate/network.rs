//! Networks, and the peers that limits are for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: an address and how many of its bits count (RFC 4632 §3.1, RFC 4291 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The bits that do not count are 0; IPv4 is never mapped into IPv6.
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether an address is in it. An IPv4 address that is mapped into IPv6 counts as the IPv4 address.
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(_), address @ IpAddr::V4(_)) | (IpAddr::V6(_), address @ IpAddr::V6(_)) => {
                cut(address, self.prefix) == self.address
            }
            _ => false,
        }
    }
}

/// The address with none but its first bits.
fn cut(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(u32::BITS - u32::from(prefix)).unwrap_or_default();
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u128::BITS - u32::from(prefix)).unwrap_or_default();
            IpAddr::V6((u128::from(address) & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = &'static str;

    /// An address, or `ADDRESS/PREFIX` with nothing set behind the prefix.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr =
            address.parse().map_err(|_| "an IP address, as in 192.0.2.0/24 or 2001:db8::/32")?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match prefix {
            None => bits,
            Some(prefix) => {
                prefix.parse().map_err(|_| "the prefix is a number of bits, as in 192.0.2.0/24")?
            }
        };
        if prefix > bits {
            return Err("the prefix has more bits than the address");
        }
        if cut(address, prefix) != address {
            return Err("the address has bits behind the prefix");
        }
        Ok(match address {
            IpAddr::V6(mapped) if mapped.to_ipv4_mapped().is_some() && prefix >= 96 => {
                Self { address: address.to_canonical(), prefix: prefix - 96 }
            }
            address => Self { address, prefix },
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// How much of an IPv6 address is one peer's: a host chooses the rest as it likes (RFC 4291 §2.5.1).
const PEER_PREFIX: u8 = 64;

/// Whom limits are for: an IPv4 address, or the 64 bits of an IPv6 address that name its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Peer(IpAddr);

impl Peer {
    /// Whose address that is.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address @ IpAddr::V4(_) => Self(address),
            address @ IpAddr::V6(_) => Self(cut(address, PEER_PREFIX)),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{PEER_PREFIX}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("::/0", "2001:db8::1", "203.0.113.1"),
        ] {
            assert!(network(text).has(ip(inside)), "{text} {inside}");
            assert!(!network(text).has(ip(outside)), "{text} {outside}");
        }
    }

    #[test]
    fn ipv4_that_is_mapped_into_ipv6_is_ipv4_on_either_side() {
        assert!(network("10.0.0.0/8").has(ip("::ffff:10.0.0.1")));
        assert!(network("::ffff:10.0.0.0/104").has(ip("10.0.0.1")));
        assert_eq!(network("::ffff:10.0.0.0/104").to_string(), "10.0.0.0/8");
        assert_eq!(Peer::of(ip("::ffff:10.0.0.1")), Peer::of(ip("10.0.0.1")));
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_reason() {
        for text in [
            "",
            "10.0.0",
            "pbx.example.com",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.1/8",
            "10.0.0.0/-1",
        ] {
            text.parse::<Network>().unwrap_err();
        }
    }

    #[test]
    fn a_peer_is_an_ipv4_address_or_a_network_of_ipv6() {
        assert_ne!(Peer::of(ip("10.0.0.1")), Peer::of(ip("10.0.0.2")));
        assert_eq!(Peer::of(ip("2001:db8::1")), Peer::of(ip("2001:db8::ffff:ffff:ffff:ffff")));
        assert_ne!(Peer::of(ip("2001:db8::1")), Peer::of(ip("2001:db8:0:1::1")));
        assert_eq!(Peer::of(ip("2001:db8::1")).to_string(), "2001:db8::/64");
    }
}

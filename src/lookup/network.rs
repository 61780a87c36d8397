//! Lists of networks, searched in order; the first entry that matches decides.
//!
//! # Source
//! daemon.md 6.3, "IP lookup".

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An ordered list of networks, each with its verdict.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NetworkList {
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    network: Network,
    /// The verdict of a match: false for entries with an odd number of `!`.
    verdict: bool,
}

/// A network: an address and the number of leading bits that count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Network {
    V4(u32, u32),
    V6(u128, u32),
}

impl NetworkList {
    /// Reads a list of entries: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.1`, `[::1]`, `fe80::/10`, each with any number of `!`.
    ///
    /// # Errors
    /// The entry that is none of these.
    pub fn parse<'e>(entries: impl IntoIterator<Item = &'e str>) -> Result<Self, String> {
        let mut list = Self::default();
        for text in entries {
            let bare = text.trim_start_matches('!');
            let negations = text.len() - bare.len();
            let network = Network::parse(bare.trim()).ok_or_else(|| text.to_owned())?;
            list.entries.push(Entry {
                network,
                verdict: negations % 2 == 0,
            });
        }
        Ok(list)
    }

    /// The verdict on an address; `None` if no entry matches. IPv4-mapped addresses count as IPv4.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<bool> {
        let address = address.to_canonical();
        self.entries
            .iter()
            .find(|entry| entry.network.holds(address))
            .map(|entry| entry.verdict)
    }

    /// True if the list says yes.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.find(address).unwrap_or(false)
    }

    /// True if the list has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (host, mask) = match text.split_once('/') {
            None => (text, None),
            Some((host, mask)) => (host, Some(mask)),
        };
        let host = host
            .strip_prefix('[')
            .map_or(Some(host), |rest| rest.strip_suffix(']'))?;
        if host.contains(':') {
            let host = host.strip_prefix("IPv6:").unwrap_or(host);
            let address: Ipv6Addr = host.split('%').next()?.parse().ok()?;
            let bits = mask.map_or(Some(128), |mask| {
                mask.parse().ok().filter(|&bits| bits <= 128)
            })?;
            return Some(match address.to_ipv4_mapped() {
                Some(v4) if bits >= 96 => Self::v4(v4, bits - 96),
                _ => Self::V6(u128::from(address) & mask128(bits), bits),
            });
        }
        let (address, default_bits) = short_v4(host)?;
        let bits = match mask {
            None => default_bits,
            Some(mask) if mask.contains('.') => contiguous(mask.parse().ok()?)?,
            Some(mask) => mask.parse().ok().filter(|&bits| bits <= 32)?,
        };
        Some(Self::v4(address, bits))
    }

    fn v4(address: Ipv4Addr, bits: u32) -> Self {
        Self::V4(u32::from(address) & mask32(bits), bits)
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4(network, bits), IpAddr::V4(address)) => {
                u32::from(address) & mask32(bits) == network
            }
            (Self::V6(network, bits), IpAddr::V6(address)) => {
                u128::from(address) & mask128(bits) == network
            }
            // `::/0` means everybody.
            (Self::V6(_, bits), IpAddr::V4(_)) => bits == 0,
            (Self::V4(..), IpAddr::V6(_)) => false,
        }
    }
}

/// `10`, `10.1`, `10.1.2` stand for the networks of 8, 16, 24 bits.
fn short_v4(text: &str) -> Option<(Ipv4Addr, u32)> {
    let mut octets = [0_u8; 4];
    let mut count = 0;
    for part in text.trim_end_matches('.').split('.') {
        *octets.get_mut(count)? = part.parse().ok().filter(|_| !part.starts_with('+'))?;
        count += 1;
    }
    Some((Ipv4Addr::from(octets), u32::try_from(count).ok()? * 8))
}

fn contiguous(mask: Ipv4Addr) -> Option<u32> {
    let bits = u32::from(mask).leading_ones();
    (u32::from(mask) == mask32(bits)).then_some(bits)
}

fn mask32(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0)
}

fn mask128(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_decides() {
        let list = NetworkList::parse([
            "!10.1.2.3",
            "10.0.0.0/8",
            "!0.0.0.0/0",
            "[fe80::]/10",
            "!!192.0.2",
        ])
        .unwrap();
        for (address, want) in [
            ("10.1.2.3", Some(false)),
            ("10.9.9.9", Some(true)),
            ("192.0.2.1", Some(false)),
            ("fe80::1", Some(true)),
            ("2001:db8::1", None),
            ("::ffff:10.0.0.1", Some(true)),
        ] {
            assert_eq!(list.find(address.parse().unwrap()), want, "{address}");
        }
    }

    #[test]
    fn all_documented_forms_are_read() {
        for (entry, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("[::1]", "::1", "::2"),
            ("10.1", "10.1.255.1", "10.2.0.1"),
            ("10.0.0.0/255.255.0.0", "10.0.9.1", "10.1.0.1"),
            ("0/0", "1.2.3.4", "::1"),
            ("2001:db8::/32", "2001:db8:1::", "2001:db9::"),
            ("[::ffff:192.0.2.0]/120", "192.0.2.9", "192.0.3.1"),
        ] {
            let list = NetworkList::parse([entry]).unwrap();
            assert!(list.contains(inside.parse().unwrap()), "{entry} {inside}");
            assert!(
                !list.contains(outside.parse().unwrap()),
                "{entry} {outside}"
            );
        }
        let everybody = NetworkList::parse(["::/0"]).unwrap();
        assert!(
            everybody.contains("1.2.3.4".parse().unwrap())
                && everybody.contains("::1".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_network_is_named() {
        for bad in [
            "",
            "x",
            "1.2.3.4.5",
            "256.1.1.1",
            "10.0.0.0/33",
            "10.0.0.0/255.0.255.0",
            "::1/129",
            "[::1",
            "1..2",
        ] {
            assert_eq!(NetworkList::parse([bad]).unwrap_err(), bad);
        }
    }
}

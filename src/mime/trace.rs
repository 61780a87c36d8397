//! What the header section tells about the way a message came.

use std::net::IpAddr;

use super::field;
use crate::mail::header;

/// Facts from the header section, for the log and for loops.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// Message-ID, without brackets.
    pub message_id: Option<String>,
    /// Resent-Message-ID, without brackets.
    pub resent_message_id: Option<String>,
    /// Number of Received fields.
    pub hops: usize,
    /// The oldest public address of a client in the Received fields.
    oldest_public: Option<IpAddr>,
}

/// Most Received fields that are looked into.
const MOST: usize = 100;

impl Trace {
    /// Reads the header section at the head of `message`.
    #[must_use]
    pub fn read(message: &[u8]) -> Self {
        let mut trace = Self::default();
        let mut received = Vec::new();
        let set = |id: &mut Option<String>, value: &[u8]| {
            if id.is_none() {
                *id = field::message_id(value);
            }
        };
        for field in header::fields(message) {
            if field.is(b"Received") {
                received.push(field.value);
            } else if field.is(b"Message-ID") {
                set(&mut trace.message_id, field.value);
            } else if field.is(b"Resent-Message-ID") {
                set(&mut trace.resent_message_id, field.value);
            }
        }
        trace.hops = received.len();
        // The oldest one is at the bottom, and mostly the one that is looked for.
        let addresses = received
            .iter()
            .rev()
            .take(MOST)
            .filter_map(|value| field::received_from(value));
        trace.oldest_public = addresses.into_iter().find(|address| is_public(*address));
        trace
    }

    /// The oldest public address on the way, the client of the MTA included.
    #[must_use]
    pub fn oldest_public(&self, client: Option<IpAddr>) -> Option<IpAddr> {
        self.oldest_public
            .or_else(|| client.filter(|address| is_public(*address)))
    }
}

/// True for addresses that are routed on the internet; documentation networks count.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            let head = v6.segments().first().copied().unwrap_or_default();
            let is_local = head & 0xFE00 == 0xFC00 || head & 0xFFC0 == 0xFE80;
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || is_local)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_of_a_message_is_read() {
        let message = b"Received: from a (a [10.0.0.1]) by b; Mon, 2 Jun 2024 01:02:03 +0000\r\n\
            Received: from c (c [192.0.2.9]) by a; Mon, 2 Jun 2024 01:02:03 +0000\r\n\
            Received: from d (d [192.0.2.10])\r\n by c; Mon, 2 Jun 2024 01:02:03 +0000\r\n\
            Message-ID: <m1@x>\r\nMessage-ID: <m2@x>\r\n\r\nReceived: from body\r\n";
        let trace = Trace::read(message);
        assert_eq!((trace.hops, trace.message_id.as_deref()), (3, Some("m1@x")));
        assert_eq!(
            trace.oldest_public(None),
            Some("192.0.2.10".parse().unwrap())
        );
        let none = Trace::default();
        assert_eq!(none.oldest_public(Some("127.0.0.1".parse().unwrap())), None);
        assert_eq!(
            none.oldest_public(Some("192.0.2.1".parse().unwrap())),
            Some("192.0.2.1".parse().unwrap())
        );
        for local in ["fe80::1", "fd00::1", "::1", "169.254.0.1", "172.16.0.1"] {
            assert!(!is_public(local.parse().unwrap()), "{local}");
        }
    }
}
